# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="import-not-found, import-untyped"
"""aicsshparam: one radius for each direction, from voxels. `python aicsshparam_driver.py IN.npz OUT.npz`.

In: volume (Z, Y, X), origin (3,), spacing, lmax, repeats. Out: vertices (N, 3) and rebuilt_faces (M, 3) of the rebuilt
surface, seconds, cpu_seconds, version. Making the voxels is not counted.
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version

import numpy as np
from aicsshparam import shparam, shtools
from vtk.util.numpy_support import vtk_to_numpy

ENOUGH_SECONDS = 10.0
"""After this long, a measurement is not repeated any more."""


def main() -> None:
    """Fit and rebuild; the shortest time counts."""
    with np.load(sys.argv[1], allow_pickle=False) as archive:
        volume, origin, spacing = archive["volume"], archive["origin"], float(archive["spacing"])
        lmax, repeats = int(archive["lmax"]), int(archive["repeats"])
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        (_, grid), (_, _, _, transform) = shparam.get_shcoeffs(volume, lmax=lmax, sigma=0, alignment_2d=False)
        surface = shtools.get_reconstruction_from_grid(grid, centroid=transform)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if sum(walls) > ENOUGH_SECONDS:
            break
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    triangles = vtk_to_numpy(surface.GetPolys().GetData()).reshape(-1, 4)[:, 1:]
    np.savez(
        sys.argv[2],
        vertices=origin + spacing * points,
        rebuilt_faces=triangles.astype(np.int64),
        seconds=min(walls),
        cpu_seconds=min(cpus),
        version=version("aicsshparam"),
    )


if __name__ == "__main__":
    main()
