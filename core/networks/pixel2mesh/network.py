# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel2Mesh: a picture → the template, bent in three stages."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import InvalidParameter
from ..layers.resnet import normalised
from .encoder import PictureDecoder, PictureEncoder, ResidualEncoder
from .graph import Deformation, GraphConvolution, unpooled
from .pooling import SAMPLINGS, pooled
from .template import Template
from .variants import Variant


@dataclass(frozen=True)
class Stages:
    """bent: vertices (B, V, 3) after each stage, before `Camera.offset` is added. before: what each stage began with.
    picture: the picture rebuilt (B, 3, 224, 224), where the network can."""

    bent: tuple[Tensor, ...]
    before: tuple[Tensor, ...]
    picture: Tensor | None


class Pixel2Mesh(nn.Module):
    """A network of a `Variant` that bends a template, with as many stages as that has levels.

    `faces`, `view` and `marks` keep in a checkpoint what weights do not tell: the coarsest triangles; focal length,
    centre, offset and size of the camera; how features are read, and the two switches of the variant.
    """

    faces: Tensor
    view: Tensor
    marks: Tensor

    def __init__(self, template: Template, variant: Variant | None = None) -> None:
        super().__init__()
        self.variant = v = variant or Variant()
        self.template, self.camera = template, v.camera
        self.init_pts = nn.Parameter(torch.from_numpy(template.vertices).float(), requires_grad=False)
        encoder = ResidualEncoder(v.width) if v.encoder == "resnet50" else None
        self.nn_encoder = encoder or PictureEncoder(v.width, lopsided=v.camera.sampling == "tensorflow")
        self.nn_decoder = PictureDecoder(v.width) if v.rebuilds and encoder is None else None
        self.activated = v.activated
        hidden, seen = v.hidden, 3 + sum(self.nn_encoder.channels)
        levels, final = template.levels, len(template.levels) - 1
        self.gcns = nn.ModuleList(
            Deformation(seen + (hidden if n else 0), hidden, v.last if n == final else 3, level, activated=v.activated)
            for n, level in enumerate(levels)
        )
        self.gconv = GraphConvolution(v.last, 3, levels[-1])
        for number, level in enumerate(levels):
            self.register_buffer(f"edges{number}", torch.from_numpy(level.edges), persistent=False)
        camera = v.camera
        view = (camera.focal, camera.centre, *camera.offset, camera.size)
        self.register_buffer("faces", torch.from_numpy(levels[0].faces))
        self.register_buffer("view", torch.tensor(view, dtype=torch.float64))
        self.register_buffer("marks", torch.tensor([SAMPLINGS.index(camera.sampling), v.activated, v.normalised]))

    def forward(self, picture: Tensor) -> Stages:
        """picture (B, 3, 224, 224) in [0, 1] → the stages. Raises `InvalidParameter` for pictures of another size."""
        size = self.camera.size
        if picture.ndim != 4 or picture.shape[1:] != (3, size, size):
            raise InvalidParameter(
                f"Pictures of the shape {tuple(picture.shape)} are not what this network sees.",
                f"Give (B, 3, {size}, {size}).",
            )
        features = self.nn_encoder(self.prepared(picture))
        vertices = self.init_pts[None].expand(len(picture), -1, -1)
        bent, before, hidden = [], [], vertices[:, :, :0]
        for number, block in enumerate(self.gcns):
            x = torch.cat([pooled(vertices, features, self.camera), hidden], dim=2)
            if number:
                edges = self.get_buffer(f"edges{number - 1}")
                x, vertices = unpooled(x, edges), unpooled(vertices, edges)
            before.append(vertices)
            vertices, hidden = block(x)
            if number == len(self.gcns) - 1:
                vertices = self.gconv(torch.relu(vertices) if self.activated else vertices)
            bent.append(vertices)
        picture_again = self.nn_decoder(features) if self.nn_decoder is not None else None
        return Stages(tuple(bent), tuple(before), picture_again)

    def prepared(self, picture: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in [0, 1] as the encoder takes them."""
        return normalised(picture) if self.variant.normalised else picture
