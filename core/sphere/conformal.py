# SPDX-License-Identifier: GPL-3.0-or-later
"""Angle-preserving maps: conformalised mean-curvature flow, harmonic maps, Möbius centring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..errors import MapFailed
from ..geometry.laplacian import cotangent_laplacian
from ..geometry.measure import area, area_centroid, unique_edges, vertex_areas
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, part, silent
from .balanced import balanced_map
from .distortion import flips
from .factor import MeshOrder, nested_dissection
from .harmonic import floored, harmonic_map, positive_near
from .moebius import moebius_centre

STEP = 0.05
ITERATIONS = 100
ROUND = 1e-3
"""The flow ends when the radius varies by less than this (standard deviation over mean)."""
STALLED = 3e-3
"""Or when that changes by less than this part of it."""
WARM_UP = 8
"""Steps of the flow, from which a harmonic map is found."""
REPAIRS = 5
FALLBACK_THETAS = (0.02, 0.05, 0.2, 1.0)
RESOLVED = 1e-15
"""Determinants of three unit vectors smaller than this are not known, not even their sign, in double precision."""


def conformal_map(mesh: Mesh, progress: Progress = silent) -> FloatArray:
    """(V, 3) unit vectors: the harmonic map where that has no flips, else the most conformal hierarchical map.

    mesh: closed, oriented, genus 0. Long thin limbs shrink exponentially; where triangles become so small that double
    precision cannot tell which way they turn, as on fingers of a whole body, angles give way. Raises `MapFailed`.
    """
    with suppress(MapFailed):
        sphere = _harmonic_without_flips(mesh, part(progress, 0.0, 0.6))
        if _resolved(sphere, mesh.faces):
            return sphere
    return _most_conformal(mesh, part(progress, 0.6, 1.0))


def conformal_flow(mesh: Mesh, progress: Progress = silent) -> FloatArray:
    """(V, 3) unit vectors by conformalised mean-curvature flow (Kazhdan, Solomon, Ben-Chen 2012), Möbius-centred.

    (D_t + δ L_0) x_{t+δ} = D_t x_t, with the cotangent Laplacian of the first surface and the lumped mass of the
    present one, until the surface is round. May have flips: the caller looks. Raises `MapFailed` when the surface
    is too degenerate.
    """
    roundness = np.inf
    surface = mesh
    for iteration, surface in enumerate(_flow(mesh, cotangent_laplacian(mesh), _order(mesh))):
        progress(iteration / ITERATIONS, "Flowing to a sphere")
        last, roundness = roundness, _roundness(surface)
        if roundness < ROUND or (iteration > 20 and abs(last - roundness) < STALLED * roundness):
            break
    sphere = _projected(surface)
    centred = moebius_centre(sphere, vertex_areas(mesh))
    return centred if flips(centred, mesh.faces) <= flips(sphere, mesh.faces) else sphere


def _harmonic_without_flips(mesh: Mesh, progress: Progress) -> FloatArray:
    """The harmonic map; where it has flips, edges get positive weights, further and further around.

    May have flips when that does not help. Raises `MapFailed`.
    """
    laplacian, order, weights = cotangent_laplacian(mesh), _order(mesh), vertex_areas(mesh)
    surface, flow = mesh, _flow(mesh, laplacian, order)
    for iteration in range(WARM_UP):
        progress(0.8 * iteration / WARM_UP, "Flowing to a sphere")
        surface = next(flow)
    progress(0.8, "Mapping to the sphere")
    sphere = harmonic_map(laplacian, order, moebius_centre(_projected(surface), weights), mesh.faces, weights)
    near = np.zeros(mesh.n_vertices, dtype=bool)
    for repair in range(REPAIRS):
        if not flips(sphere, mesh.faces):
            break
        progress(0.8 + 0.2 * repair / REPAIRS, "Turning flipped triangles")
        near |= _around_flips(sphere, mesh.faces, repair + 1)
        sphere = harmonic_map(positive_near(laplacian, near), order, sphere, mesh.faces, weights)
    return sphere


def _flow(mesh: Mesh, laplacian: sparse.csr_matrix, order: MeshOrder) -> Iterator[Mesh]:
    """The surfaces of the flow, at most `ITERATIONS`, each with its area centroid at 0 and area 1."""
    surface = _unit(mesh)
    for _ in range(ITERATIONS):
        mass = floored(vertex_areas(surface))
        factor = order.factor(STEP * laplacian + sparse.diags(mass))
        surface = _unit(surface.with_vertices(factor.solve(mass[:, None] * surface.vertices)))
        if not np.isfinite(surface.vertices).all():
            raise MapFailed("The flow to a sphere broke down.", "Use the balanced map.")
        yield surface


def _most_conformal(mesh: Mesh, progress: Progress) -> FloatArray:
    """The hierarchical map with the least θ whose triangles double precision can tell from flipped ones."""
    weights = vertex_areas(mesh)
    sphere = None
    for theta in FALLBACK_THETAS:
        try:
            sphere = balanced_map(mesh, theta, progress)
        except MapFailed:
            continue
        for candidate in (moebius_centre(sphere, weights), sphere):
            if _resolved(candidate, mesh.faces):
                return candidate
    return balanced_map(mesh, FALLBACK_THETAS[-1], progress) if sphere is None else sphere


def _resolved(sphere: FloatArray, faces: IntArray) -> bool:
    """Whether all triangles are positive, computed either way, and large enough for that to mean something."""
    a, b, c = (sphere[faces[:, k]] for k in range(3))
    return not flips(sphere, faces) and bool((np.einsum("ij,ij->i", a, np.cross(b, c)) > RESOLVED).all())


def _around_flips(sphere: FloatArray, faces: IntArray, rings: int) -> NDArray[np.bool_]:
    """(V,) bool: the vertices of flipped triangles and `rings` rings around them."""
    a, b, c = (sphere[faces[:, k]] for k in range(3))
    chosen = np.zeros(len(sphere), dtype=bool)
    chosen[faces[~(np.einsum("ij,ij->i", a, np.cross(b - a, c - a)) > 0)]] = True
    for _ in range(rings):
        chosen[faces[chosen[faces].any(axis=1)]] = True
    return chosen


def _order(mesh: Mesh) -> MeshOrder:
    return nested_dissection(mesh.vertices, unique_edges(mesh.faces))


def _projected(surface: Mesh) -> FloatArray:
    return np.asarray(surface.vertices / np.linalg.norm(surface.vertices, axis=1, keepdims=True))


def _unit(mesh: Mesh) -> Mesh:
    """The mesh with its area centroid at 0 and area 1."""
    return mesh.with_vertices((mesh.vertices - area_centroid(mesh)) / np.sqrt(area(mesh)))


def _roundness(mesh: Mesh) -> float:
    radius, weights = np.linalg.norm(mesh.vertices, axis=1), vertex_areas(mesh)
    mean = radius @ weights / weights.sum()
    return float(np.sqrt((radius - mean) ** 2 @ weights / weights.sum()) / mean)
