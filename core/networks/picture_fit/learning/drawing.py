# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for a fit to outlines: of the fronts of a closed mesh, with edges that are soft but where they belong.

`rendering.render` counts the faces of a pixel as if each covered it by chance. At the outline of a closed mesh a front
and a back cover the same part, so that the outline seems larger by a part of the softness, and a fit to it too small.
Fronts cover every pixel of the object just once, so here their covers add up.
"""

from __future__ import annotations

from torch import Tensor

from ...rendering.blending import Picture, painted
from ...rendering.paint import Paint
from ...rendering.rasterise import Softness, cross, fragments_of
from ...rendering.triangles import Triangles, triangles_of


def draw(
    vertices: Tensor, faces: Tensor, matrices: Tensor, size: int, softness: Softness, paint: Paint | None = None
) -> Picture:
    """Pictures on black of a closed mesh (V, 3), faces (F, 3), through matrices (B, 3, 4) of `camera.stacked`."""
    fragments = fragments_of(front_of(triangles_of(vertices, faces, matrices)), size, softness)
    total = fragments.cover.new_zeros(len(matrices) * size**2).index_add(0, fragments.pixel, fragments.cover)
    mask = total.clamp_max(1.0).reshape(-1, size, size)
    if paint is None:
        return Picture(None, mask)
    return Picture(painted(fragments, paint.colours(fragments, faces), mask, 0.0), mask)


def front_of(triangles: Triangles) -> Triangles:
    """Those that turn counter-clockwise in their picture."""
    flat = triangles.corners.detach()[..., :2]
    front = (cross(flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]) > 0.0).nonzero()[:, 0]
    parts = None if triangles.parts is None else triangles.parts[front]
    corners = triangles.corners[front]
    return Triangles(corners, triangles.picture[front], triangles.face[front], parts, triangles.pictures)
