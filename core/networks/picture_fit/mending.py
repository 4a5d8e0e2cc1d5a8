# SPDX-License-Identifier: GPL-3.0-or-later
"""Take out the places where a surface passes through itself."""

from __future__ import annotations

import numpy as np

from ...mesh import FloatArray, IntArray, Mesh
from ...sphere.transport import neighbour_averages
from ...topology.intersections import intersecting_faces

_ROUNDS = 12
_SMOOTHINGS = 6


def without_crossings(vertices: FloatArray, faces: IntArray) -> tuple[FloatArray, int]:
    """(vertices (V, 3), the number of faces that still meet others): places that pass through themselves are smoothed.

    What is smoothed grows round by round, as little as is needed; what is symmetric stays so. The best round is the
    result, the vertices as they are where none is better.
    """
    average = neighbour_averages(faces, len(vertices))
    found = intersecting_faces(Mesh(vertices, faces))
    best, fewest = vertices, len(found)
    now = vertices
    for turn in range(_ROUNDS):
        if not len(found):
            break
        near = np.zeros(len(now))
        near[faces[found].ravel()] = 1.0
        for _ in range(1 + turn // 2):
            near = np.asarray(near + average @ near)
        loose = near > 0.0
        now = now.copy()
        for _ in range(_SMOOTHINGS):
            now[loose] = (average @ now)[loose]
        found = intersecting_faces(Mesh(now, faces))
        if len(found) < fewest:
            best, fewest = now, len(found)
    return best, fewest
