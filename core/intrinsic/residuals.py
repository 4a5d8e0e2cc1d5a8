# SPDX-License-Identifier: GPL-3.0-or-later
"""What a surface must fulfil to have the wanted features, and the exact derivatives of that.

Four kinds of residual, for a surface of area 1: areas and mean curvature around vertices, as wanted; the map to
the sphere discretely harmonic, which maps by conformalised mean-curvature flow are almost to rounding; and,
weakly, edge lengths as a conformal map would have them, for all that the others leave open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..geometry.measure import face_cross, scatter_to_vertices
from ..mesh import FloatArray
from .features import Features

AREA = 1.0
BENDING = 0.04
CONFORMAL = 1.0
LENGTHS = (0.01, 0.001)
"""For a far start, where lengths lead the way, and for the end, where they only fill what is open."""


@dataclass(frozen=True)
class _Triangles:
    """Of a surface: opposite edges (F, 3, 3), cross products (F, 3), twice the areas (F,), unit normals (F, 3)."""

    opposite: FloatArray
    cross: FloatArray
    double_area: FloatArray
    normal: FloatArray


class Residuals:
    """Weighted residuals (4V + E,) of vertices (V, 3), and their Jacobian, for some `Features`."""

    def __init__(self, features: Features, length_weight: float = LENGTHS[-1]) -> None:
        self.features = features
        self._length_weight = np.sqrt(length_weight)
        self._faces = features.faces
        self._count = len(features.sphere)
        self._edges = features.edges()
        self._lengths = features.lengths(self._edges)
        self._tangents = _tangents(features.sphere)
        corners = features.sphere[features.faces]
        # half the difference of the ends of the edge opposite to a corner
        self._sphere_halves = 0.5 * (np.roll(corners, -1, axis=1) - np.roll(corners, -2, axis=1))
        root = np.sqrt(features.areas)
        conformal = np.sqrt(CONFORMAL) * root / np.sqrt(features.sphere_areas)
        self._weights = (np.sqrt(AREA) * root, np.sqrt(BENDING) / root, conformal, conformal)

    def values(self, vertices: FloatArray) -> FloatArray:
        """(4V + E,) residuals: area, bending, two of conformality, and lengths."""
        triangles = self._triangles(vertices)
        gradient, normal, _ = self._vertex_frames(triangles)
        bending = 0.5 * np.einsum("vi,vi->v", gradient, normal) - self.features.bending
        area = np.log(self._around(triangles.double_area / 6.0) / self.features.areas)
        harmonic = self._scatter(self._harmonic_parts(_cotangents(triangles)))
        conformal = np.einsum("tvi,vi->tv", self._tangents, harmonic)
        along = vertices[self._edges[:, 0]] - vertices[self._edges[:, 1]]
        length = self._length_weight * (np.linalg.norm(along, axis=1) - self._lengths)
        parts = (area, bending, *conformal)
        return np.concatenate([*(w * part for w, part in zip(self._weights, parts, strict=True)), length])

    def jacobian(self, vertices: FloatArray) -> sp.csr_matrix:
        """(4V + E, 3V) derivatives of `values` by the coordinates."""
        triangles = self._triangles(vertices)
        parts = (
            self._area_derivative(triangles),
            self._bending_derivative(triangles),
            *self._conformal_derivatives(triangles),
        )
        blocks = [
            sp.diags(weights) @ self._vertex_rows(part) for weights, part in zip(self._weights, parts, strict=True)
        ]
        return sp.csr_matrix(sp.vstack([*blocks, self._length_rows(vertices)]))

    def _triangles(self, vertices: FloatArray) -> _Triangles:
        points = vertices[self._faces]
        cross = face_cross(vertices, self._faces)
        double_area = np.maximum(np.linalg.norm(cross, axis=1), 1e-300)
        opposite = np.roll(points, -2, axis=1) - np.roll(points, -1, axis=1)
        return _Triangles(opposite, cross, double_area, cross / double_area[:, None])

    def _vertex_frames(self, triangles: _Triangles) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Area gradients (V, 3), unit normals (V, 3), lengths of the normals before that (V,)."""
        gradient = self._scatter(_area_gradients(triangles))
        normal = self._scatter(np.repeat(triangles.cross[:, None], 3, axis=1))
        length = np.maximum(np.linalg.norm(normal, axis=1), 1e-300)
        return gradient, normal / length[:, None], length

    def _around(self, per_face: FloatArray) -> FloatArray:
        return scatter_to_vertices(per_face, self._faces, self._count)

    def _scatter(self, per_corner: FloatArray) -> FloatArray:
        """(V, 3) sums of vectors (F, 3, 3) given at the corners of the triangles."""
        columns = [np.bincount(self._faces.ravel(), per_corner[..., k].ravel(), self._count) for k in range(3)]
        return np.stack(columns, axis=1)

    def _vertex_rows(self, derivative: FloatArray) -> sp.csr_matrix:
        """(V, 3V) from (F, 3, 3, 3): the residual at corner a, by coordinate k of corner b, as [:, a, b, k]."""
        faces = self._faces
        rows = np.broadcast_to(faces[:, :, None, None], derivative.shape)
        columns = np.broadcast_to(3 * faces[:, None, :, None] + np.arange(3), derivative.shape)
        place = (rows.ravel(), columns.ravel())
        return sp.csr_matrix((derivative.ravel(), place), shape=(self._count, 3 * self._count))

    def _length_rows(self, vertices: FloatArray) -> sp.csr_matrix:
        edges = self._edges
        along = vertices[edges[:, 0]] - vertices[edges[:, 1]]
        unit = self._length_weight * along / np.maximum(np.linalg.norm(along, axis=1), 1e-300)[:, None]
        entries = np.stack([unit, -unit], axis=1)
        columns = 3 * edges[:, :, None] + np.arange(3)
        rows = np.broadcast_to(np.arange(len(edges))[:, None, None], entries.shape)
        place = (rows.ravel(), columns.ravel())
        return sp.csr_matrix((entries.ravel(), place), shape=(len(edges), 3 * self._count))

    def _area_derivative(self, triangles: _Triangles) -> FloatArray:
        """d log A_a, [f, a, b, k]."""
        areas = self._around(triangles.double_area / 6.0)
        return np.asarray(_area_gradients(triangles)[:, None] / (3.0 * areas[self._faces])[:, :, None, None])

    def _bending_derivative(self, triangles: _Triangles) -> FloatArray:
        """d (½ g·n̂), g the area gradient and n̂ the normal of a vertex, [f, a, b, k].

        With d c = Σ e_b × dx_b for the cross product c of a triangle, g_a = ½ n × e_a and n = c / |c|.
        """
        gradient, normal, length = self._vertex_frames(triangles)
        along = np.einsum("vi,vi->v", gradient, normal)[:, None]
        tilt = ((gradient - along * normal) / length[:, None])[self._faces]
        at = normal[self._faces]
        edge, face_normal = triangles.opposite, triangles.normal[:, None]
        lever = np.cross(edge, at)
        lever -= np.einsum("fai,fi->fa", lever, triangles.normal)[..., None] * face_normal
        lever = 0.5 * lever / triangles.double_area[:, None, None] + tilt
        derivative = np.cross(lever[:, :, None], edge[:, None])
        turn = 0.5 * np.cross(at, face_normal)
        for a in range(3):
            derivative[:, a, (a + 2) % 3] += turn[:, a]
            derivative[:, a, (a + 1) % 3] -= turn[:, a]
        return np.asarray(0.5 * derivative)

    def _harmonic_parts(self, cotangents: FloatArray) -> FloatArray:
        """(F, 3, 3) what each triangle adds to the cotangent Laplacian of the sphere's points at its corners."""
        pull = cotangents[..., None] * self._sphere_halves
        return np.asarray(np.roll(pull, 1, axis=1) - np.roll(pull, 2, axis=1))

    def _conformal_derivatives(self, triangles: _Triangles) -> tuple[FloatArray, FloatArray]:
        """d of the tangential parts of that Laplacian, [f, a, b, k], along two tangents."""
        by_corner = _cotangent_derivatives(triangles)
        halves = self._sphere_halves
        result = []
        for tangent in self._tangents:
            at = tangent[self._faces]
            share = np.zeros((len(self._faces), 3, 3))  # of the cotangent at corner c, for corner a: [f, a, c]
            for c in range(3):
                a, b = (c + 1) % 3, (c + 2) % 3
                share[:, a, c] = np.einsum("fi,fi->f", at[:, a], halves[:, c])
                share[:, b, c] = -np.einsum("fi,fi->f", at[:, b], halves[:, c])
            result.append(np.einsum("fac,fcbk->fabk", share, by_corner, optimize=True))
        return result[0], result[1]


def _area_gradients(triangles: _Triangles) -> FloatArray:
    """(F, 3, 3) gradient of a triangle's area by each corner."""
    return np.asarray(0.5 * np.cross(triangles.normal[:, None], triangles.opposite))


def _cotangents(triangles: _Triangles) -> FloatArray:
    """(F, 3) cotangents of the corner angles."""
    edge = triangles.opposite
    dot = np.einsum("fci,fci->fc", np.roll(edge, -1, axis=1), np.roll(edge, -2, axis=1))
    return np.asarray(-dot / triangles.double_area[:, None])


def _cotangent_derivatives(triangles: _Triangles) -> FloatArray:
    """d cot_c by coordinate k of corner b, [f, c, b, k]."""
    edge = triangles.opposite
    size = triangles.double_area[:, None, None, None]
    growth = np.cross(triangles.normal[:, None], edge)
    derivative = -_cotangents(triangles)[:, :, None, None] * growth[:, None] / size
    for c in range(3):
        a, b = (c + 1) % 3, (c + 2) % 3
        # e_a ends at corner c, e_b starts there; they meet corners b and a at their other ends
        derivative[:, c, c] += (edge[:, a] - edge[:, b]) / size[:, 0, 0]
        derivative[:, c, a] -= edge[:, a] / size[:, 0, 0]
        derivative[:, c, b] += edge[:, b] / size[:, 0, 0]
    return np.asarray(derivative)


def _tangents(sphere: FloatArray) -> FloatArray:
    """(2, V, 3) two orthonormal tangents of the sphere at each point."""
    helper = np.where(np.abs(sphere[:, 2:]) < 0.9, np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    first = np.cross(helper, sphere)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(sphere, first)])
