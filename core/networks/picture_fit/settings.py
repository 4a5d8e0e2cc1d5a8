# SPDX-License-Identifier: GPL-3.0-or-later
"""How a mesh is fitted to pictures. Needs no PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...errors import InvalidParameter
from ...symmetry.templates import SCHEMES

STARTS = ("auto", "silhouettes", "sphere")
"""Where the shape begins: at what the outlines leave of space, or at an ellipsoid of the size of the object. "auto" is
the first, and the second where the outlines leave nothing."""

_WHOLE = {
    "level": (2, 48),
    "steps": (1, 5000),
    "resolution": (16, 512),
    "texture_size": (16, 2048),
    "seed": (0, 2**63 - 1),
}
_REAL = {
    "seconds": (0.0, 86400.0),
    "smoothness": (0.01, 100.0),
    "color_weight": (0.0, 10.0),
    "azimuth": (-360.0, 360.0),
    "turn": (-360.0, 360.0),
    "elevation": (-89.0, 89.0),
    "field_of_view": (1.0, 120.0),
}


@dataclass(frozen=True)
class PictureFitSettings:
    """How a mesh is fitted to pictures.

    symmetry: one of `symmetry.templates.SCHEMES`: the shape is its own mirror image in the plane across x ("plane"),
        in those across x and z ("two_planes"), or turned about y ("rotational"), through its own middle.
    start: one of `STARTS`.
    level: of the template, which has 10 level² + 2 vertices.
    steps: of the optimisation. seconds: after which it stops; 0 for no limit.
    resolution: pixels along an edge of the pictures that the shape is compared with; the texture uses all there are.
    texture_size: pixels of the height of the texture, which is twice as wide.
    smoothness: how smooth the shape is; 1 suits clean pictures, more suits noisy outlines.
    color_weight: how much colours, beside outlines, shape the object; 0 for outlines alone.
    symmetric_texture: whether both sides of a plane of symmetry share their colours.
    refine_cameras: move the cameras, too.
    azimuth, turn, elevation, field_of_view: where pictures without cameras are taken from, in degrees: the first from
        `azimuth` (0 is the front, from +z; 90 the side, from +x), each next one `turn` farther (0: evenly around), from
        `elevation` above, with that angle of view across the longer side of the picture.
    seed: of the order in which pictures are drawn.
    """

    symmetry: str = "free"
    start: str = "auto"
    level: int = 20
    steps: int = 160
    seconds: float = 0.0
    resolution: int = 128
    texture_size: int = 512
    smoothness: float = 1.0
    color_weight: float = 1.0
    symmetric_texture: bool = False
    refine_cameras: bool = False
    azimuth: float = 0.0
    turn: float = 0.0
    elevation: float = 0.0
    field_of_view: float = 40.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("symmetry", SCHEMES), ("start", STARTS)):
            if getattr(self, name) not in choices:
                raise InvalidParameter(
                    f"There is no {name} {getattr(self, name)!r}.", f"Choose from {', '.join(choices)}."
                )
        for name, (least, most) in _WHOLE.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise InvalidParameter(f"{name} = {value!r} cannot be.", f"Give a whole number from {least} to {most}.")
        for name, (low, high) in _REAL.items():
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not (math.isfinite(value) and low <= value <= high)
            ):
                raise InvalidParameter(f"{name} = {value!r} cannot be.", f"Give a number from {low:g} to {high:g}.")
        for name in ("symmetric_texture", "refine_cameras"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidParameter(f"{name} = {getattr(self, name)!r} cannot be.", "Give true or false.")
        if self.symmetric_texture and self.symmetry == "free":
            raise InvalidParameter(
                "A shape without a plane of symmetry has no sides that could share a texture.", "Choose a symmetry."
            )

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def settings_from(values: Mapping[str, Any]) -> PictureFitSettings:
    """The settings among `values`; others are ignored. Raises `InvalidParameter` for values that cannot be."""
    names = {field.name for field in fields(PictureFitSettings)}
    return PictureFitSettings(**{name: value for name, value in values.items() if name in names})
