# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decoder and its codes learn from: samples of many shapes, drawn anew in each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....errors import InvalidMesh
from ....mesh import FloatArray
from ...distance.report import f1_score
from ...training.lesson import Lesson
from ..codes import ShapeCodes
from ..codes_file import own_facts
from ..samples import Samples
from ..settings import CodesSettings
from .decoder import DecoderNetwork

HELD_OUT = 16
"""One of so many samples is kept for the score."""

CODE_RATE = 2.0
"""The learning rate of the codes over that of the decoder."""


Places = tuple[FloatArray, FloatArray]


class CodesNetwork(nn.Module):
    """A decoder and the codes of shapes at `centres` (N, 3) with `scales` (N,), which are kept with them."""

    centres: Tensor
    scales: Tensor

    def __init__(self, settings: CodesSettings, centres: FloatArray, scales: FloatArray) -> None:
        super().__init__()
        self.bound = settings.bound
        self.decoder = DecoderNetwork(settings.layout, settings.dropout, settings.seed)
        generator = torch.Generator().manual_seed(settings.seed + 1)
        drawn = torch.randn(len(scales), settings.code, generator=generator)
        self.codes = nn.Parameter(drawn * settings.code**-0.5)
        self.register_buffer("centres", torch.from_numpy(np.array(centres, np.float64)))
        self.register_buffer("scales", torch.from_numpy(np.array(scales, np.float64)))

    def forward(self, shapes: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """shapes (B,) numbers of shapes, points (B, N, 3) → (distances (B, N), codes (B, C))."""
        codes = self.bounded()[shapes]
        return self.decoder(codes, points), codes

    def bounded(self) -> nn.Parameter:
        """The codes (N, C), none of them longer than the bound."""
        with torch.no_grad():
            self.codes.renorm_(2, 0, self.bound)
        return self.codes


class CodesLesson(Lesson):
    """A step takes a batch of shapes, half of the points of each inside."""

    network: CodesNetwork

    def __init__(
        self, samples: Sequence[Samples], names: Sequence[str], placed: Places, settings: CodesSettings
    ) -> None:
        """placed: (centres (N, 3), scales (N,)). Raises `InvalidMesh` for samples of which none is inside."""
        self.settings, self.names = settings, tuple(names)
        self.network = CodesNetwork(settings, *placed)
        self._inside, self._outside, self._kept = [], [], []
        for one in samples:
            rows = np.column_stack([one.points, one.distances]).astype(np.float32)
            rows = rows[np.random.default_rng(settings.seed).permutation(len(rows))]
            kept, learned = rows[::HELD_OUT], rows[np.arange(len(rows)) % HELD_OUT != 0]
            self._kept.append(kept)
            self._inside.append(learned[learned[:, 3] < 0.0])
            self._outside.append(learned[learned[:, 3] >= 0.0])
            if not len(self._inside[-1]) or not len(self._outside[-1]):
                raise InvalidMesh("A shape has too few samples inside.", "Take more samples, or a thicker shape.")

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.codes.device

    def facts(self) -> Mapping[str, str | float | bool]:
        """What makes a checkpoint a file of shape codes."""
        return own_facts(self.names)

    def result(self, **facts: Any) -> ShapeCodes:
        """What has been learned so far."""
        network = self.network
        centres, scales = network.centres.cpu().numpy().copy(), network.scales.cpu().numpy().copy()
        rows = network.bounded().detach().cpu().float().numpy().copy()
        return ShapeCodes(network.decoder.arrays(), rows, self.names, centres, scales, facts)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which each shape is looked at once."""
        return -(-len(self._kept) // self.settings.shapes)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.steps_per_epoch * self.settings.epochs

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """The decoder, and the codes with twice its learning rate."""
        return [
            {"params": list(self.network.decoder.parameters()), "lr": rate},
            {"params": [self.network.codes], "lr": CODE_RATE * rate},
        ]

    def batch(self, step: int, share: int = 0, shares: int = 1) -> Mapping[str, Tensor]:
        """What this process learns from in a step: `shapes` (B,), `points` (B, N, 3) and `distances` (B, N)."""
        epoch, part = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.settings.seed, epoch]).permutation(len(self._kept))
        places = np.arange(self.settings.shapes)[share::shares] + part * self.settings.shapes
        chosen = order[places % len(order)]  # from the beginning again where there are fewer shapes
        drawn = [self._drawn(int(shape), epoch, int(place)) for shape, place in zip(chosen, places, strict=True)]
        rows = torch.from_numpy(np.stack(drawn))
        return {"shapes": torch.from_numpy(chosen), "points": rows[..., :3], "distances": rows[..., 3]}

    def _drawn(self, shape: int, epoch: int, place: int) -> NDArray[np.float32]:
        """(N, 4) samples of a shape, half of them inside."""
        random = np.random.default_rng([self.settings.seed, epoch, place])
        half = self.settings.per_shape // 2
        sides = (self._outside[shape], self._inside[shape])
        return np.concatenate([side[random.integers(0, len(side), half)] for side in sides])

    def loss(self, batch: Mapping[str, Tensor], step: int) -> Tensor:
        """The mean of |difference| of clamped distances, and what the lengths of the codes cost."""
        epoch, limit = step // self.steps_per_epoch, self.settings.clamp
        with _seeded(self.settings.seed, step, self.settings.dropout > 0.0):
            found, codes = self.network(batch["shapes"], batch["points"])
        error = (found.clamp(-limit, limit) - batch["distances"].clamp(-limit, limit)).abs().mean()
        return error + self.settings.regularisation * self.settings.warming(epoch) * codes.norm(dim=1).mean()

    def score(self) -> float:
        """The mean over the shapes of the F1 score of what is inside, on samples that were kept back."""
        return float(np.mean([one.f1 for one in self.accuracies()]))

    def accuracies(self) -> list[Accuracy]:
        """How well each shape is met on its samples that were kept back."""
        training = self.network.training
        self.network.eval()
        found = []
        with torch.no_grad():
            for shape, rows in enumerate(self._kept):
                values = torch.from_numpy(rows).to(self.device)
                number = torch.tensor([shape], device=self.device)
                guess = self.network(number, values[None, :, :3])[0][0].cpu().numpy()
                found.append(accuracy(guess, rows[:, 3], self.settings.clamp))
        self.network.train(training)
        return found


@dataclass(frozen=True)
class Accuracy:
    """f1: of what is inside, in [0, 1]. error: mean |difference| of clamped distances, in the decoder's own units."""

    f1: float
    error: float


def accuracy(found: NDArray[Any], truth: NDArray[Any], clamp: float) -> Accuracy:
    """How well distances (N,) are met."""
    error = np.abs(np.clip(found, -clamp, clamp) - np.clip(truth, -clamp, clamp)).mean()
    return Accuracy(f1_score(found < 0.0, truth < 0.0), float(error))


@contextmanager
def _seeded(seed: int, step: int, needed: bool) -> Iterator[None]:
    """Within, what PyTorch draws depends on the step alone; afterwards it goes on as before."""
    if not needed:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed((seed << 32) + step)
        yield
