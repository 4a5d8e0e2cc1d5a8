# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop that fits a network to distances: Adam, a learning rate that falls to nothing, the order by seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import SphericalCowError
from ...progress import Progress, silent
from . import grid_kernels, table_optimiser
from .hash_grid import HashGrid
from .network import DistanceNetwork, relative_error
from .samples import Samples
from .settings import FitSettings

CLAMP = 0.1
"""Where the clamped loss cuts distances off, as DeepSDF does."""

_BETAS, _EPSILON = (0.9, 0.99), 1e-15
_RATES = {"hash": 7e-3, "mlp": 1e-3, "fourier": 1e-3, "siren": 2e-4, "deepsdf": 5e-4}
_BATCHES = {"cpu": 4_096}
_LARGE_BATCH = 65_536
"""Of a step: few points teach most, but on a graphics card each step costs the same whatever it holds."""

_LEAST_BATCH, _LEAST_STEPS = 256, 100
"""Few samples are cut into at least so many steps an epoch, or steps of so many points."""

_LEAST_RATE = 0.01
"""The last learning rate, as a part of the first."""


def mean_error(found: Tensor, truth: Tensor) -> Tensor:
    """Mean |found − truth|."""
    return (found - truth).abs().mean()


def clamped_error(found: Tensor, truth: Tensor) -> Tensor:
    """The same of distances that are cut off: what is far away needs no precision (Park et al. 2019)."""
    return (found.clamp(-CLAMP, CLAMP) - truth.clamp(-CLAMP, CLAMP)).abs().mean()


LOSS_FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mape": relative_error,
    "l1": mean_error,
    "clamped-l1": clamped_error,
}

Step = Callable[[Tensor, Tensor, float], float]
"""One step of the optimiser with points (B, 3), distances (B,) and a learning rate; gives the loss."""


def train(
    network: nn.Module, samples: Samples, settings: FitSettings, progress: Progress = silent
) -> tuple[float, ...]:
    """Fit the network to the samples, in place; gives the mean loss of each epoch.

    Raises `SphericalCowError` where the loss is no number any more, and what `progress` raises to cancel.
    """
    device = next(network.parameters()).device
    points = torch.from_numpy(samples.points).to(device)
    distances = torch.from_numpy(samples.distances).to(device)
    if isinstance(network, DistanceNetwork) and device.type == "cpu":
        step = _compiled_step(network, settings)
    else:
        step = _usual_step(network, settings)
    usual = min(_BATCHES.get(device.type, _LARGE_BATCH), max(_LEAST_BATCH, len(points) // _LEAST_STEPS))
    batch = settings.batch or usual
    schedule = _Schedule(settings.rate or _RATES[settings.network], settings.epochs * -(-len(points) // batch))
    losses, done = list[float](), 0
    for epoch in range(settings.epochs):
        total = 0.0
        for chosen in _order(len(points), batch, settings.seed, epoch):
            at = torch.from_numpy(chosen).to(device)
            loss = step(points[at], distances[at], schedule.rate(done))
            total += loss * len(chosen)
            done += 1
            progress(done / schedule.steps, f"Epoch {epoch + 1} of {settings.epochs}, loss {loss:.3g}")
        losses.append(total / len(points))
        if not math.isfinite(losses[-1]):
            raise SphericalCowError("The fit diverged: its loss is no number.", "Choose a lower learning rate.")
    return tuple(losses)


@dataclass(frozen=True)
class _Schedule:
    """The learning rate falls exponentially."""

    first: float
    steps: int

    def rate(self, step: int) -> float:
        return self.first * _LEAST_RATE ** (step / max(self.steps - 1, 1))


def _order(count: int, batch: int, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng([seed, 3, epoch]).permutation(count)
    for begin in range(0, count, batch):
        yield order[begin : begin + batch]


def _usual_step(network: nn.Module, settings: FitSettings) -> Step:
    measure = LOSS_FUNCTIONS[settings.measure]
    optimiser = torch.optim.Adam(network.parameters(), lr=1.0, betas=_BETAS, eps=_EPSILON)

    def step(points: Tensor, distances: Tensor, rate: float) -> float:
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        loss = measure(network(points), distances)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return float(loss.detach())

    return step


def _compiled_step(network: DistanceNetwork, settings: FitSettings) -> Step:
    """On the processor: the table has an optimiser that passes over the rows that no point of the step touched."""
    measure = LOSS_FUNCTIONS[settings.measure]
    layers = torch.optim.Adam(network.backbone.parameters(), lr=1.0, betas=_BETAS, eps=_EPSILON)
    grid: HashGrid = network.encoder
    table = grid.embeddings.detach().numpy()
    state = table_optimiser.TableState(table)
    offsets = grid.offsets.numpy().astype(np.int64)

    def step(points: Tensor, distances: Tensor, rate: float) -> float:
        layers.param_groups[0]["lr"] = rate
        layers.zero_grad()
        unit = np.ascontiguousarray((0.5 * (points + 1.0)).numpy())
        features = torch.from_numpy(grid_kernels.encode(unit, table, offsets, grid.scales, grid.smooth))
        loss = measure(network.decode(features.requires_grad_()), distances)
        loss.backward()  # type: ignore[no-untyped-call]
        layers.step()
        assert features.grad is not None
        grid_kernels.spread(unit, features.grad.numpy(), offsets, grid.scales, grid.smooth, state.gradient)
        state.step(table, rate, _BETAS, _EPSILON)
        return float(loss.detach())

    return step
