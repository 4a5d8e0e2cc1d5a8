# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh moved onto the surface that a network sees, as published (Mescheder et al. 2019, section 3.3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...mesh import Mesh
from ...progress import Progress, silent
from .decoder import PointFunction

STEPS = 30
LEARNING_RATE = 1e-4
NORMAL_WEIGHT = 0.01
CONCENTRATION = 0.5
"""Of the Dirichlet distribution of the points on faces: more of them near corners and edges than in the middle."""


def refine(
    mesh: Mesh,
    log_odds: PointFunction,
    probability: float,
    steps: int = STEPS,
    *,
    device: torch.device | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Mesh:
    """The mesh after `steps` steps of RMSprop that move its vertices; its faces stay, and a closed mesh stays closed.

    A random point is drawn on each face at each step. The loss is the mean squared difference of the probability there
    from `probability`, and 0.01 times that of the face's normal from the direction in which the probability falls.
    log_odds: points (N, 3) → (N,), differentiable twice.
    """
    if not mesh.n_faces:
        return mesh
    vertices = torch.nn.Parameter(torch.from_numpy(mesh.vertices.astype(np.float32)).to(device))
    faces = torch.from_numpy(mesh.faces).to(device)
    optimiser = torch.optim.RMSprop([vertices], lr=LEARNING_RATE)
    draw = np.random.RandomState(seed)  # the generator that the authors draw from
    for step in range(steps):
        progress(step / steps, "Moving the vertices onto the surface")
        weights = draw.dirichlet((CONCENTRATION,) * 3, len(faces)).astype(np.float32)
        optimiser.zero_grad()
        loss = _loss(vertices[faces], torch.from_numpy(weights).to(device), log_odds, probability)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return mesh.with_vertices(vertices.detach().cpu().numpy())


def _loss(corners: Tensor, weights: Tensor, log_odds: PointFunction, probability: float) -> Tensor:
    """corners (F, 3, 3), weights (F, 3) of the points on the faces."""
    points = (corners * weights[..., None]).sum(dim=1)
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1])
    value = torch.sigmoid(log_odds(points))
    slope = torch.autograd.grad(value.sum(), points, create_graph=True)[0]
    away = (_unit(normal) + _unit(slope)).square().sum(dim=1).mean()
    return (value - probability).square().mean() + NORMAL_WEIGHT * away


def _unit(vectors: Tensor) -> Tensor:
    return vectors / (vectors.norm(dim=1, keepdim=True) + 1e-10)
