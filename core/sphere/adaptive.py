# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangulations of the sphere whose vertices follow a density: sampling, then Lloyd steps."""

from __future__ import annotations

import ducc0
import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..geometry.spherical import orientation
from ..harmonics.container import Harmonics
from ..harmonics.transforms import gauss_legendre_grid, synthesize_grid
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, silent
from .delaunay import delaunay, flip_to_delaunay, neighbours

LLOYD_STEPS = 12
OVERSHOOT = 1.3
"""Each Lloyd step goes this much beyond the centroid, which settles sooner."""
FLOOR = 0.05
"""The density is kept above this share of its mean: a band-limited one may ring below zero."""
SMALLEST, LARGEST = 4, 5_000_000
GRID_DEGREE = 128
SCATTER_FROM = 128
"""With fewer vertices than this the start is an even spiral instead of random samples."""


def adaptive_sphere(density: Harmonics, n_vertices: int, *, seed: int = 0, progress: Progress = silent) -> Mesh:
    """A closed triangulation of the unit sphere with vertices distributed by `density`.

    density: one channel, positive where vertices should be (any scale). n_vertices: 4 to 5,000,000.
    Inverse-CDF samples, their Delaunay triangulation, and Lloyd steps towards a centroidal Voronoi
    tessellation (Du, Faber, Gunzburger 1999) with weight density², whose cells then follow the density;
    edges are flipped on the way. The same seed gives the same mesh.

    Raises `InvalidParameter` for a number out of range, several channels, or a density without mass.
    """
    if not SMALLEST <= n_vertices <= LARGEST:
        raise InvalidParameter(
            f"A mesh of {n_vertices} vertices is out of range.",
            f"Give a number from {SMALLEST} to {LARGEST}.",
        )
    if len(density.channels) != 1:
        raise InvalidParameter("A density is one channel.", "Select the channel vertex_density.")
    grid, colatitudes = _density_grid(density)
    progress(0.0, "Placing vertices")
    points = _start(grid, n_vertices, seed)
    triangles = delaunay(points)
    across = neighbours(triangles)
    weights = grid**2
    for step in range(LLOYD_STEPS):
        progress(0.3 + 0.7 * step / LLOYD_STEPS, "Spacing vertices")
        target = _centroids(points, triangles, weights, colatitudes)
        points = _moved(points, target, triangles)
        flip_to_delaunay(points, triangles, across)
    return Mesh(points, triangles)


def _density_grid(density: Harmonics) -> tuple[FloatArray, FloatArray]:
    """Density (T, P) on a Gauss–Legendre grid, clamped to be positive, and its colatitudes (T,)."""
    degree = max(GRID_DEGREE, density.lmax)
    grid = synthesize_grid(density, degree)[0]
    weights = np.asarray(ducc0.misc.GL_weights(degree + 1, 1))
    mean = float(weights @ grid.mean(axis=1) / weights.sum())
    if not mean > 0.0:
        raise InvalidParameter("The vertex density is not positive.", "Encode the mesh again.")
    return np.maximum(grid, FLOOR * mean) / mean, gauss_legendre_grid(degree)[0]


def _start(grid: FloatArray, count: int, seed: int) -> FloatArray:
    """(count, 3) unit vectors: stratified samples of the density, or an even spiral when there are few."""
    if count < SCATTER_FROM:
        return _spiral(count)
    rows, columns = grid.shape
    weights = np.asarray(ducc0.misc.GL_weights(rows, 1))
    random = np.random.default_rng(seed)
    cumulative = np.cumsum((grid * weights[:, None]).ravel())
    picks = (np.arange(count) + random.random(count)) / count * cumulative[-1]
    cell = np.minimum(np.searchsorted(cumulative, picks), grid.size - 1)
    row, column = cell // columns, cell % columns
    # rows of a Gauss–Legendre grid are bands of height proportional to their weight
    edges = 1.0 - 2.0 * np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    z = edges[row] + random.random(count) * (edges[row + 1] - edges[row])
    longitude = (column + random.random(count) - 0.5) * 2.0 * np.pi / columns
    radius = np.sqrt(np.maximum(1.0 - z * z, 0.0))
    return np.stack([radius * np.cos(longitude), radius * np.sin(longitude), z], axis=1)


def _spiral(count: int) -> FloatArray:
    """(count, 3) evenly spread unit vectors on a Fibonacci spiral."""
    index = np.arange(count) + 0.5
    z, longitude = 1.0 - 2.0 * index / count, np.pi * (1.0 + np.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(longitude), radius * np.sin(longitude), z], axis=1)


def _moved(points: FloatArray, target: FloatArray, triangles: IntArray) -> FloatArray:
    """Points moved towards and beyond their targets, less far where a triangle would turn over."""
    step = np.full(len(points), OVERSHOOT)
    while True:
        moved = points + step[:, None] * (target - points)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        turned = triangles[~(orientation(moved, triangles) > 0)]
        if not len(turned):
            return moved
        step[turned.ravel()] = np.where(step[turned.ravel()] > 0.05, 0.5 * step[turned.ravel()], 0.0)
        if not step.any():
            return points


@njit(cache=True)
def _density_at(x: float, y: float, z: float, grid: NDArray[np.float64], colatitudes: NDArray[np.float64]) -> float:
    """Bilinear interpolation of the grid in the direction (x, y, z), of any length."""
    rows, columns = grid.shape
    colatitude = np.arctan2(np.sqrt(x * x + y * y), z)
    # Gauss–Legendre colatitudes are almost evenly spaced
    i = min(max(int(colatitude / np.pi * rows - 0.5), 0), rows - 2)
    while i > 0 and colatitudes[i] > colatitude:
        i -= 1
    while i < rows - 2 and colatitudes[i + 1] < colatitude:
        i += 1
    s = min(max((colatitude - colatitudes[i]) / (colatitudes[i + 1] - colatitudes[i]), 0.0), 1.0)
    place = np.arctan2(y, x) / (2.0 * np.pi) * columns
    if place < 0.0:
        place += columns
    j = int(place)
    t = place - j
    j, k = j % columns, (j + 1) % columns
    upper, lower = grid[i, j] * (1 - t) + grid[i, k] * t, grid[i + 1, j] * (1 - t) + grid[i + 1, k] * t
    return float(upper * (1 - s) + lower * s)


@njit(cache=True)
def _centroids(
    points: NDArray[np.float64], triangles: NDArray[np.int64], weights: NDArray[np.float64],
    colatitudes: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """(N, 3) weighted centroids of the Voronoi cells, projected to the sphere.

    A cell is made of the pieces (vertex, middle of an edge, circumcentre) of the triangles around its vertex.
    """
    count = len(points)
    at_vertex = np.empty(count)
    for i in range(count):
        at_vertex[i] = _density_at(points[i, 0], points[i, 1], points[i, 2], weights, colatitudes)
    total = np.zeros((count, 3))
    for f in range(len(triangles)):
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ux, uy, uz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
        vx, vy, vz = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1], points[k, 2] - points[i, 2]
        cx, cy, cz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = np.sqrt(cx * cx + cy * cy + cz * cz) + 1e-300
        cx, cy, cz = cx / length, cy / length, cz / length
        centre = _density_at(cx, cy, cz, weights, colatitudes)
        for e in range(3):
            a, b = triangles[f, e], triangles[f, (e + 1) % 3]
            ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
            bx, by, bz = points[b, 0], points[b, 1], points[b, 2]
            mx, my, mz = ax + bx, ay + by, az + bz
            length = np.sqrt(mx * mx + my * my + mz * mz)
            mx, my, mz = mx / length, my / length, mz / length
            piece = ax * (my * cz - mz * cy) + ay * (mz * cx - mx * cz) + az * (mx * cy - my * cx)
            for v in (a, b):
                mass = piece * (2.0 * at_vertex[v] + centre)
                total[v, 0] += mass * (points[v, 0] + mx + cx)
                total[v, 1] += mass * (points[v, 1] + my + cy)
                total[v, 2] += mass * (points[v, 2] + mz + cz)
    for i in range(count):
        length = np.sqrt(total[i, 0] ** 2 + total[i, 1] ** 2 + total[i, 2] ** 2)
        for axis in range(3):
            total[i, axis] = total[i, axis] / length if length > 0.0 else points[i, axis]
    return total
