# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide the layers of an Occupancy Network are: as published, or narrower for small data and slow machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...errors import InvalidParameter

Kind = Literal["image", "points", "voxels", "nothing"]
KINDS: tuple[Kind, ...] = ("image", "points", "voxels", "nothing")

VOXELS = 32
"""Along an edge of the grid that the network sees; four convolutions halve it to 2."""


@dataclass(frozen=True)
class Sizes:
    """Channels of an Occupancy Network.

    code: what the encoder makes of an input. hidden: of the decoder. encoder: of the first layer of the encoder (the
    blocks of points, the first convolution of images and voxels; of the latent encoder where nothing is seen).
    latent: of the latent code of the kind that sees nothing, else 0.
    """

    code: int
    hidden: int
    encoder: int
    latent: int = 0

    def __post_init__(self) -> None:
        if min(self.code, self.hidden, self.encoder) < 1 or self.latent < 0:
            raise InvalidParameter("The layers of a network are wider than 0.", "Give widths of 1 or more.")


PUBLISHED: Mapping[Kind, Sizes] = {
    "image": Sizes(256, 256, 64),
    "points": Sizes(512, 256, 512),
    "voxels": Sizes(256, 256, 32),
    "nothing": Sizes(128, 128, 128, 128),
}
"""The widths of Mescheder et al. 2019."""

_FIRST: Mapping[Kind, str] = {
    "image": "encoder.features.conv1.weight",
    "points": "encoder.block_0.fc_0.weight",
    "voxels": "encoder.conv_in.weight",
    "nothing": "encoder_latent.fc_pos.weight",
}
_LAST: Mapping[Kind, str] = {
    "image": "encoder.fc.weight",
    "points": "encoder.fc_c.weight",
    "voxels": "encoder.fc.weight",
}
_LARGEST: Mapping[Kind, int] = {"image": 576, "points": 2, "voxels": 3456, "nothing": 2}
"""Numbers in the largest layer of the encoder, over the square of its width."""


def sizes_of(kind: Kind, weights: Mapping[str, Tensor]) -> Sizes:
    """The widths that such weights were trained with; the published ones where the weights are of something else, or
    are fewer than a single layer of such a width has."""
    names = ("decoder.fc_p.weight", _FIRST[kind], _LAST.get(kind, "decoder.fc_z.weight"))
    if any(name not in weights or weights[name].ndim == 0 for name in names):
        return PUBLISHED[kind]
    hidden, encoder = (int(weights[name].shape[0]) for name in names[:2])
    code = int(weights[names[2]].shape[-1 if kind == "nothing" else 0])
    there = sum(weight.numel() for weight in weights.values())
    if max(_LARGEST[kind] * encoder**2, hidden**2, hidden * code) > there:
        return PUBLISHED[kind]
    return Sizes(code, hidden, encoder, code if kind == "nothing" else 0)
