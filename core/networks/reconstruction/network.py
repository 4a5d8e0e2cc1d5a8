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


@dataclass(frozen=True)
class Seen:
    """What is seen in a batch of pictures. classes: (B, K) how much of each mean shape. mean: (B, V, 3) their mixture.
    deformation: (B, V, 3), to be added. quaternion: (B, 4) of unit length, and raw before that. place: (B, 3) scale,
    and the centre in the picture. texture: (B, 3, 256, 256)."""

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
    """mean_vertices: (K, n, 3), the numbers of the mean shapes. faces: (F, 3). code: width of what is seen.

    symmetry: how numbers become vertices, of mean shapes and of deformations alike; None where they are vertices.
    """

    faces: Tensor

    def __init__(self, mean_vertices: Tensor, faces: Tensor, symmetry: Gather | None = None, code: int = 256) -> None:
        super().__init__()
        kinds = len(mean_vertices)
        self.mean_v = nn.Parameter(mean_vertices.clone())
        self.register_buffer("faces", faces.clone())
        self.symmetry: nn.Module = nn.Identity() if symmetry is None else Gathered(symmetry)
        self.encoder = PictureEncoder(code)
        self.shape_predictor = _Nested(DeformationDecoder(code + kinds))
        self.camera_predictor = nn.Sequential(nn.Dropout(0.1), linear_block(code, 64), nn.Linear(64, 7))
        self.class_classifier = nn.Sequential(linear_block(code, 64), nn.Linear(64, kinds), nn.Softmax(dim=1))
        self.albedo_predictor = _Nested(TextureDecoder())

    def forward(self, picture: Tensor) -> Seen:
        """picture (B, 3, 256, 256), normalised as for ImageNet → what is seen."""
        features, code = self.encoder(picture)
        classes = self.class_classifier(code)
        mean = self.symmetry(torch.einsum("bk,kvc->bvc", classes, self.mean_v))
        deformation = self.symmetry(self.shape_predictor.decoder(torch.cat([code, classes], dim=1), mean))
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
