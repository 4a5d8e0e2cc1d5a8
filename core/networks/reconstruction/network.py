# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole network: a picture → a bent mean shape, its camera and its texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...mesh import IntArray
from ...symmetry.gather import Gather
from .gathered import Gathered
from .parts import DeformationDecoder, PictureEncoder, TextureDecoder, linear_block
from .schemes import Scheme
from .sizes import Sizes

RADIUS = 0.25
"""Of the spheres that mean shapes begin as."""
DROPOUTS = (0.5, 0.2)
"""Before the camera's layers, and after those of the deformation, as published."""
_FIRST_SCALE, _FIRST_TURN = 0.8, 0.5


@dataclass(frozen=True)
class Seen:
    """What is seen in a batch of pictures.

    code: (B, code). classes: (B, K) how much of each mean shape. mean: (B, V, 3) their mixture. deformation: (B, V, 3),
    to be added. quaternion: (B, 4) of unit length, real part first, and raw before that. place: (B, 3) scale, and the
    centre in the picture: see `camera`. texture: (B, 3, S, S) sRGB in [0, 1], row 0 at +z; or (B, 3, S, S / 2).
    """

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
    """mean_vertices: (K, n, 3), the numbers of the mean shapes, or (K, n, 2) those of profiles. faces: (F, 3).

    symmetry: how numbers become vertices, of mean shapes and of deformations alike; None where they are vertices.
    acts: see `Scheme`. sizes: the widths; None for the published ones. mirrored: the texture is one half, for both.
    dropouts: see `DROPOUTS`. seamless, steps: see `TextureDecoder`.
    """

    faces: Tensor

    def __init__(
        self,
        mean_vertices: Tensor,
        faces: Tensor,
        symmetry: Gather | None = None,
        acts: IntArray | None = None,
        *,
        sizes: Sizes | None = None,
        mirrored: bool = False,
        dropouts: tuple[float, float] = DROPOUTS,
        seamless: bool = False,
        steps: str = "bilinear",
    ) -> None:
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        kinds, _, columns = mean_vertices.shape
        code = sizes.code
        self.mean_v = nn.Parameter(mean_vertices.detach().clone())
        self.register_buffer("faces", faces.detach().clone())
        self.symmetry = None if symmetry is None else Gathered(symmetry, acts)
        self.encoder = PictureEncoder(code, sizes.trunk, sizes.features, sizes.cells)
        self.shape_predictor = _Nested(DeformationDecoder(code + kinds, columns, sizes.hidden, dropouts[1]))
        self.camera_predictor = nn.Sequential(
            nn.Dropout(dropouts[0]), linear_block(code, sizes.head), nn.Linear(sizes.head, 7)
        )
        self.class_classifier = nn.Sequential(
            linear_block(code, sizes.head), nn.Linear(sizes.head, kinds), nn.Softmax(dim=1)
        )
        self.albedo_predictor = _Nested(
            TextureDecoder(sizes.texture, sizes.features, mirrored=mirrored, seamless=seamless, steps=steps)
        )

    @classmethod
    def of(
        cls,
        scheme: Scheme,
        kinds: int = 1,
        sizes: Sizes | None = None,
        *,
        mirrored: bool = False,
        dropouts: tuple[float, float] = DROPOUTS,
    ) -> Self:
        """A new network with `kinds` mean shapes, all of them spheres, and a camera that looks at them as they are."""
        rows = torch.from_numpy(scheme.sphere(RADIUS)).float()
        faces = torch.from_numpy(scheme.mesh.faces).long()
        network = cls(
            rows.expand(kinds, -1, -1),
            faces,
            scheme.gather,
            scheme.acts,
            sizes=sizes,
            mirrored=mirrored,
            dropouts=dropouts,
            seamless=True,
        )
        last: Any = network.camera_predictor[2]
        with torch.no_grad():
            last.bias.copy_(torch.tensor([_FIRST_TURN, 0.0, 0.0, 0.0, _FIRST_SCALE, 0.0, 0.0]))
        return network

    @property
    def outputs(self) -> int:
        """Numbers that the deformation of one picture has."""
        return self.mean_v[0].numel()

    def mean_shapes(self) -> Tensor:
        """(K, V, 3) the mean shapes."""
        return self.mean_v if self.symmetry is None else self.symmetry(self.mean_v)

    def forward(self, picture: Tensor) -> Seen:
        """picture (B, 3, S, S), normalised as for ImageNet → what is seen."""
        features, code = self.encoder(picture)
        classes = self.class_classifier(code)
        mean, deformation = self._shape(torch.cat([code, classes], dim=1), classes)
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

    def _shape(self, given: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """(B, V, 3) the mixture of the mean shapes, and how it is bent."""
        rows = torch.einsum("bk,kvc->bvc", classes, self.mean_v)
        if self.symmetry is None:
            return rows, self.shape_predictor.decoder(given, rows)
        mean = self.symmetry(rows)
        moved = self.shape_predictor.decoder(given, self.symmetry.places(rows, mean))
        return mean, self.symmetry(moved)
