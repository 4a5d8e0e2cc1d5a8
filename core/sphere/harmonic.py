# SPDX-License-Identifier: GPL-3.0-or-later
"""Discretely harmonic maps to the sphere, which are as conformal as the triangles allow (Gu and Yau 2004)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..geometry.measure import vertex_areas
from ..mesh import FloatArray, IntArray, Mesh
from .factor import MeshOrder
from .moebius import moebius_centre

STEPS = 40
SETTLED = 1e-7
"""The map is harmonic when a step moves no vertex further than this."""
SMALLEST = 1e-12
"""Vertices are taken to have at least this part of the mean mass, so that systems can be solved."""
POSITIVE = 0.05
"""Least weight of an edge where the cotangents led to flips."""


def harmonic_map(
    laplacian: sparse.csr_matrix, order: MeshOrder, sphere: FloatArray, faces: IntArray, weights: FloatArray
) -> FloatArray:
    """(V, 3) unit vectors near the map `sphere` (V, 3) that have no tangential force L s, centred for `weights` (V,).

    laplacian: (V, V) positive semi-definite. The Dirichlet energy falls along (L + 2 D)⁻¹ L s, D the lumped masses on
    the sphere: on a round sphere that is a third of the error left after each step, on any mesh, with one
    factorisation. Its six directions without force are the Möbius maps, which centring fixes (but for rotations, along
    which nothing moves). May have flips. Raises `MapFailed` for a Laplacian that is singular to rounding.
    """
    mass = floored(vertex_areas(Mesh(sphere, faces)))
    factor = order.factor(laplacian + 2.0 * sparse.diags(mass))
    for _ in range(STEPS):
        moved = sphere - factor.solve(tangential(laplacian @ sphere, sphere))
        moved = moebius_centre(moved / np.linalg.norm(moved, axis=1, keepdims=True), weights)
        change = np.abs(moved - sphere).max()
        sphere = moved
        if not change > SETTLED:
            break
    return sphere


def tangential(vectors: FloatArray, sphere: FloatArray) -> FloatArray:
    """(V, 3) the vectors without their part along the unit vectors `sphere` (V, 3)."""
    return np.asarray(vectors - np.einsum("ij,ij->i", vectors, sphere)[:, None] * sphere)


def floored(mass: FloatArray) -> FloatArray:
    """The masses (V,), none smaller than `SMALLEST` times their mean."""
    return np.maximum(mass, SMALLEST * mass.mean())


def positive_near(laplacian: sparse.csr_matrix, near: NDArray[np.bool_]) -> sparse.csr_matrix:
    """The Laplacian with weights of at least `POSITIVE` on the edges that end in one of the vertices `near` (V,) bool.

    With positive weights each vertex lies within its neighbours, as in Tutte's embedding, and flips are rare.
    """
    matrix = laplacian.tocoo()
    off = matrix.row != matrix.col
    row, column, weight = matrix.row[off], matrix.col[off], -matrix.data[off]
    weight = np.where(near[row] | near[column], np.maximum(weight, POSITIVE), weight)
    adjacency = sparse.csr_matrix((weight, (row, column)), shape=matrix.shape)
    return sparse.csr_matrix(sparse.diags(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency)
