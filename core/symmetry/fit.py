# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit planes and axes to a surface: closest points, small motions, and little weight for what has no image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..geometry.curve import along_curve
from ..geometry.distance import SurfaceTree
from ..geometry.measure import area_centroid, face_normals
from ..geometry.sampling import sample_surface
from ..mesh import FloatArray, IntArray, Mesh
from .elements import Axis, Element, Plane

_STEADY = 1e-5
"""The fit ends when a step turns and moves by less than this (radians, and parts of the diagonal)."""

_MOST_TURN, _MOST_SHIFT = 0.15, 0.05
_TINY = 1e-9

_LOOSE, _TIGHTEN, _TIGHT = 0.33, 0.7, 0.03
"""What is usual for a pair is no less than this part of the cap: from round to round less, down to the last."""


class Surface:
    """A mesh about its centroid in units of its diagonal, prepared for nearest points, with points on it.

    points: (N, 3) evenly random on the surface; any first part of them is as well.
    """

    def __init__(self, mesh: Mesh, samples: int, seed: int = 0) -> None:
        self.centre, self.scale = area_centroid(mesh), mesh.diagonal
        self.mesh = Mesh((mesh.vertices - self.centre) / self.scale, mesh.faces)
        self.normals = face_normals(self.mesh)
        self.tree = SurfaceTree(self.mesh)
        self.points = sample_surface(self.mesh, samples, seed)[0]

    def nearest(self, points: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """As `SurfaceTree.nearest`; asked in an order in which neighbours follow each other, which is twice as fast."""
        order = along_curve(points)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        distance, triangle, place = self.tree.nearest(points[order])
        return distance[back], triangle[back], place[back]

    def distances(self, points: FloatArray) -> FloatArray:
        """(N,) distances of points (N, 3) to the surface, as parts of the diagonal."""
        return self.nearest(points)[0]

    def error(self, element: Element, samples: int) -> float:
        """The root mean square distance of images of points to the surface."""
        return rms(self.distances(one_image_each(element, self.points[:samples])))

    def outward(self, element: Element) -> Element:
        """An element in these coordinates as one of the mesh's own."""
        if isinstance(element, Plane):
            return Plane.through(self.centre + self.scale * element.offset * element.normal, element.normal)
        return Axis(element.direction, self.centre + self.scale * element.point, element.order)

    def inward(self, element: Element) -> Element:
        """The inverse of `outward`."""
        if isinstance(element, Plane):
            point = element.offset * element.normal
            return Plane.through((point - self.centre) / self.scale, element.normal)
        return Axis(element.direction, (element.point - self.centre) / self.scale, element.order)


def rms(values: FloatArray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.square(values).mean()))


def angles_of(axis: Axis, count: int) -> FloatArray:
    """(count,) the angles of the rotations about an axis in turn, without 0; for a continuous one well-spread ones."""
    index = np.arange(count)
    if axis.is_continuous:
        return np.asarray(2.0 * np.pi * ((0.5 + index * 0.6180339887498949) % 1.0))
    return np.asarray(2.0 * np.pi / axis.order * (1 + index % (axis.order - 1)))


def turned(points: FloatArray, axis: Axis, angles: FloatArray) -> FloatArray:
    """(N, 3) points (N, 3), each turned about the axis by its own angle (N,)."""
    u, arm = axis.direction, points - axis.point
    along = np.outer(arm @ u, u)
    across = arm - along
    side = np.cross(u, across)
    return np.asarray(axis.point + along + np.cos(angles)[:, None] * across + np.sin(angles)[:, None] * side)


def one_image_each(element: Element, points: FloatArray) -> FloatArray:
    """(N, 3) an image of each point (N, 3): for an axis by each of its rotations in turn."""
    if isinstance(element, Plane):
        return element.reflect(points)
    return turned(points, element, angles_of(element, len(points)))


def refine(surface: Surface, element: Element, samples: int, rounds: int, cap: float) -> Element:
    """The element near the given one under which the surface is most symmetric.

    Each round pairs the images of points with their nearest points on the surface, and turns and moves the element so
    that the distances, each along its own line, become least (Gauss–Newton). Pairs much farther than usual count
    little (Cauchy's weights), so that a part without an image does not pull. cap: distances above it count as it when
    rounds are compared, as a part of the diagonal; the best round is returned.
    """
    points = surface.points[:samples]
    best, best_cost = element, np.inf
    step: Callable[..., tuple[Element, float]] = _plane_step if isinstance(element, Plane) else _axis_step
    for number in range(rounds + 1):
        image = one_image_each(element, points)
        distance, triangle, goal = surface.nearest(image)
        cost = float(np.square(np.minimum(distance, cap)).mean())
        if cost < best_cost:
            best, best_cost = element, cost
        # Along the line to the nearest point the distance changes most; on the surface, along its normal.
        line = np.where(
            (distance > _TINY)[:, None],
            (image - goal) / np.maximum(distance, _TINY)[:, None],
            surface.normals[triangle],
        )
        usual = max(3.0 * float(np.median(distance)), cap * max(_LOOSE * _TIGHTEN**number, _TIGHT))
        weight = 1.0 / (1.0 + np.square(distance / usual))
        element, size = step(element, points, image, line, distance, weight)
        if size < _STEADY:
            break
    image = one_image_each(element, points)
    cost = float(np.square(np.minimum(surface.distances(image), cap)).mean())
    return element if cost <= best_cost else best


def _plane_step(
    plane: Plane, points: FloatArray, image: FloatArray, line: FloatArray, distance: FloatArray, weight: FloatArray
) -> tuple[Plane, float]:
    n, height = plane.normal, plane.distance(points)
    basis = across(n)
    # The image p − 2 (n·p − d) n changes with n by −2 [(δn·p) n + (n·p − d) δn], with d by 2 n.
    along = line @ n
    columns = [-2.0 * ((points @ b) * along + height * (line @ b)) for b in basis]
    jacobian = np.stack([*columns, 2.0 * along], axis=1)
    change = _solve(jacobian, distance, weight, turns=2)
    normal = n + change[:2] @ basis
    offset = plane.offset + change[2]
    return Plane(normal / np.linalg.norm(normal), offset), float(np.abs(change).max())


def _axis_step(
    axis: Axis, points: FloatArray, image: FloatArray, line: FloatArray, distance: FloatArray, weight: FloatArray
) -> tuple[Axis, float]:
    basis = across(axis.direction)
    angles = angles_of(axis, len(points))
    arm, moved = points - axis.point, image - axis.point
    columns = []
    for b in basis:  # turning the axis by ω about b: δq = ω × (R arm) − R (ω × arm)
        spun = turned(axis.point + np.cross(b, arm), axis, angles) - axis.point
        columns.append(np.einsum("ni,ni->n", line, np.cross(b, moved) - spun))
    for b in basis:  # moving it by c: δq = c − R c
        spun = turned(axis.point + np.broadcast_to(b, arm.shape), axis, angles) - axis.point
        columns.append(np.einsum("ni,ni->n", line, b - spun))
    change = _solve(np.stack(columns, axis=1), distance, weight, turns=2)
    turn, shift = change[:2] @ basis, change[2:] @ basis
    direction = axis.direction + np.cross(turn, axis.direction)
    point = axis.point + shift
    point = point - (point @ direction) / (direction @ direction) * direction  # the foot of the centroid
    return Axis(direction, point, axis.order), float(np.abs(change).max())


def _solve(jacobian: FloatArray, residual: FloatArray, weight: FloatArray, turns: int) -> FloatArray:
    """The weighted least-squares step, damped where the surface slides along itself, and no longer than is safe."""
    weighted = jacobian * weight[:, None]
    matrix = jacobian.T @ weighted
    matrix += (1e-6 * np.trace(matrix) / len(matrix) + 1e-300) * np.eye(len(matrix))
    change = np.linalg.solve(matrix, -(weighted.T @ residual))
    over = max(np.linalg.norm(change[:turns]) / _MOST_TURN, np.linalg.norm(change[turns:]) / _MOST_SHIFT, 1.0)
    return np.asarray(change / over)


def across(direction: FloatArray) -> FloatArray:
    """(2, 3) two unit vectors at right angles to a unit vector (3,) and to each other."""
    helper = np.eye(3)[np.argmin(np.abs(direction))]
    first = np.cross(direction, helper)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first)])
