# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture shows where a vertex is: features at its projection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...errors import InvalidParameter

Sampling = Literal["bilinear", "tensorflow", "floor"]
SAMPLINGS: tuple[Sampling, ...] = ("bilinear", "tensorflow", "floor")


@dataclass(frozen=True)
class Camera:
    """Where the picture was taken: focal length and centre in pixels of 224, and what is added to vertices before they
    are projected. x is to the right, y up, and what is seen has negative z.

    sampling: how features between pixels are read. "tensorflow" and "floor" are for weights that were trained so: the
    first gives 0 where a projection falls on a pixel exactly, the second reads the pixel before it.
    """

    focal: float = 248.0
    centre: float = 111.5
    offset: tuple[float, float, float] = (0.0, 0.0, -0.8)
    size: int = 224
    sampling: Sampling = "bilinear"

    def __post_init__(self) -> None:
        numbers = np.array([self.focal, self.centre, *self.offset], np.float64)
        if not np.isfinite(numbers).all() or self.focal <= 0.0 or not 32 <= self.size <= 4096 or self.size % 32:
            raise InvalidParameter(
                f"A camera with the focal length {self.focal:g} cannot see {self.size} pixels.",
                "Give positive numbers, and a multiple of 32 pixels.",
            )

    @property
    def first(self) -> float:
        """Where the middle of the first pixel is counted from the upper left corner of the picture, if its column and
        row are 0: half a pixel, or none where the middle of the picture says that the corner is 0."""
        return 0.5 if abs(self.centre - (self.size - 1) / 2.0) < 0.25 else 0.0

    def resized(self, size: int) -> Camera:
        """The same view in a picture with `size` pixels along an edge."""
        scale = size / self.size
        centre = (self.centre + self.first) * scale - self.first
        return replace(self, focal=self.focal * scale, centre=centre, size=size)

    def pixels(self, vertices: Tensor) -> tuple[Tensor, Tensor]:
        """Columns and rows (B, V) of vertices (B, V, 3), not clipped to the picture."""
        x, y, z = (vertices + vertices.new_tensor(self.offset)).unbind(dim=2)
        if bool((z == 0).any()):
            raise InvalidParameter("A vertex lies in the plane of the camera.", "Move the template away from it.")
        return self.centre - self.focal * x / z, self.centre + self.focal * y / z


def pooled(vertices: Tensor, features: list[Tensor], camera: Camera) -> Tensor:
    """(B, V, 3 + channels): the vertices (B, V, 3), and what each of `features` (B, C, H, W) shows at them."""
    column, row = camera.pixels(vertices)
    if camera.sampling == "bilinear":
        half = (camera.size - 1) / 2.0
        place = torch.stack([(column - half) / half, (row - half) / half], dim=2).clamp(-1.0, 1.0)
        seen = [_bilinear(feature, place) for feature in features]
    else:
        seen = [_as_tensorflow(feature, column, row, camera) for feature in features]
    return torch.cat([vertices, *seen], dim=2)


def _bilinear(feature: Tensor, place: Tensor) -> Tensor:
    read = functional.grid_sample(feature, place[:, None], mode="bilinear", align_corners=True)
    return read[:, :, 0].transpose(1, 2)


def _as_tensorflow(feature: Tensor, column: Tensor, row: Tensor, camera: Camera) -> Tensor:
    """Corners weighted by their distances to the next whole pixels, which is 0 where both are the same."""
    height, width = feature.shape[2:]
    x = (column / (camera.size / width)).clamp(0, width - 1)
    y = (row / (camera.size / height)).clamp(0, height - 1)
    left, right, top, bottom = x.floor(), x.ceil(), y.floor(), y.ceil()
    if camera.sampling == "floor":
        x, y = x.trunc(), y.trunc()
    flat = feature.flatten(2).transpose(1, 2)

    def corner(u: Tensor, v: Tensor, weight: Tensor) -> Tensor:
        index = (v * width + u).long()[..., None].expand(-1, -1, flat.shape[2])
        return weight[..., None] * flat.gather(1, index)

    return (
        corner(left, top, (right - x) * (bottom - y))
        + corner(right, top, (x - left) * (bottom - y))
        + corner(left, bottom, (right - x) * (y - top))
        + corner(right, bottom, (x - left) * (y - top))
    )
