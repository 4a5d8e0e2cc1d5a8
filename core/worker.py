# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that does the heavy work for Blender: `python -m core.worker FOLDER`.

The folder holds `request.json` (`task`, `parameters`) and `request.npz` (arrays). Progress goes to standard
output, one JSON object a line. The result is written as `result.npz`, then `result.json`, which is
`{"ok": true, "data": …}` or `{"ok": false, "error": …}`; both end with exit status 0. Any other status, or no
`result.json`, means that the process crashed. Nothing is pickled. With SPHERICAL_COW_PARENT=stdin in the
environment the process ends when its standard input closes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from .errors import Cancelled, SphericalCowError
from .networks.runtime import is_out_of_memory, too_little_memory
from .progress import Progress

REPORT_INTERVAL = 0.05


def reporter() -> Progress:
    """A `Progress` that prints JSON lines, at most one every 0.05 s unless the phase changes.

    A closed pipe means that the parent is gone: the work is then cancelled.
    """
    last: dict[str, Any] = {"time": 0.0, "phase": ""}

    def report(fraction: float, phase: str) -> None:
        now = time.monotonic()
        if phase == last["phase"] and now - last["time"] < REPORT_INTERVAL:
            return
        last.update(time=now, phase=phase)
        try:
            print(json.dumps({"progress": round(fraction, 4), "phase": phase}), flush=True)
        except (BrokenPipeError, ValueError) as error:
            raise Cancelled() from error

    return report


def serve(folder: Path) -> dict[str, Any]:
    """Run the request in `folder`, write `result.npz`, and give the data of `result.json`."""
    progress = reporter()
    progress(0.0, "Starting")
    try:
        from .tasks import run_task

        request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
        with np.load(folder / "request.npz", allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        outcome = run_task(request["task"], arrays, request.get("parameters", {}), progress)
    except SphericalCowError as error:
        return {"ok": False, "error": error.to_dict()}
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return {"ok": False, "error": too_little_memory().to_dict()}
    except MemoryError:
        lack = SphericalCowError("There is not enough memory for this.", "Use a lower degree or a smaller mesh.")
        return {"ok": False, "error": lack.to_dict()}
    np.savez(folder / "result.npz", **outcome.arrays)
    return {"ok": True, "data": outcome.data}


def _end_with_parent() -> None:
    """Standard input is a pipe that the parent holds: when it closes, the parent is gone, and so are we."""
    while os.read(0, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
        pass
    os._exit(3)


def main(arguments: list[str] | None = None) -> int:
    """Entry point. Returns the exit status: 0 with a result or a typed error, 2 for wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m core.worker FOLDER", file=sys.stderr)
        return 2
    if os.environ.get("SPHERICAL_COW_PARENT") == "stdin":
        threading.Thread(target=_end_with_parent, daemon=True).start()
    folder = Path(arguments[0])
    partial = folder / "result.json.part"
    partial.write_text(json.dumps(serve(folder)), encoding="utf-8")
    partial.replace(folder / "result.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
