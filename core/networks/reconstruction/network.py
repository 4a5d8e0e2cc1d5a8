# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole network: a picture → a bent mean shape, its camera and its texture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...symmetry.gather import Gather
from .gathered import Gathered
from .parts import DeformationDecoder, PictureEncoder, TextureDecoder, linear_block
from .sizes import Sizes


@dataclass(frozen=True)
class Seen:
    """What is seen in a batch of pictures. classes: (B, K) how much of each mean shape. mean: (B, V, 3) their mixture.
    deformation: (B, V, 3), to be added. quaternion: (B, 4) of unit length, and raw before that. place: (B, 3) scale,
    and the centre in the picture. texture: (B, 3, 256, 256), or as the sizes say."""

    code: Tensor
    classes: Tensor
    mean: Tensor
    deformation: Tensor
    quaternion: Tensor
    raw_quaternion: Tensor
    place: Tensor
    texture: Tensor

    @property
    def vertices(self) -> Tensor:
        """(B, V, 3) the bent shapes."""
        return self.mean + self.deformation


class _Nested(nn.Module):
    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder


class MeanShapeNetwork(nn.Module):
    """mean_vertices: (K, n, c), the numbers of the mean shapes. faces: (F, 3). sizes: as published where left out.

    symmetry: how numbers become vertices, of mean shapes and of deformations alike; None where they are vertices.
    """

    faces: Tensor

    def __init__(
        self, mean_vertices: Tensor, faces: Tensor, symmetry: Gather | None = None, sizes: Sizes | None = None
    ) -> None:
        super().__init__()
        chosen, kinds = sizes or Sizes(), len(mean_vertices)
        code, head = chosen.code, chosen.head
        self.sizes = chosen
        self.mean_v = nn.Parameter(mean_vertices.clone())
        self.register_buffer("faces", faces.clone())
        self.symmetry = None if symmetry is None else Gathered(symmetry)
        self.encoder = PictureEncoder(chosen)
        self.shape_predictor = _Nested(DeformationDecoder(code + kinds, chosen.hidden))
        self.camera_predictor = nn.Sequential(nn.Dropout(0.1), linear_block(code, head), nn.Linear(head, 7))
        self.class_classifier = nn.Sequential(linear_block(code, head), nn.Linear(head, kinds), nn.Softmax(dim=1))
        self.albedo_predictor = _Nested(TextureDecoder(chosen))

    def forward(self, picture: Tensor) -> Seen:
        """picture (B, 3, 256, 256), normalised as for ImageNet → what is seen."""
        features, code = self.encoder(picture)
        classes = self.class_classifier(code)
        mean = rows = torch.einsum("bk,kvc->bvc", classes, self.mean_v)
        places = rows
        if self.symmetry is not None:
            mean = self.symmetry(rows)
            places = self.symmetry.places(rows, mean)
        deformation = self.shape_predictor.decoder(torch.cat([code, classes], dim=1), places)
        if self.symmetry is not None:
            deformation = self.symmetry(deformation[..., : self.symmetry.n_columns])
        camera = self.camera_predictor(code)
        raw = torch.tanh(camera[:, :4])
        return Seen(
            code=code,
            classes=classes,
            mean=mean,
            deformation=deformation,
            quaternion=functional.normalize(raw, dim=1),
            raw_quaternion=raw,
            place=camera[:, 4:],
            texture=self.albedo_predictor.decoder(features),
        )
