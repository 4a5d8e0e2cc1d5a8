# SPDX-License-Identifier: GPL-3.0-or-later
"""A background script: encode every mesh of a file, and write its coefficients.

    blender -b FILE.blend --python encode_all.py -- OUTPUT_FOLDER [DEGREE]

Each mesh object becomes OUTPUT_FOLDER/NAME.harmonics.npz; what cannot be encoded is named, with the reason.
The exit status is the number of those. Copy this file and change it: every button of the panel is an operator
under `bpy.ops.spherical_cow`, which waits for its result when it is called from a script.
"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy


def encode_all(folder: Path, lmax: int) -> int:
    """Encode the mesh objects of the open file; gives how many could not be encoded."""
    folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    for obj in [obj for obj in bpy.context.view_layer.objects if obj.type == "MESH"]:
        bpy.context.view_layer.objects.active = obj
        try:
            bpy.ops.spherical_cow.encode(lmax=lmax, use_modifiers=True)
            bpy.ops.spherical_cow.save_shape(filepath=str(folder / f"{obj.name}.harmonics.npz"))
        except RuntimeError as error:  # what an operator reports as an error
            print(f"{obj.name}: {error}", file=sys.stderr)
            failures += 1
        else:
            print(f"{obj.name}: mean error {obj.data.spherical_cow.fit_error:.3%}")
    return failures


if __name__ == "__main__":
    words = sys.argv[sys.argv.index("--") + 1 :]
    sys.exit(encode_all(Path(words[0]), int(words[1]) if len(words) > 1 else 64))
