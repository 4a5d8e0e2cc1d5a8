# SPDX-License-Identifier: GPL-3.0-or-later
"""What an Occupancy Network learns from, as published: random points in the padded box, and what it sees of a shape.

Everything random is drawn for an example by its number since the beginning of the training, so that it does not matter
which process or thread asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...datasets.images import squeezed_input
from ...datasets.layout import Dataset, ModelFolder
from ...errors import DatasetError, InvalidParameter
from ..evaluation.scores import overlap
from ..training.config import TrainingConfig, options_of
from ..training.examples import Cache, listed, shuffled
from ..training.lesson import Lesson
from .network import THRESHOLD, OccupancyNetwork, log_odds
from .sizes import PUBLISHED, VOXELS, Kind

Array = NDArray[Any]

SMALLER = {"full": 1, "half": 2, "small": 4, "tiny": 16}
"""What the published widths are divided by."""

_VALIDATED_AT_ONCE = 100_000
_IDLE = ("fc_p.bias", "fc_0.bias", "fc_1.bias")
_EXAMPLE, _VALIDATION = 1, 2


@dataclass(frozen=True)
class OccupancyOptions:
    """The table `options` of an Occupancy Network; the defaults are as published.

    size: widths of all layers, one of `SMALLER`. classes: folders of the dataset; all where empty. points: drawn for
    each example. cloud, noise: points of the surface that the network sees, and the standard deviation of the noise on
    them. train, validation: lists of the dataset. overfit: validate on what is learned from. validation_points,
    validation_shapes: at most so many points of a shape, and so many shapes.
    """

    size: str = "full"
    classes: tuple[str, ...] = ()
    points: int = 2048
    cloud: int = 300
    noise: float = 0.005
    train: str = "train"
    validation: str = "val"
    overfit: bool = False
    validation_points: int = 100_000
    validation_shapes: int = 1_000

    def __post_init__(self) -> None:
        if self.size not in SMALLER:
            raise InvalidParameter(f"There is no size {self.size!r}.", f"Choose from {', '.join(SMALLER)}.")
        if min(self.points, self.cloud, self.validation_points, self.validation_shapes) < 1 or self.noise < 0.0:
            raise InvalidParameter("Counts of the options are less than 1, or the noise is.", "Give 1 or more.")


class OccupancyLesson(Lesson):
    """The lesson of one of the four kinds.

    Raises `DatasetError` where the dataset lacks what the kind needs, as soon as it is opened.
    """

    def __init__(self, kind: Kind, config: TrainingConfig) -> None:
        self.options = options_of(config, OccupancyOptions)
        self.config, self.kind = config, kind
        self.dataset = Dataset(config.dataset)
        classes = self.options.classes
        self.shapes = listed(self.dataset, self.options.train, classes)
        held = self.shapes if self.options.overfit else listed(self.dataset, self.options.validation, classes)
        self.held = held[: self.options.validation_shapes]
        self._cache = Cache()
        published, divisor = PUBLISHED[kind], SMALLER[self.options.size]
        self.sizes = replace(published, **{name: math.ceil(width / divisor) for name, width in vars(published).items()})
        for model in (self.shapes[0], self.held[0]):
            self._points(model)
            self._seen(model, np.random.default_rng(0))
        self.network = OccupancyNetwork(kind, self.sizes)
        _keep_idle_biases(self.network)

    def facts(self) -> Mapping[str, str | float | bool]:
        """How much there is to learn from, and how wide the network is."""
        return {"shapes": len(self.shapes), "widths": ", ".join(map(str, astuple(self.sizes)))}

    def batch(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        """points (B, N, 3), occupancy (B, N), and inputs or the noise of the latent codes."""
        count = self.config.batch // shares
        first = step * self.config.batch + share * count
        examples = [self._example(number) for number in range(first, first + count)]
        return {name: torch.from_numpy(np.stack([one[name] for one in examples])) for name in examples[0]}

    def _example(self, number: int) -> dict[str, Array]:
        """Each shape comes once in a round, in an order of its own."""
        seed = self.config.seed
        shape = self.shapes[shuffled(seed, number, len(self.shapes))]
        return self._drawn(shape, np.random.default_rng((seed, _EXAMPLE, number)))

    def _drawn(self, model: ModelFolder, rng: np.random.Generator) -> dict[str, Array]:
        points, inside = self._points(model)
        chosen = rng.integers(len(points), size=self.options.points)
        drawn = {"points": points[chosen], "occupancy": inside[chosen].astype(np.float32)}
        return {**drawn, **self._seen(model, rng)}

    def _seen(self, model: ModelFolder, rng: np.random.Generator) -> dict[str, Array]:
        """What the network is given of a shape: one random view, or other noise each time."""
        data = self.dataset
        if self.kind == "nothing":
            return {"noise": rng.standard_normal(self.sizes.latent).astype(np.float32)}
        if self.kind == "voxels":
            (voxels,) = self._cache.get((model, "voxels"), lambda: (data.voxels(model),))
            if voxels.shape != (VOXELS,) * 3:
                shape = " × ".join(map(str, voxels.shape))
                raise DatasetError(f"The voxels of {model} are {shape}.", f"Make them {VOXELS} along each edge.")
            return {"inputs": voxels.astype(np.float32)}
        if self.kind == "points":
            (cloud,) = self._cache.get((model, "cloud"), lambda: (data.cloud(model).points,))
            seen = cloud[rng.integers(len(cloud), size=self.options.cloud)]
            return {"inputs": (seen + self.options.noise * rng.standard_normal(seen.shape)).astype(np.float32)}
        views = len(self._cache.get((model, "views"), lambda: tuple(np.array(str(p)) for p in data.images(model))))
        if not views:
            raise DatasetError(f"There are no images of {model}.", "Render them, or learn from other inputs.")
        view = int(rng.integers(views))
        (image,) = self._cache.get((model, f"view {view}"), lambda: (data.image(model, view),))
        return {"inputs": squeezed_input(image)}

    def _points(self, model: ModelFolder) -> tuple[Array, ...]:
        """(N, 3) and whether each is inside (N,)."""
        points, inside = self._cache.get((model, "points"), lambda: self.dataset.points(model)[:2])
        if not len(points):
            raise DatasetError(f"The points of {model} are none.", "Make the model again.")
        return points.astype(np.float32, copy=False), inside

    def loss(self, batch: Mapping[str, Tensor], step: int) -> Tensor:
        """Cross-entropy, and the divergence of the latent codes where nothing is seen."""
        return self.network.loss(
            batch["points"], batch["occupancy"], batch.get("inputs"), step, noise=batch.get("noise")
        )

    def score(self) -> float:
        """The mean intersection over union of the points at the threshold 0.2, over the shapes held back.

        Where nothing is seen there is nothing to compare with: then minus the mean loss, as published.
        """
        return float(np.mean([self._score(number, model) for number, model in enumerate(self.held)]))

    def _score(self, number: int, model: ModelFolder) -> float:
        device = next(self.network.parameters()).device
        rng = np.random.default_rng((self.config.seed, _VALIDATION, number))
        if self.kind == "nothing":
            drawn = {name: torch.from_numpy(value)[None].to(device) for name, value in self._drawn(model, rng).items()}
            return -float(self.network.loss(drawn["points"], drawn["occupancy"], noise=drawn["noise"]))
        points, inside = (array[: self.options.validation_points] for array in self._points(model))
        inputs = torch.from_numpy(self._seen(model, rng)["inputs"])[None].to(device)
        folded = self.network.decoder.folded(None, self.network.code(inputs))
        parts = [points[at : at + _VALIDATED_AT_ONCE] for at in range(0, len(points), _VALIDATED_AT_ONCE)]
        found = np.concatenate([folded(torch.from_numpy(part).to(device)).cpu().numpy() for part in parts])
        return overlap(found >= log_odds(THRESHOLD), inside)


def _keep_idle_biases(network: OccupancyNetwork) -> None:
    """Leave out of the training what batch normalisation takes off again: all that is added on the way to it.

    Such biases have no gradient but rounding errors, which Adam would blow up to steps of full length: they would
    wander at random, other in each number of processes, and the running means lag behind them.
    """
    for name, parameter in network.named_parameters():
        if network.kind != "nothing" and name.startswith("decoder.") and name.endswith(_IDLE):
            parameter.requires_grad_(False)
