# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker in a Python of the user's choice; with `facts` it says what that Python has instead.

    python network_worker.py FOLDER
    python network_worker.py facts LIBRARY…

The facts are lines of JSON: {"trying": LIBRARY} before each, and {"facts": …} at the end.

SPHERICAL_COW_LIBRARIES is a JSON object, library → folder: where this Python lacks one of these it takes it from there,
and nothing else.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


class Lacking(importlib.abc.MetaPathFinder):
    """Finds some libraries in other folders, after this Python has not found them in its own."""

    def __init__(self, folders: dict[str, str]) -> None:
        self.folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The library of that name, if it is one of these; what is inside of it is then found as usual."""
        folder = self.folders.get(name) if path is None else None
        return importlib.machinery.PathFinder.find_spec(name, [folder]) if folder else None


def facts(names: Sequence[str]) -> dict[str, Any]:
    """The version of each library ("" where it has none), what fails on import, and the devices."""
    versions: dict[str, str] = {}
    missing: list[str] = []
    failing: dict[str, str] = {}
    for name in names:
        print("\n" + json.dumps({"trying": name}), flush=True)
        if importlib.util.find_spec(name) is None:
            missing.append(name)
            continue
        try:
            versions[name] = str(getattr(importlib.import_module(name), "__version__", ""))
        except BaseException as error:  # a library for another system can fail in any way
            failing[name] = f"{type(error).__name__}: {error}"[:300]
    return {"libraries": versions, "missing": missing, "failing": failing, "devices": _devices(versions)}


def _devices(versions: dict[str, str]) -> list[tuple[str, str]]:
    """(name, what it is) of each device, the fastest first."""
    if "torch" not in versions:
        return []
    import torch

    found: list[tuple[str, str]] = []
    try:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        found += [("cuda", torch.cuda.get_device_name(number)) for number in range(count)]
        if torch.backends.mps.is_available():
            found.append(("mps", "Apple chip"))
    except Exception as error:  # a driver that is broken
        print(error, file=sys.stderr)
    return [*found, ("cpu", "Processor")]


def main(words: list[str]) -> int:
    """Give the facts, or do the work of a folder."""
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.meta_path.append(Lacking(json.loads(os.environ.get("SPHERICAL_COW_LIBRARIES", "{}"))))
    if words[0] == "facts":
        told = facts(words[1:])
        print("\n" + json.dumps({"facts": told}), flush=True)
        return 0
    from core.worker import main as work

    return work(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
