# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetries that follow from others: the group that planes and axes generate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..mesh import FloatArray
from .elements import HIGHEST_ORDER, Axis, Element, Plane

LARGEST = 120
"""The full icosahedral group has this many members; the prism of order 12, 48."""

_SAME = np.cos(np.radians(6.0))
"""Cosine of the angle of a rotation that counts as none."""


def implied(elements: Sequence[Element]) -> list[Element]:
    """The planes and axes of the group that discrete elements generate, through the point nearest to all of them.

    Those that were given are among them, and rounding to the group may have moved them by degrees. An empty list where
    the elements do not fit together into a finite group.
    """
    discrete = [e for e in elements if not (isinstance(e, Axis) and e.is_continuous)]
    if not discrete:
        return []
    group = _generate(np.stack([e.matrix()[:3, :3] for e in discrete]))
    if group is None:
        return []
    centre = common_point(discrete)
    determinant, trace = np.linalg.det(group), np.trace(group, axis1=1, axis2=2)
    mirrors = group[(determinant < 0.0) & (trace > 0.9)]
    planes = [Plane.through(centre, normal) for normal in _kept_direction(-mirrors)]
    turns = group[(determinant > 0.0) & (trace < 2.99)]
    return [*planes, *_axes(turns, centre)]


def common_point(elements: Sequence[Element]) -> FloatArray:
    """(3,) the point nearest to all planes and axes (least squares; the centroid where they leave it open)."""
    matrix, right = 1e-6 * np.eye(3), np.zeros(3)
    for element in elements:
        if isinstance(element, Plane):
            across = np.outer(element.normal, element.normal)
            right += element.offset * element.normal
        else:
            across = np.eye(3) - np.outer(element.direction, element.direction)
            right += across @ element.point
        matrix += across
    return np.asarray(np.linalg.solve(matrix, right))


def _generate(generators: FloatArray) -> FloatArray | None:
    """(G, 3, 3) all products, up to the tolerance; None where they are too many for a group of solids."""
    group = np.eye(3)[None]
    fresh = group
    while len(fresh):
        found: list[FloatArray] = []
        for product in np.einsum("gij,hjk->ghik", fresh, generators).reshape(-1, 3, 3):
            known = np.concatenate([group, np.stack(found)]) if found else group
            if not _any_same(known, product):
                found.append(_nearest_orthogonal(product))
            if len(known) > LARGEST:
                return None
        fresh = np.stack(found) if found else group[:0]
        group = np.concatenate([group, fresh])
    return group


def _any_same(group: FloatArray, matrix: FloatArray) -> bool:
    # The trace of Aᵀ B is 1 + 2 cos of the angle between them, where their determinants agree, and at most 1 elsewhere.
    return bool((0.5 * (np.einsum("gij,ij->g", group, matrix) - 1.0) > _SAME).any())


def _nearest_orthogonal(matrix: FloatArray) -> FloatArray:
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u @ vt)


def _kept_direction(rotations: FloatArray) -> FloatArray:
    """(n, 3) the axis of each rotation (n, 3, 3): the eigenvector of its symmetric part for the highest value."""
    if not len(rotations):
        return np.zeros((0, 3))
    _, vectors = np.linalg.eigh(rotations + np.transpose(rotations, (0, 2, 1)))
    return np.asarray(vectors[:, :, -1])


def _axes(turns: FloatArray, centre: FloatArray) -> list[Axis]:
    """One axis for each direction, of the order of its smallest rotation."""
    axes: list[Axis] = []
    angles = np.arccos(np.clip(0.5 * (np.trace(turns, axis1=1, axis2=2) - 1.0), -1.0, 1.0))
    for direction, angle in sorted(zip(_kept_direction(turns), angles, strict=True), key=lambda pair: pair[1]):
        order = round(2.0 * np.pi / angle)
        if order <= HIGHEST_ORDER and not any(same_direction(direction, axis.direction) for axis in axes):
            axes.append(Axis(direction, centre, order))
    return axes


def same_direction(a: FloatArray, b: FloatArray, degrees: float = 6.0) -> bool:
    """Whether two unit vectors lie on one line, up to an angle."""
    return bool(abs(a @ b) > np.cos(np.radians(degrees)))
