# SPDX-License-Identifier: GPL-3.0-or-later
"""Turning, scaling and moving, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, Mesh


@dataclass(frozen=True)
class Similarity:
    """x ↦ scale · rotation x + translation. rotation: (3, 3) orthonormal; translation: (3,); scale > 0."""

    rotation: FloatArray
    scale: float = 1.0
    translation: FloatArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        shift = np.zeros(3) if self.translation is None else np.asarray(self.translation, dtype=np.float64)
        object.__setattr__(self, "translation", shift)
        if self.rotation.shape != (3, 3) or shift.shape != (3,) or not self.scale > 0.0:
            raise InvalidParameter(
                "This is no similarity.", "Give a rotation (3, 3), a positive scale and a shift (3,)."
            )

    @staticmethod
    def identity() -> Similarity:
        """What leaves everything where it is."""
        return Similarity(np.eye(3))

    def apply(self, points: FloatArray) -> FloatArray:
        """(N, 3) → (N, 3)."""
        return np.asarray(self.scale * points @ self.rotation.T + self.translation)

    def apply_to(self, mesh: Mesh) -> Mesh:
        """The mesh with its vertices moved, and the attribute `normal` turned where there is one."""
        moved, normal = mesh.with_vertices(self.apply(mesh.vertices)), mesh.attributes.get("normal")
        return moved if normal is None else moved.with_attributes(normal=normal @ self.rotation.T)

    def after(self, first: Similarity) -> Similarity:
        """`first`, then this one."""
        return Similarity(
            self.rotation @ first.rotation, self.scale * first.scale, self.apply(first.translation[None])[0]
        )

    @property
    def inverse(self) -> Similarity:
        """What undoes it."""
        back = self.rotation.T
        return Similarity(back, 1.0 / self.scale, -(back @ self.translation) / self.scale)

    @property
    def matrix(self) -> FloatArray:
        """(4, 4) for homogeneous coordinates, as Blender's `matrix_world`."""
        result = np.eye(4)
        result[:3, :3], result[:3, 3] = self.scale * self.rotation, self.translation
        return result


def angle_between(a: FloatArray, b: FloatArray) -> float:
    """The angle in degrees of the rotation that leads from the rotation `a` to `b`, both (3, 3)."""
    cosine = 0.5 * (np.trace(a.T @ b) - 1.0)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def proper_rotation(matrix: FloatArray) -> FloatArray:
    """The rotation (3, 3), never a reflection, that is nearest to a matrix (3, 3): it maximises the trace of RᵀM."""
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray((u * [1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt)


def axis_rotations() -> FloatArray:
    """(24, 3, 3) the rotations that lay the axes on each other: first the four that keep each axis on its line."""
    signed = [
        np.diag(signs) @ np.eye(3)[list(order)]
        for order in permutations(range(3))
        for signs in product((1.0, -1.0), repeat=3)
    ]
    return np.stack([matrix for matrix in signed if np.linalg.det(matrix) > 0.0])


def best_similarity(source: FloatArray, target: FloatArray, *, scaling: bool = False) -> Similarity:
    """The similarity (a rigid motion unless `scaling`) that brings points (N, 3) nearest to others, in pairs.

    Least squares, without reflections (Umeyama 1991).
    """
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    left, right = source - middle, target - goal
    u, spread, vt = np.linalg.svd(right.T @ left)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * signs) @ vt
    scale = float((spread * signs).sum() / np.square(left).sum()) if scaling else 1.0
    return Similarity(rotation, scale, goal - scale * rotation @ middle)
