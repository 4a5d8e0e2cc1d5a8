# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that works on one mesh after the other: `python -m …batch.process`.

Tasks come as JSON lines on standard input, answers go as JSON lines to standard output; the first line says that it is
ready. It ends when its standard input closes, even in the middle of a task: then whoever asked is gone.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO

from ..errors import SphericalCowError

IDLE_SECONDS = 60.0
"""Without a task for so long, the process ends: nobody pays for memory that is not used."""


def main() -> int:
    """Serve until there is nothing more to do. Returns the exit status."""
    answers = _private_output()
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(tasks,), daemon=True).start()
    from .perform import perform  # all that is slow to import

    _say(answers, {"ready": True})
    while True:
        try:
            message = json.loads(tasks.get(timeout=IDLE_SECONDS))
        except queue.Empty:
            return 0
        try:
            answer = {"ok": True, "facts": perform(message)}
        except SphericalCowError as error:
            answer = {"ok": False, "error": error.to_dict()}
        except MemoryError:
            lack = SphericalCowError("There is not enough memory for this mesh.", "Use fewer jobs or a lower degree.")
            answer = {"ok": False, "error": lack.to_dict()}
        except Exception as error:  # whatever one mesh does, the others must not pay for it
            answer = {"ok": False, "error": _unexpected(error).to_dict()}
        _say(answers, answer)


def _unexpected(error: Exception) -> SphericalCowError:
    import traceback

    traceback.print_exc()  # for whoever looks for the fault
    words = str(error).strip().splitlines()
    return SphericalCowError(
        f"An unexpected error: {type(error).__name__}{': ' + words[0] if words else ''}.",
        "This should not happen: please report it with the mesh.",
    )


def _private_output() -> TextIO:
    """Standard output for us alone: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, data: dict[str, Any]) -> None:
    answers.write(json.dumps(data) + "\n")
    answers.flush()


def _read_lines(tasks: queue.SimpleQueue[bytes]) -> None:
    pending = b""
    while data := os.read(0, 1 << 16):  # not sys.stdin: its lock would be held when the interpreter ends
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            tasks.put(line)
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
