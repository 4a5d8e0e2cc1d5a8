# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="import-not-found, import-untyped"
"""flowshape: its conformal map, then its fit of positions. `python flowshape_driver.py IN.npz OUT.npz`.

In: vertices (V, 3), faces (F, 3), edges (E, 2), lmax, repeats. Out: vertices (V + E, 3) of the rebuilt surface, those
in the middle of the edges last; seconds, cpu_seconds, version.
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version

import flowshape
import numpy as np

ENOUGH_SECONDS = 10.0
"""After this long, a measurement is not repeated any more."""


def main() -> None:
    """Map, fit, evaluate; the shortest time counts."""
    with np.load(sys.argv[1], allow_pickle=False) as archive:
        vertices, faces, edges = archive["vertices"], archive["faces"], archive["edges"]
        lmax, repeats = int(archive["lmax"]), int(archive["repeats"])
    corners = vertices[faces]
    doubled = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    scale = np.sqrt(0.5 * doubled.sum() / (4.0 * np.pi))
    centre = (corners.mean(axis=1) * doubled[:, None]).sum(axis=0) / doubled.sum()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        unit = (vertices - centre) / scale
        sphere = flowshape.sphere_map(unit.copy(), faces)
        weights, _ = flowshape.IRF_vector(unit.copy(), sphere, faces, max_degree=lmax + 1)  # exclusive
        middle = sphere[edges[:, 0]] + sphere[edges[:, 1]]
        directions = np.concatenate([sphere, middle / np.linalg.norm(middle, axis=1, keepdims=True)])
        blocks = [
            flowshape.get_Y_mat(directions[start : start + 10_000], max_degree=lmax + 1) @ weights
            for start in range(0, len(directions), 10_000)
        ]
        rebuilt = np.concatenate(blocks) * scale + centre
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if sum(walls) > ENOUGH_SECONDS:
            break
    np.savez(sys.argv[2], vertices=rebuilt, seconds=min(walls), cpu_seconds=min(cpus), version=version("flowshape"))


if __name__ == "__main__":
    main()
