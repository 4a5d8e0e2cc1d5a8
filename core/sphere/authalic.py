# SPDX-License-Identifier: GPL-3.0-or-later
"""Area-preserving maps: what a relaxation of single vertices leaves uneven over wide regions is moved as a whole."""

from __future__ import annotations

import numpy as np

from ..geometry.measure import vertex_areas
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from .balanced import morton_order, sorted_faces
from .distortion import mean_area_distortion
from .embedding import relax_map
from .rings import build_rings
from .transport import equalising_rotations, neighbour_averages, turned_without_flips

THETA = 10.0
SWEEPS = 3
ROUNDING = 1e-12
DEGREES = (8, 16, 32)
"""Harmonics of the density that is spread evenly, coarse to fine."""
ROUNDS = 20
"""At most so many moves for each of these degrees."""
LEAST_GAIN = 0.004
"""A round has to lower the mean distortion by this much, or finer harmonics are next."""


def equalise_area(mesh: Mesh, sphere: FloatArray, progress: Progress = silent) -> FloatArray:
    """(V, 3) unit vectors: a map without flips, as area-preserving as it gets from the map `sphere` (V, 3).

    mesh: closed, oriented, genus 0, of about unit size around 0. sphere: a map of it without flips.

    In turn, vertices move along the gradient that spreads the surface's area evenly (`transport`), and are relaxed
    one by one with an energy that weighs area far above angles (`energy`). Neither can flip a triangle.
    """
    order = morton_order(mesh.vertices)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    local = Mesh(mesh.vertices[order], sorted_faces(rank[mesh.faces]))
    return _equalised(local, np.ascontiguousarray(sphere[order]), progress)[rank]


def _equalised(mesh: Mesh, sphere: FloatArray, progress: Progress) -> FloatArray:
    rings = build_rings(mesh.faces, mesh.n_vertices)
    averages = neighbour_averages(mesh.faces, mesh.n_vertices)
    mass = vertex_areas(mesh)
    mass *= 4.0 * np.pi / mass.sum()
    best, step = mean_area_distortion(mesh, sphere), 1.0
    for number, degree in enumerate(DEGREES):
        for round_ in range(ROUNDS):
            progress((number + round_ / ROUNDS) / len(DEGREES), "Evening out areas")
            rotations = equalising_rotations(sphere, mass, degree)
            moved, possible = turned_without_flips(sphere, mesh.faces, averages, rotations, step)
            moved = relax_map(mesh.vertices, rings, moved, THETA, ROUNDING, SWEEPS)
            distortion, last = mean_area_distortion(mesh, moved), best
            step = min(1.0, max(2.0 * possible, 0.1))
            if distortion < best:
                best, sphere = distortion, moved
            if distortion > last - LEAST_GAIN:
                break
    return sphere
