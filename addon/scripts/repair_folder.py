# SPDX-License-Identifier: GPL-3.0-or-later
"""A background script: repair every mesh file of a folder.

    blender -b --python repair_folder.py -- FOLDER [OUTPUT_FOLDER] [RECIPE]

RECIPE is clean, cad, genus0, the name of a recipe of your own, or a file with one (default: cad). The results and a
report (report.json) go into OUTPUT_FOLDER (default: FOLDER/repaired). The exit status is 0 when all files were
repaired, else 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy


def repair_folder(folder: Path, output: Path, recipe: str) -> int:
    """Repair the files of `folder`; gives how many could not be repaired."""
    try:
        bpy.ops.spherical_cow.repair_folder(directory=str(folder), output=str(output), recipe=recipe)
    except RuntimeError as error:  # what an operator reports as an error
        print(error, file=sys.stderr)
    report = output / "report.json"
    lines = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    for name, line in lines.items():
        print(f"{name}: {line.get('found') if 'error' in line else ', '.join(line['done']) or 'nothing to repair'}")
    return sum("error" in line for line in lines.values()) if lines else 1


if __name__ == "__main__":
    words = sys.argv[sys.argv.index("--") + 1 :]
    source = Path(words[0]).resolve()
    target = Path(words[1]).resolve() if len(words) > 1 else source / "repaired"
    sys.exit(1 if repair_folder(source, target, words[2] if len(words) > 2 else "cad") else 0)
