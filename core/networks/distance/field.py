# SPDX-License-Identifier: GPL-3.0-or-later
"""A fitted distance field, asked in the units of the mesh that it was fitted to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ...fields.extraction import Extraction, extract
from ...fields.multiresolution import Box
from ...mesh import FloatArray, Mesh
from ...progress import Progress, silent
from ..runtime import in_words
from .network import DistanceNetwork
from .placement import Placement
from .quickest import quickest
from .report import FitReport
from .settings import FitSettings

_BATCH = 1 << 16
DEFAULT_EXTRACTION = Extraction(resolution=256)

_STEEPEST = 2.0
"""How much a fitted field is taken to change at most over a length of 1, so that nothing thin is missed."""


def ready(network: nn.Module, device: str) -> nn.Module:
    """The network on a device, to be asked; on a graphics card its table is in half precision."""
    network = network.to(device).eval().requires_grad_(False)
    if isinstance(network, DistanceNetwork) and torch.device(device).type != "cpu":
        network.encoder.embeddings.data = network.encoder.embeddings.data.half()
    return network


@dataclass(frozen=True)
class FittedField:
    """A network with its placement; distances are negative inside.

    settings, report: how it was fitted, and how well; None where a file does not tell. source: the name of the mesh.
    """

    network: nn.Module
    placement: Placement
    settings: FitSettings | None = None
    report: FitReport | None = None
    source: str = ""

    @property
    def box(self) -> Box:
        """The cube that the field was fitted in, in the units of the source."""
        return self.placement.box

    @property
    def parameters(self) -> int:
        """How many numbers the network has."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def distance(self, points: FloatArray) -> FloatArray:
        """(N,) distances of points (N, 3), in their units. Beyond the cube: that of the nearest point of the cube, and
        from there."""
        own = self.placement.to_own(np.asarray(points).reshape(-1, 3))
        parts = [self._own_distance(own[begin : begin + _BATCH]) for begin in range(0, len(own), _BATCH)]
        return np.concatenate([np.zeros(0), *parts]) / self.placement.scale

    def gradient(self, points: FloatArray) -> FloatArray:
        """(N, 3) the derivative of `distance` by the points: about the outward normal, of about unit length."""
        own = self.placement.to_own(np.asarray(points).reshape(-1, 3))
        parts = [self._own_gradient(own[begin : begin + _BATCH]) for begin in range(0, len(own), _BATCH)]
        return np.concatenate([np.zeros((0, 3)), *parts])

    def mesh(self, extraction: Extraction | None = None, level: float = 0.0, progress: Progress = silent) -> Mesh:
        """The closed surface at the distance `level` (in the units of the source); no faces where there is none."""
        box = Box(self.box.centre, self.box.size + 2.0 * max(level, 0.0))
        return extract(
            lambda points: -self.distance(points),
            box,
            -level,
            extraction or DEFAULT_EXTRACTION,
            gradient=lambda points: -self.gradient(points),
            progress=progress,
            lipschitz=_STEEPEST,
        )

    @cached_property
    def _ask(self) -> Callable[[Tensor], Tensor]:
        return quickest(self.network)

    def _tensor(self, own: FloatArray) -> tuple[Tensor, Tensor]:
        """Points in the cube, and how far (N,) each was beyond it."""
        inside = np.clip(own, -1.0, 1.0)
        beyond = np.linalg.norm(own - inside, axis=1).astype(np.float32)
        device = next(self.network.parameters()).device
        return torch.from_numpy(inside.astype(np.float32)).to(device), torch.from_numpy(beyond).to(device)

    def _own_distance(self, own: FloatArray) -> FloatArray:
        with in_words(), torch.no_grad():
            points, beyond = self._tensor(own)
            return (self._ask(points) + beyond).double().cpu().numpy()

    def _own_gradient(self, own: FloatArray) -> FloatArray:
        with in_words(), torch.enable_grad():
            points, _ = self._tensor(own)
            points.requires_grad_()
            (slope,) = torch.autograd.grad(self.network(points).sum(), points)
        inside = np.clip(own, -1.0, 1.0)
        away = own - inside
        length = np.linalg.norm(away, axis=1, keepdims=True)
        result = np.where(own == inside, slope.double().cpu().numpy(), 0.0)
        return result + np.divide(away, length, out=np.zeros_like(away), where=length > 0.0)
