# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide the network is. All of it but one layer is convolutional, so that it can see small pictures, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ...errors import CheckpointError, InvalidParameter

COARSEST = 64
"""Pixels of the picture for each cell of what the encoder makes of it."""


@dataclass(frozen=True)
class Sizes:
    """The defaults are as published.

    picture: pixels along an edge, a multiple of 64; the texture has as many. trunk: channels of the first layer of the
    encoder. features: of what it makes of the picture. code: numbers that say what is seen. head: hidden width of the
    camera's and the classes' layers. hidden: width of the deformation decoder. texture: channels of the texture
    decoder's last layers. Raises `InvalidParameter` for sizes that cannot be.
    """

    picture: int = 256
    trunk: int = 64
    features: int = 256
    code: int = 256
    head: int = 64
    hidden: int = 512
    texture: int = 16

    def __post_init__(self) -> None:
        if min(self.trunk, self.features, self.code, self.head, self.hidden, self.texture) < 1:
            raise InvalidParameter("A width of the network is less than 1.", "Give 1 or more.")
        if self.picture < COARSEST or self.picture % COARSEST:
            raise InvalidParameter(
                f"The network cannot see pictures of {self.picture} pixels.", f"Give a multiple of {COARSEST}."
            )

    @property
    def cells(self) -> int:
        """Along an edge of the features."""
        return self.picture // COARSEST


def sizes_of(weights: Mapping[str, Tensor]) -> Sizes:
    """The sizes that weights tell. Raises `CheckpointError` where they are those of no network of this kind."""
    try:
        features = weights["encoder.enc_conv1.0.weight"].shape[0]
        code, flat = weights["encoder.enc_feat_flat.0.weight"].shape
        cells = round((flat / features) ** 0.5)
        found = Sizes(
            picture=COARSEST * cells,
            trunk=weights["encoder.resnet_conv.resnet.conv1.weight"].shape[0],
            features=features,
            code=code,
            head=weights["class_classifier.0.0.weight"].shape[0],
            hidden=weights["shape_predictor.decoder.lin0.bias"].shape[0],
            texture=weights["albedo_predictor.decoder.conv_img.weight"].shape[1],
        )
    except KeyError as error:
        raise CheckpointError(
            f"The file is not for this model: {error.args[0]} is missing.", "Choose another file."
        ) from error
    except (ValueError, ZeroDivisionError, IndexError, InvalidParameter) as error:
        raise CheckpointError("These are not the weights of this network.", "Choose another file.") from error
    if cells * cells * features != flat:
        raise CheckpointError("The layers of these weights do not fit together.", "Choose another file.")
    return found
