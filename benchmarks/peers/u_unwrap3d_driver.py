# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="import-not-found, import-untyped"
"""u-unwrap3d: its direct conformal map, then its flow that relaxes areas. `python u_unwrap3d_driver.py IN.npz OUT.npz`.

In: vertices (V, 3), faces (F, 3), repeats. Out: sphere (V, 3) unit vectors, seconds, cpu_seconds, version. The flow
does not stop by itself: the last step before the mean distortion first rises is taken, and only steps up to it are
timed.
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version

import numpy as np
import trimesh
from numpy.typing import NDArray
from unwrap3D.Mesh import meshtools

STEPS = 100
ENOUGH_SECONDS = 10.0
"""After this long, a measurement is not repeated any more."""


def mapped(mesh: trimesh.Trimesh, steps: int) -> tuple[list[NDArray[np.float64]], list[float]]:
    """The steps (list of (V, 3)) and the area distortion at each."""
    sphere = np.asarray(meshtools.direct_spherical_conformal_map(mesh.vertices.copy(), mesh.faces.copy()))
    start = trimesh.Trimesh(sphere, mesh.faces, process=False)
    places, _, distortion = meshtools.area_distortion_flow_relax_sphere(
        start, mesh, max_iter=steps, delta=0.1, stepsize=1.0
    )
    return places, [float(np.nanmean(np.maximum(d, 1.0 / np.maximum(d, 1e-300)))) for d in distortion]


def main() -> None:
    """Find the number of steps, then time the map with that many."""
    with np.load(sys.argv[1], allow_pickle=False) as archive:
        vertices, faces, repeats = archive["vertices"], archive["faces"], int(archive["repeats"])
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    _, distortion = mapped(mesh, STEPS)
    rising = np.flatnonzero(np.diff(distortion) > 0)
    steps = int(rising[0]) + 1 if len(rising) else len(distortion)
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        places, _ = mapped(mesh, steps)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if sum(walls) > ENOUGH_SECONDS:
            break
    sphere = np.asarray(places[-1])
    sphere = sphere / np.linalg.norm(sphere, axis=1, keepdims=True)
    np.savez(sys.argv[2], sphere=sphere, seconds=min(walls), cpu_seconds=min(cpus), version=version("u-unwrap3d"))


if __name__ == "__main__":
    main()
