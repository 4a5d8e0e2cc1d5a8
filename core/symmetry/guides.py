# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that show where a plane or an axis is."""

from __future__ import annotations

import numpy as np

from ..mesh import FloatArray, IntArray, Mesh
from .elements import Axis, Element, Plane
from .fit import across

MARGIN = 0.06
"""How far the lines reach beyond the surface, as a part of its diagonal."""

_SYMBOL = 0.04
_ROUND = 32


def guide(mesh: Mesh, element: Element) -> tuple[FloatArray, IntArray]:
    """(points (N, 3), edges (E, 2)) that show an element on a mesh.

    For a plane a frame around the mesh, and the curve in which it cuts the surface. For an axis a line through the
    mesh, and at both ends a polygon with as many corners as the axis has rotations (a line for two, a circle for a
    continuous one), as crystallographers draw them.
    """
    return _plane_lines(mesh, element) if isinstance(element, Plane) else _axis_lines(mesh, element)


def guides(mesh: Mesh, elements: list[Element]) -> tuple[FloatArray, IntArray]:
    """The lines of several elements as one set."""
    points, edges, count = [np.zeros((0, 3))], [np.zeros((0, 2), np.int64)], 0
    for element in elements:
        more, links = guide(mesh, element)
        points.append(more)
        edges.append(links + count)
        count += len(more)
    return np.concatenate(points), np.concatenate(edges)


def cut(mesh: Mesh, plane: Plane) -> tuple[FloatArray, IntArray]:
    """(points (N, 3), edges (E, 2)) of the curve in which a plane cuts a surface."""
    height = plane.distance(mesh.vertices)
    height[height == 0.0] = 1e-12 * mesh.diagonal  # a vertex in the plane counts as above it
    up = height[mesh.faces] > 0.0
    crossing = up.any(axis=1) & ~up.all(axis=1)
    faces, up = mesh.faces[crossing], up[crossing]
    # The corner that is alone on its side, and its two edges.
    lone = np.where(up.sum(axis=1)[:, None] == 1, up, ~up).argmax(axis=1)
    first, second, third = (np.take_along_axis(faces, ((lone + k) % 3)[:, None], axis=1)[:, 0] for k in range(3))
    ends = np.sort(np.stack([np.stack([first, second], axis=1), np.stack([first, third], axis=1)], axis=1), axis=2)
    unique, inverse = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    low, high = unique[:, 0], unique[:, 1]
    share = height[low] / (height[low] - height[high])
    points = mesh.vertices[low] + share[:, None] * (mesh.vertices[high] - mesh.vertices[low])
    return points, inverse.reshape(-1, 2).astype(np.int64)


def _plane_lines(mesh: Mesh, plane: Plane) -> tuple[FloatArray, IntArray]:
    curve, links = cut(mesh, plane)
    sides = across(plane.normal)
    origin = plane.offset * plane.normal
    reach = mesh.vertices @ sides.T
    low, high = reach.min(axis=0) - MARGIN * mesh.diagonal, reach.max(axis=0) + MARGIN * mesh.diagonal
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    frame = origin + np.array(corners) @ sides
    return np.concatenate([curve, frame]), np.concatenate([links, _ring(4) + len(curve)])


def _axis_lines(mesh: Mesh, axis: Axis) -> tuple[FloatArray, IntArray]:
    along = (mesh.vertices - axis.point) @ axis.direction
    margin, sides = MARGIN * mesh.diagonal, across(axis.direction)
    ends = [along.min() - margin, along.max() + margin]
    points = [axis.point + np.array(ends)[:, None] * axis.direction]
    edges, count = [np.array([[0, 1]])], 2
    corners = _ROUND if axis.is_continuous else axis.order
    angle = 2.0 * np.pi * np.arange(corners) / corners
    symbol = _SYMBOL * mesh.diagonal * np.stack([np.cos(angle), np.sin(angle)], axis=1) @ sides
    for end in ends:
        points.append(axis.point + end * axis.direction + symbol)
        edges.append((_ring(corners) if corners > 2 else np.array([[0, 1]])) + count)
        count += corners
    return np.concatenate(points), np.concatenate(edges)


def _ring(count: int) -> IntArray:
    index = np.arange(count)
    return np.stack([index, (index + 1) % count], axis=1)
