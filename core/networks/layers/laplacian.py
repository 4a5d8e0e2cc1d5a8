# SPDX-License-Identifier: GPL-3.0-or-later
"""How far vertices are from the middle of their neighbours."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform_laplacian(vertices: Tensor, edges: Tensor, degree: Tensor) -> Tensor:
    """(B, V, 3) each vertex of (B, V, 3) less the mean of its neighbours.

    edges: (E, 2), each once. degree: (V,) how many neighbours each has, at least 1.
    """
    ends = torch.cat([edges, edges.flip(1)])
    total = torch.zeros_like(vertices).index_add(1, ends[:, 0], vertices[:, ends[:, 1]])
    return vertices - total / degree[:, None]
