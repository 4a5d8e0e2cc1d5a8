# SPDX-License-Identifier: GPL-3.0-or-later
"""How well two surfaces fit for each of many rotations of the parameter sphere, all at once."""

from __future__ import annotations

import numpy as np

from ..harmonics.correlation import correlation_grid, highest_peaks, rotation_matrix
from ..mesh import FloatArray

_DEGREE = 6
"""The highest degree that the search looks at: peaks are wider than its grid is coarse."""
_NEWTON_STEPS = 12


def promising_turns(moving: FloatArray, target: FloatArray, *, pose: bool, count: int) -> FloatArray:
    """(n, 3, 3) rotations of the parameter sphere, n ≤ count, at the highest peaks of the agreement, best first.

    moving, target: (3, L+1, L+1) coefficients of the positions. The agreement is their correlation, ∫ target · (R
    moving); with `pose` it is the largest that a rotation in space can make of it, for each R.
    """
    values = correlation_grid(target, moving, lmax=_DEGREE)
    agreement = best_traces(values) if pose else np.einsum("kkabc->abc", values)
    return np.stack([rotation_matrix(*angles) for angles in highest_peaks(agreement, count)[0]])


def best_traces(matrices: FloatArray) -> FloatArray:
    """(…) the largest trace of Qᵀ C over all rotations Q, for matrices C (3, 3, …).

    It is the largest root of the characteristic polynomial of Horn's quaternion matrix, found by Newton's method from
    above (Theobald 2005).
    """
    gram = np.einsum("ki...,kj...->ij...", matrices, matrices)
    first = np.einsum("ii...->...", gram)
    second = 0.5 * (first**2 - np.einsum("ij...,ij...->...", gram, gram))
    determinant = np.einsum("i...,i...->...", matrices[0], np.cross(matrices[1], matrices[2], axis=0))
    c2, c1, c0 = -2.0 * first, -8.0 * determinant, first**2 - 4.0 * second
    root = np.sqrt(3.0 * first)
    for _ in range(_NEWTON_STEPS):
        value, slope = ((root**2 + c2) * root + c1) * root + c0, (4.0 * root**2 + 2.0 * c2) * root + c1
        root = root - np.divide(value, slope, out=np.zeros_like(root), where=slope > 0.0)
    return root
