# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker process inside a Blender without a window, for repair steps that Blender does.

blender -b --factory-startup --python blender_worker.py -- FOLDER       or, with the bpy module, python … -- FOLDER
"""

from __future__ import annotations

import os
import sys

import bpy  # noqa: F401  (where Blender is a module, this starts it, and `bmesh` is there)

if __name__ == "__main__":
    sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)  # Blender's own Python may not look at it
    from core.worker import main

    status = main(sys.argv[sys.argv.index("--") + 1 :])
    if status:
        sys.exit(status)
