# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that were published under the name, and others of the same kind: widths, encoder, camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...errors import InvalidParameter
from .pooling import Camera

Encoder = Literal["vgg", "resnet50"]
ENCODERS: tuple[Encoder, ...] = ("vgg", "resnet50")


@dataclass(frozen=True)
class Variant:
    """What a network is made of, but for its template.

    encoder: one of `ENCODERS`, of which the first layer has `width` channels, and others in proportion. hidden, last:
    features of a vertex within the stages, and after the last of them. activated: with rectified units between graph
    convolutions. normalised: pictures get the mean and the deviation of ImageNet's. rebuilds: with a decoder that
    gives the picture back (not after a ResNet).
    """

    encoder: Encoder = "vgg"
    width: int = 16
    hidden: int = 192
    last: int = 192
    activated: bool = True
    normalised: bool = True
    rebuilds: bool = True
    camera: Camera = field(default_factory=Camera)

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise InvalidParameter(f"There is no encoder {self.encoder!r}.", f"Choose from {', '.join(ENCODERS)}.")
        if min(self.width, self.hidden, self.last) < 1:
            raise InvalidParameter("The layers of a network are wider than 0.", "Give widths of 1 or more.")


_BEFORE = (0.0, 0.0, 0.0)
"""Vertices of the template lie before the camera already."""

_TENSORFLOW = Camera(250.0, 112.0, _BEFORE, 224, "tensorflow")

VARIANTS: Mapping[str, Variant] = {
    "default": Variant(),
    "tensorflow": Variant(hidden=256, last=128, normalised=False, camera=_TENSORFLOW),
    "resnet50": Variant("resnet50", width=64, rebuilds=False),
    "auto-encoder": Variant(activated=False, normalised=False, camera=Camera(offset=_BEFORE, sampling="floor")),
    "small": Variant(width=4, hidden=32, last=32),
}
"""What was published: the network for PyTorch, the one that takes the first weights (Wang et al. 2018, trained with
TensorFlow), that with a ResNet, and that of Tong Zhao, which rebuilds its picture. And a narrow one, for small data and
slow machines."""


def variant_named(name: str) -> Variant:
    """One of `VARIANTS`. Raises `InvalidParameter` for another name."""
    if name not in VARIANTS:
        raise InvalidParameter(f"There is no Pixel2Mesh {name!r}.", f"Choose from {', '.join(VARIANTS)}.")
    return VARIANTS[name]
