# SPDX-License-Identifier: GPL-3.0-or-later
"""UV maps of meshes on a sphere: longitude and latitude, cut in the plane x = 0, through which symmetric shapes mirror.

The first row of a picture is the pole +z, the last −z. Its first and its last column are the half circle through −y,
the middle column is the one through +y. Mirrored, both sides of x = 0 share one half: from +y to −y.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray
from ..meshfile.color import mean_at_vertices, srgb_to_linear

_POLE = 1e-6
"""How near to the axis, on the unit sphere, a direction has no longitude."""
_MARGIN = 2
"""Columns beyond the outermost corner that an atlas has at each side."""


def sphere_uv(
    directions: FloatArray, faces: IntArray, mirrored: bool = False, size: tuple[int, int] | None = None
) -> FloatArray:
    """(F, 3, 2) where the corners of faces (F, 3) are in a picture: u to the right and v up, both in [0, 1].

    directions: (V, 3), not zero, where the vertices are on the sphere. mirrored: both sides of x = 0 share the picture.
    size: (height, width) of a picture whose outermost pixels have their middles on its borders, as
    `networks.rendering.texture.read` takes them; without, the borders are those of the picture itself.

    Corners are parted at the cut: in a face at its left end u is 0 where another has 1. A face across the cut stays on
    the side of its middle, and is clipped there, or folded; `sphere_atlas` has room for such faces. A corner at a pole
    gets the longitude between the others of its face. Raises `InvalidParameter` for directions that are zero or no
    numbers.
    """
    place = _places(directions, faces, mirrored)
    if mirrored:
        place[..., 0] = 1.0 - np.abs(1.0 - np.abs(place[..., 0]))
    return _upright(np.clip(place, 0.0, 1.0), *(size or (0, 0)))


def sphere_atlas(
    pixels: NDArray[Any], directions: FloatArray, faces: IntArray, mirrored: bool = False
) -> tuple[NDArray[Any], FloatArray]:
    """((H, W', C), (F, 3, 2)): a picture (H, W, C) of the sphere with room for the faces across the cut, and its UVs.

    The picture goes on at both sides as it comes round, or as it is mirrored, so that no corner is clipped, and nothing
    else bleeds in where pixels are mixed. The middles of the first and the last row lie on the poles. Raises
    `InvalidParameter` as `sphere_uv` does, and for a picture below 2 × 2.
    """
    if pixels.ndim != 3 or min(pixels.shape[:2]) < 2:
        raise InvalidParameter(f"A picture of shape {pixels.shape} is no texture.", "Give (height, width, channels).")
    height, turn = pixels.shape[0], pixels.shape[1] - 1
    place = _places(directions, faces, mirrored)
    left, right = _beyond(-place[..., 0].min(initial=0.0), turn), _beyond(place[..., 0].max(initial=1.0) - 1.0, turn)
    columns = np.arange(-left, turn + 1 + right)
    inside = np.abs((columns + turn) % (2 * turn) - turn) if mirrored else columns % turn
    wide = np.ascontiguousarray(pixels[:, np.where((columns < 0) | (columns > turn), inside, columns)])
    place[..., 0] = (place[..., 0] * turn + left) / (wide.shape[1] - 1)
    return wide, _upright(place, height, wide.shape[1])


def colours_at(pixels: NDArray[Any], uv: FloatArray, faces: IntArray, n_vertices: int) -> FloatArray:
    """(V, 3) linear RGB at vertices, for `Mesh.attributes["color"]`: the mean over their corners in faces (F, 3).

    pixels: (H, W, 3) sRGB, floats in [0, 1] or bytes. uv: (F, 3, 2), u to the right and v up. Between pixels light is
    mixed; beyond the picture its border goes on. White where there is no face.
    """
    values = np.asarray(pixels)
    scale = 255.0 if values.dtype == np.uint8 else 1.0
    height, width = values.shape[:2]
    flat = np.asarray(uv, np.float64).reshape(-1, 2)
    x = np.clip(flat[:, 0] * width - 0.5, 0.0, width - 1.0)
    y = np.clip((1.0 - flat[:, 1]) * height - 0.5, 0.0, height - 1.0)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left)[:, None], (y - top)[:, None]
    near = [srgb_to_linear(values[row, column] / scale) for row in (top, bottom) for column in (left, right)]
    upper, lower = near[0] + across * (near[1] - near[0]), near[2] + across * (near[3] - near[2])
    return mean_at_vertices(np.asarray(faces).ravel(), upper + down * (lower - upper), n_vertices)


def _places(directions: FloatArray, faces: IntArray, mirrored: bool) -> FloatArray:
    """(F, 3, 2) from the upper left; to the right also beyond [0, 1], so that each face hangs together."""
    points = np.asarray(directions, np.float64)
    length = np.linalg.norm(points, axis=-1, keepdims=True)
    if points.ndim != 2 or points.shape[1] != 3 or not (np.isfinite(length).all() and (length > 0.0).all()):
        raise InvalidParameter("Some directions are zero or not numbers.", "Give points (V, 3) around the origin.")
    corners = (points / length)[faces]
    down = np.arccos(np.clip(corners[..., 2], -1.0, 1.0)) / np.pi
    middle = corners.mean(axis=1, keepdims=True)
    if mirrored:  # each face as a whole on the side of its middle
        side = np.where(middle[..., :1] < 0.0, np.array([-1.0, 1.0, 1.0]), 1.0)
        corners, middle = corners * side, middle * side
    around = _half_turns(corners, middle) if mirrored else 0.5 + 0.5 * _half_turns(corners, middle)
    pole = np.hypot(corners[..., 0], corners[..., 1]) < _POLE
    others = np.where(pole, 0.0, around).sum(axis=1, keepdims=True) / np.maximum((~pole).sum(axis=1, keepdims=True), 1)
    return np.stack([np.where(pole, others, around), down], axis=-1)


def _half_turns(points: FloatArray, near: FloatArray) -> FloatArray:
    """Angles from +y about z, in half turns, with as many turns as bring them nearest to those of others."""
    angle, other = np.arctan2(points[..., 0], points[..., 1]), np.arctan2(near[..., 0], near[..., 1])
    return np.asarray((angle - 2.0 * np.pi * np.rint((angle - other) / (2.0 * np.pi))) / np.pi)


def _beyond(share: float, turn: int) -> int:
    """How many columns a picture needs at a side for corners so far beyond it."""
    return int(np.ceil(max(share, 0.0) * turn)) + _MARGIN


def _upright(place: FloatArray, height: int, width: int) -> FloatArray:
    """UVs of places from the upper left, in a picture whose outermost pixels have their middles at 0 and 1."""
    across, down = place[..., 0], place[..., 1]
    if height and width:
        across, down = (across * (width - 1) + 0.5) / width, (down * (height - 1) + 0.5) / height
    return np.stack([across, 1.0 - down], axis=-1)
