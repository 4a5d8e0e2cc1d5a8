# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments by PyTorch3D, where it is installed: its rasteriser in place of ours, all else the same."""

from __future__ import annotations

from importlib import import_module

import torch
from torch import Tensor

from .rasterise import Fragments, Softness, parts_seen
from .triangles import Triangles

FACES_PER_PIXEL = 16
"""How many of the nearest faces a pixel keeps."""


def fragments_of(triangles: Triangles, size: int, softness: Softness) -> Fragments:
    """As `rasterise.fragments_of`, of the nearest faces of each pixel. Its x axis points to the left."""
    order = torch.argsort(triangles.picture, stable=True)
    corners = triangles.corners[order]
    count = torch.bincount(triangles.picture, minlength=triangles.pictures).tolist()
    left = corners * corners.new_tensor([-1.0, 1.0, 1.0])
    index = torch.arange(3 * len(order), device=order.device).reshape(-1, 3)
    meshes = import_module("pytorch3d.structures").Meshes(
        verts=[piece.reshape(-1, 3) for piece in torch.split(left, count)], faces=[index[:number] for number in count]
    )
    rasterise = import_module("pytorch3d.renderer.mesh.rasterize_meshes").rasterize_meshes
    found: tuple[Tensor, Tensor, Tensor, Tensor] = rasterise(
        meshes,
        image_size=size,
        blur_radius=softness.margin,
        faces_per_pixel=FACES_PER_PIXEL,
        perspective_correct=True,
        clip_barycentric_coords=True,
    )
    face, depth, weights, squared = found
    hit = face >= 0
    pixels = torch.arange(face[..., 0].numel(), device=face.device).reshape(face.shape[:-1])
    which = order[face[hit]]
    kept = weights[hit]
    if triangles.parts is not None:
        kept = (kept[:, None] @ triangles.parts[which])[:, 0]
    cover = torch.sigmoid(-squared[hit] / softness.sigma)
    part = parts_seen(triangles, size)[which] * depth[hit].detach() ** 3
    pixel = pixels[..., None].expand_as(face)[hit]
    return Fragments(pixel, triangles.picture[which], triangles.face[which], cover, kept, depth[hit], part)
