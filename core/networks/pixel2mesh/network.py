# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel2Mesh: a picture → the template, bent in three stages."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .encoder import PictureDecoder, PictureEncoder
from .graph import Deformation, GraphConvolution, unpooled
from .pooling import Camera, pooled
from .template import Template


@dataclass(frozen=True)
class Stages:
    """bent: vertices (B, V, 3) after each stage, before `Camera.offset` is added. before: what each stage began with.
    picture: the picture rebuilt (B, 3, 224, 224), where the network can."""

    bent: tuple[Tensor, ...]
    before: tuple[Tensor, ...]
    picture: Tensor | None


class Pixel2Mesh(nn.Module):
    """template: what is bent, with as many stages as it has levels. hidden, last: widths of the graph convolutions.

    activated: with rectified units between the convolutions, and before the last one.
    """

    edges: list[Tensor]

    def __init__(
        self,
        template: Template,
        camera: Camera | None = None,
        *,
        encoder: nn.Module | None = None,
        hidden: int = 192,
        last: int = 192,
        activated: bool = True,
    ) -> None:
        super().__init__()
        self.camera = camera or Camera()
        self.activated = activated
        self.init_pts = nn.Parameter(torch.from_numpy(template.vertices).float())
        self.nn_encoder = encoder or PictureEncoder(lopsided=self.camera.sampling == "tensorflow")
        channels: tuple[int, ...] = self.nn_encoder.channels  # type: ignore[assignment]
        seen = 3 + sum(channels)
        levels, final = template.levels, len(template.levels) - 1
        self.gcns = nn.ModuleList(
            Deformation(seen + (hidden if n else 0), hidden, last if n == final else 3, level, activated=activated)
            for n, level in enumerate(levels)
        )
        self.gconv = GraphConvolution(last, 3, levels[-1])
        self.nn_decoder = PictureDecoder() if isinstance(self.nn_encoder, PictureEncoder) else None
        for number, level in enumerate(levels):
            self.register_buffer(f"edges{number}", torch.from_numpy(level.edges), persistent=False)

    def forward(self, picture: Tensor) -> Stages:
        """picture (B, 3, 224, 224) → the stages."""
        features = self.nn_encoder(picture)
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
