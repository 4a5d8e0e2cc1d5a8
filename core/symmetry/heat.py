# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a surface is not symmetric: the error at each vertex."""

from __future__ import annotations

import numpy as np

from ..geometry.distance import SurfaceTree
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from .elements import Axis, Element

_MOST_ROTATIONS = 12


def symmetry_error(mesh: Mesh, element: Element, *, progress: Progress = silent) -> FloatArray:
    """(V,) how far the image of each vertex is from the surface, as a part of the bounding-box diagonal.

    For an axis the root mean square over its rotations, of a continuous one over eleven of them. 0 where the shape
    is symmetric. Raises `InvalidMesh` for an unusable mesh.
    """
    tree = SurfaceTree(mesh)
    if not isinstance(element, Axis):
        progress(0.0, "Measuring at the vertices")
        return np.asarray(tree.nearest(element.reflect(mesh.vertices))[0] / mesh.diagonal)
    turns = _MOST_ROTATIONS if element.is_continuous else element.order
    square = np.zeros(mesh.n_vertices)
    for k in range(1, turns):
        progress((k - 1) / turns, "Measuring at the vertices")
        square += np.square(tree.nearest(element.turn(mesh.vertices, 2.0 * np.pi * k / turns))[0])
    return np.asarray(np.sqrt(square / (turns - 1)) / mesh.diagonal)
