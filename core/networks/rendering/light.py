# SPDX-License-Identifier: GPL-3.0-or-later
"""Light on a surface."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .rasterise import Fragments
from .texture import at_fragments


@dataclass(frozen=True)
class Light:
    """From everywhere, and from afar: ambient + directed · max(0, n · direction), n outwards.

    direction: towards the light, in the coordinates of the vertices, of length 1. smooth: normals change over faces.
    """

    ambient: float = 0.65
    directed: float = 0.38
    direction: tuple[float, float, float] = (0.0, 0.6, 0.8)
    smooth: bool = True

    def at(self, fragments: Fragments, vertices: Tensor, faces: Tensor) -> Tensor:
        """(n,) how bright the fragments of faces (F, 3) of vertices (V, 3) or (B, V, 3) are."""
        along = face_normals(vertices, faces)
        if self.smooth:
            normals = at_fragments(vertex_normals(vertices, faces), faces, fragments)
        elif along.ndim == 2:
            normals = along[fragments.face]
        else:
            normals = along[fragments.picture, fragments.face]
        return self.on(normals)

    def on(self, normals: Tensor) -> Tensor:
        """(…) how bright a surface with normals (…, 3) of any length is."""
        unit = functional.normalize(normals, dim=-1, eps=1e-20)
        return self.ambient + self.directed * (unit @ unit.new_tensor(self.direction)).clamp_min(0.0)


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(F, 3) or (B, F, 3), as long as twice the area."""
    a, b, c = (vertices[..., faces[:, k], :] for k in range(3))
    return torch.linalg.cross(b - a, c - a)


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(V, 3) or (B, V, 3): the normals of the faces around each vertex, by their areas; not of length 1."""
    along = face_normals(vertices, faces).repeat_interleave(3, dim=-2)
    return torch.zeros_like(vertices).index_add(-2, faces.reshape(-1), along)
