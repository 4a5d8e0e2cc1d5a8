# SPDX-License-Identifier: GPL-3.0-or-later
"""Orientation and area of triangles on the unit sphere."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray, IntArray


def orientation(sphere: FloatArray, faces: IntArray) -> FloatArray:
    """(F,) determinant of the corner unit vectors: positive when the spherical triangle is outward."""
    a, b, c = (sphere[faces[:, k]] for k in range(3))
    return np.asarray(np.einsum("ij,ij->i", a, np.cross(b - a, c - a)))


def spherical_areas(sphere: FloatArray, faces: IntArray) -> FloatArray:
    """(F,) signed solid angle of each triangle (Van Oosterom and Strackee 1983); sums to 4π for a map."""
    a, b, c = (sphere[faces[:, k]] for k in range(3))
    cosines = sum(np.einsum("ij,ij->i", p, q) for p, q in ((a, b), (b, c), (c, a)))
    return np.asarray(2.0 * np.arctan2(orientation(sphere, faces), 1.0 + cosines))
