# SPDX-License-Identifier: GPL-3.0-or-later
"""What is painted on a mesh: colours of its vertices, or a texture. Each pixel reads what it sees, however large the
faces are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from ...errors import InvalidParameter
from .rasterise import Fragments, cross
from .texture import at_fragments, read, solid_angles, sphere_coordinates


@dataclass(frozen=True)
class VertexColours:
    """values: (V, C) or (B, V, C), one row for each vertex."""

    values: Tensor

    def check(self, pictures: int, vertices: int, faces: int) -> None:
        """Raises `InvalidParameter` where the colours do not fit."""
        _fits("Colours", self.values, 2, pictures, self.values.shape[-2:-1] == (vertices,))

    def colours(self, fragments: Fragments, faces: Tensor) -> Tensor:
        """(n, C)."""
        return at_fragments(self.values, faces, fragments)


@dataclass(frozen=True)
class SphereTexture:
    """A texture around the mesh.

    pixels: (C, H, W) or (B, C, H, W), as `sphere_coordinates` lays them out; the middles of the outermost ones are on
    the borders. directions: (V, 3) from the centre. mirrored: both sides of the plane x = 0 share the texture.
    """

    pixels: Tensor
    directions: Tensor
    mirrored: bool = False

    def check(self, pictures: int, vertices: int, faces: int) -> None:
        """Raises `InvalidParameter` where the texture does not fit."""
        _fits("A texture", self.pixels, 3, pictures, self.directions.shape == (vertices, 3))

    def colours(self, fragments: Fragments, faces: Tensor) -> Tensor:
        """(n, C)."""
        place = sphere_coordinates(at_fragments(self.directions, faces, fragments), mirrored=self.mirrored)
        height, width = self.pixels.shape[-2:]
        inner = place.new_tensor([1.0 - 1.0 / width, 1.0 - 1.0 / height])
        turn = math.pi if self.mirrored else 2.0 * math.pi
        texels = solid_angles(self.directions.detach(), faces) * (width / turn) * (height / math.pi)
        return read(self.pixels, place * inner, fragments.picture, fragments.part * texels[fragments.face])


@dataclass(frozen=True)
class UvTexture:
    """pixels: (C, H, W) or (B, C, H, W), row 0 on top. uv: (F, 3, 2) for each corner of each face, u to the right and v
    up; the picture spans [0, 1]², its outermost pixels go on beyond."""

    pixels: Tensor
    uv: Tensor

    def check(self, pictures: int, vertices: int, faces: int) -> None:
        """Raises `InvalidParameter` where the texture does not fit."""
        _fits("A texture", self.pixels, 3, pictures, self.uv.shape == (faces, 3, 2))

    def colours(self, fragments: Fragments, faces: Tensor) -> Tensor:
        """(n, C)."""
        uv = (self.uv[fragments.face] * fragments.weights[:, :, None]).sum(dim=1)
        place = (2.0 * uv - 1.0) * uv.new_tensor([1.0, -1.0])
        sides = (self.uv[:, 1:] - self.uv[:, :1]).detach()
        texels = 0.5 * cross(sides[:, 0], sides[:, 1]).abs() * self.pixels.shape[-1] * self.pixels.shape[-2]
        return read(self.pixels, place, fragments.picture, fragments.part * texels[fragments.face])


Paint = VertexColours | SphereTexture | UvTexture


def _fits(what: str, values: Tensor, axes: int, pictures: int, placed: bool) -> None:
    right = values.ndim == axes or (values.ndim == axes + 1 and len(values) == pictures)
    if not right or not placed or 0 in values.shape[-axes:]:
        raise InvalidParameter(
            f"{what} of shape {tuple(values.shape)} cannot be painted on this mesh in {pictures} pictures.",
            "Give one for all pictures or for each, and a place in it for each vertex or corner of the mesh.",
        )
