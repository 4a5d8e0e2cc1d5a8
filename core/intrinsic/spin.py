# SPDX-License-Identifier: GPL-3.0-or-later
"""From the sphere towards a surface of given curvature, by small spin transformations.

A spin transformation (Crane, Pinkall, Schröder 2011) turns and stretches each piece of a surface by a
quaternion λ, df → λ̄ df λ, keeping angles. It changes the mean curvature half-density H |df| by ρ |df| when
λ solves the Dirac equation (D − ρ) λ = 0. One large step fails on coarse meshes, where λ turns far from one
vertex to the next; many small steps, each towards what is still missing, follow limbs out of the sphere.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import SuperLU, splu

from ..geometry.laplacian import cotangent_laplacian, cotangents
from ..geometry.measure import area, directed_edges, face_cross, vertex_areas
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress
from .features import Features

LARGEST_CHANGE = 0.2
"""The half-density's change times √area around a vertex in one step: an angle, so λ stays nearly linear."""
SETTLING = 0.2
"""Steps after the last, in parts of the steps, that take up what is left."""
LENGTH_SHARE = 0.1
"""How much of the way each step also goes to the wanted edge lengths, at the end of the path."""
POWER_ITERATIONS = 3
LOST = 2.0
"""The path ends when it is this many times worse than it has been at its best."""


def spin_flow(features: Features, steps: int, progress: Progress) -> FloatArray:
    """(V, 3) a surface of area 1 near `features`, the best on a path of `steps` from the round sphere."""
    poisson = _Poisson(features)
    smoothing = _smoothing(features)
    surface = Mesh(features.sphere / np.sqrt(4.0 * np.pi), features.faces)
    start = features.density_of(surface)
    best, least = surface, np.inf
    total = steps + int(SETTLING * steps)
    for step in range(1, total + 1):
        progress(step / total, "Growing the surface from the sphere")
        share = min(step / steps, 1.0)
        wanted = (1.0 - share) * start + share * features.density
        change = (wanted - features.density_of(surface)) * np.sqrt(features.sphere_areas)
        change = smoothing.solve(np.clip(change, -LARGEST_CHANGE, LARGEST_CHANGE))
        change /= np.sqrt(vertex_areas(surface))
        surface = poisson.integrate(_turned(surface, spin(surface, change), poisson.edges), LENGTH_SHARE * share)
        mismatch = sum(features.mismatch(surface))
        if mismatch < least:
            best, least = surface, mismatch
        elif not mismatch < LOST * least:
            break
    return best.vertices


def spin(surface: Mesh, change: FloatArray) -> FloatArray:
    """(V, 4) quaternions λ (real part first) that minimise |(D − ρ) λ| over |λ|, for ρ = `change` (V,).

    Linear finite elements: λ at vertices, the equation on triangles. Quaternions act as 2 × 2 complex
    matrices, so λ is one complex pair per vertex. Inverse power iteration from λ = 1.
    """
    operator = _dirac(surface, change)
    mass = np.repeat(vertex_areas(surface), 2)
    system = sp.csc_matrix(operator.conj().T @ operator + sp.diags(mass))
    solver = factorized(system)
    pairs = np.zeros(2 * surface.n_vertices, dtype=np.complex128)
    pairs[::2] = 1.0
    for _ in range(POWER_ITERATIONS):
        pairs = solver.solve(mass * pairs)
        pairs /= np.sqrt(mass @ np.square(np.abs(pairs)))
    first, second = pairs[::2], pairs[1::2]
    return np.stack([first.real, first.imag, -second.real, second.imag], axis=1)


def factorized(system: sp.csc_matrix) -> SuperLU:
    """Factors of a symmetric or Hermitian positive definite matrix."""
    return splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def _smoothing(features: Features) -> SuperLU:
    """Spreads a change over the nearest vertices, (1 + L)⁻¹: linear elements cannot follow single ones.

    L is the cotangent Laplacian, which is the same on all surfaces of the path, for they keep angles.
    """
    laplacian = cotangent_laplacian(Mesh(features.sphere, features.faces))
    return splu(sp.csc_matrix(laplacian + sp.identity(len(features.sphere))))


def _dirac(surface: Mesh, change: FloatArray) -> sp.csr_matrix:
    """(2F, 2V) complex: D − ρ on each triangle, times the root of its area.

    (D λ) on a triangle is −Σ e_i λ_i / (2 A), e_i the edge opposite to corner i as an imaginary quaternion.
    """
    points = surface.vertices[surface.faces]
    opposite = np.roll(points, -2, axis=1) - np.roll(points, -1, axis=1)
    areas = 0.5 * np.linalg.norm(face_cross(surface.vertices, surface.faces), axis=1)
    vector = -opposite / (2.0 * np.sqrt(areas))[:, None, None]
    at = change[surface.faces]
    scalar = -(at.sum(axis=1, keepdims=True) + at) / 12.0 * np.sqrt(areas)[:, None]
    x, y, z = np.moveaxis(vector, 2, 0)
    entries = np.stack([scalar + 1j * x, y + 1j * z, -y + 1j * z, scalar - 1j * x], axis=2)
    rows = 2 * np.arange(surface.n_faces)[:, None, None] + np.array([0, 0, 1, 1])
    columns = 2 * surface.faces[:, :, None] + np.array([0, 1, 0, 1])
    shape = (2 * surface.n_faces, 2 * surface.n_vertices)
    place = (np.broadcast_to(rows, entries.shape).ravel(), columns.ravel())
    return sp.csr_matrix((entries.ravel(), place), shape=shape)


def _turned(surface: Mesh, quaternions: FloatArray, edges: IntArray) -> FloatArray:
    """(E, 3) ∫ λ̄ e λ along each edge, λ linear: by Simpson's rule, which is exact."""
    along = surface.vertices[edges[:, 1]] - surface.vertices[edges[:, 0]]
    here, there = quaternions[edges[:, 0]], quaternions[edges[:, 1]]
    middle = 0.5 * (here + there)
    return (_conjugated(here, along) + 4.0 * _conjugated(middle, along) + _conjugated(there, along)) / 6.0


def _conjugated(quaternions: FloatArray, vectors: FloatArray) -> FloatArray:
    """(N, 3) λ̄ v λ."""
    w, axis = quaternions[:, :1], quaternions[:, 1:]
    dot = np.einsum("ij,ij->i", axis, vectors)[:, None]
    square = w * w - np.einsum("ij,ij->i", axis, axis)[:, None]
    return np.asarray(square * vectors + 2.0 * dot * axis + 2.0 * w * np.cross(vectors, axis))


class _Poisson:
    """Vertices from edge vectors that need not close, by least squares with the sphere's cotangent weights."""

    def __init__(self, features: Features) -> None:
        sphere = Mesh(features.sphere, features.faces)
        self.faces = features.faces
        self.edges = directed_edges(features.faces)
        self._lengths = features.lengths(self.edges)
        self._weights = 0.5 * np.roll(cotangents(sphere), -2, axis=1).T.ravel()
        laplacian = cotangent_laplacian(sphere)
        tiny = 1e-10 * sp.identity(len(features.sphere))
        self._solver = splu(sp.csc_matrix(laplacian + tiny))

    def integrate(self, vectors: FloatArray, share: float) -> Mesh:
        """The surface of area 1 for edge vectors (3F, 3), these first brought nearer to the wanted lengths."""
        scale = np.log(self._lengths / np.linalg.norm(vectors, axis=1))
        scale -= np.average(scale, weights=np.square(self._lengths))
        pull = (self._weights * np.exp(share * scale))[:, None] * vectors
        count = int(self.faces.max()) + 1
        head, tail = self.edges[:, 1], self.edges[:, 0]
        divergence = [np.bincount(head, column, count) - np.bincount(tail, column, count) for column in pull.T]
        points = self._solver.solve(np.stack(divergence, axis=1))
        return Mesh(points / np.sqrt(area(Mesh(points, self.faces))), self.faces)
