# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape in a small occupancy decoder: what a network can keep of it, without an encoder."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...alignment.similarity import Similarity
from ...errors import InvalidParameter
from ...fields.extraction import Extraction, extract
from ...fields.multiresolution import Box
from ...geometry.inside import contains
from ...geometry.sampling import sample_surface
from ...mesh import FloatArray, Mesh
from ...progress import Progress, part, silent
from ..inputs.points import unit_cube
from .decoder import ConditionalDecoder, PointFunction
from .field import field_of, gradient_of
from .network import PADDING

CODE = 4
"""Length of the code of the shape, which is random and stays."""

SETTLED = 0.03
"""After this part of the steps the normalisation keeps its means, so that the network learns with what it will use."""

FINER = 3.0
"""How much steeper the first layer begins than PyTorch makes it: coordinates of a unit cube are small numbers."""


@dataclass(frozen=True)
class OverfitSettings:
    """hidden: channels of the decoder. steps, batch, rate: of Adam, whose rate rises and falls once. points: in the
    box, and as many near the surface, at distances of `spread` of the longest side. seed: of all that is random."""

    hidden: int = 64
    steps: int = 600
    batch: int = 2048
    rate: float = 5e-3
    points: int = 100_000
    spread: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.hidden, self.batch, self.points) < 1 or self.steps < 20 or not 0.0 < self.rate < 1.0:
            raise InvalidParameter("These settings cannot be learned with.", "Give 20 steps or more, and sizes of 1.")


@dataclass(frozen=True)
class Overfitted:
    """A decoder with the shape in it. placement: where its cube lies in the coordinates of the mesh."""

    decoder: ConditionalDecoder
    code: Tensor
    placement: Similarity
    loss: float
    seconds: float

    @property
    def parameters(self) -> int:
        """Numbers in the network."""
        return sum(parameter.numel() for parameter in self.decoder.parameters())

    def inside(self, points: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(N,) whether points (N, 3) in the coordinates of the mesh are inside: more likely than not."""
        field = field_of(self._function(), torch.device("cpu"))
        return np.asarray(field(self.placement.inverse.apply(np.asarray(points, np.float64))) > 0.0)

    def mesh(self, extraction: Extraction | None = None, progress: Progress = silent) -> Mesh:
        """The surface, in the coordinates of the mesh."""
        function, device = self._function(), torch.device("cpu")
        own = extract(
            field_of(function, device),
            Box(size=1.0 + PADDING),
            0.0,
            extraction,
            gradient_of(function, device),
            progress,
        )
        return self.placement.apply_to(own)

    def _function(self) -> PointFunction:
        with torch.no_grad():
            return self.decoder.folded(None, self.code)


def overfit(mesh: Mesh, settings: OverfitSettings | None = None, progress: Progress = silent) -> Overfitted:
    """Teach a decoder one closed mesh, with cross-entropy, from points in the padded cube and near the surface.

    The same mesh, settings and machine give the same network. Raises `InvalidMesh` for a mesh without an inside.
    """
    chosen, begin = settings or OverfitSettings(), time.perf_counter()
    placement = unit_cube(mesh)
    own = placement.inverse.apply_to(mesh)
    progress(0.0, "Finding out which points are inside")
    points, inside = _samples(own, chosen)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(chosen.seed)
        decoder, code = ConditionalDecoder(CODE, chosen.hidden), torch.randn(1, CODE)
    with torch.no_grad():
        decoder.fc_p.weight.mul_(FINER)
    loss = _learn(decoder, code, points, inside, chosen, part(progress, 0.1, 1.0))
    return Overfitted(decoder.eval(), code, placement, loss, time.perf_counter() - begin)


def _samples(mesh: Mesh, settings: OverfitSettings) -> tuple[Tensor, Tensor]:
    """Points (2 n, 3), first those in the box, and 1 or 0 (2 n,)."""
    random = np.random.default_rng(settings.seed)
    volume = (1.0 + PADDING) * (random.random((settings.points, 3)) - 0.5)
    near = sample_surface(mesh, settings.points, settings.seed)[0]
    points = np.concatenate([volume, near + settings.spread * random.standard_normal(near.shape)])
    inside = contains(mesh, points)
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(inside.astype(np.float32))


def _learn(
    decoder: ConditionalDecoder,
    code: Tensor,
    points: Tensor,
    inside: Tensor,
    settings: OverfitSettings,
    progress: Progress,
) -> float:
    """Train in place; the loss of the last step."""
    random = torch.Generator().manual_seed(settings.seed)
    optimiser = torch.optim.Adam(decoder.parameters(), settings.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=settings.steps, pct_start=0.1)
    decoder.train()
    loss = torch.zeros(())
    for step in range(settings.steps):
        progress(step / settings.steps, f"Learning the shape, step {step} of {settings.steps}")
        if step == int(SETTLED * settings.steps):
            decoder.eval()
        drawn = torch.randint(len(points), (settings.batch,), generator=random)
        log_odds = decoder(points[drawn][None], None, code)[0]
        loss = nn.functional.binary_cross_entropy_with_logits(log_odds, inside[drawn])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return float(loss.detach())
