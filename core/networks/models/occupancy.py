# SPDX-License-Identifier: GPL-3.0-or-later
"""The four Occupancy Networks as models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ...errors import InvalidParameter
from ...fields.extraction import Extraction
from ...mesh import Mesh
from ...progress import Progress, silent
from ..checkpoints import load_checkpoint
from ..interface import Card, Input, Model
from ..runtime import chosen_device, require_torch

if TYPE_CHECKING:
    from torch import Tensor

    from ..occupancy.network import OccupancyNetwork
    from ..training.config import TrainingConfig
    from ..training.report import TrainingReport

_PAPER = "Mescheder, Oechsle, Niemeyer, Nowozin and Geiger, Occupancy Networks, CVPR 2019"
_LICENCE = "The authors' weights have no licence of their own; they were trained on ShapeNet, whose terms hold."


class _Occupancy(Model):
    """What the four have in common."""

    kind: Literal["image", "points", "voxels", "nothing"]
    mark: tuple[str, tuple[int, ...]]
    """A weight that only this one has, and its shape."""

    def __init__(self, network: OccupancyNetwork) -> None:
        self.network = network

    @classmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether there is the one weight that only this kind has."""
        name, shape = cls.mark
        return name in weights and tuple(weights[name].shape) == shape

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """The network with the weights of a file, ours or the authors'."""
        require_torch()
        from ..occupancy.network import OccupancyNetwork

        network = OccupancyNetwork(cls.kind)
        load_checkpoint(path, network)
        return cls(network.to(chosen_device(device)).eval())

    def predict(
        self,
        given: Input = None,
        resolution: int = 128,
        threshold: float | None = None,
        seed: int = 0,
        *,
        extraction: Extraction | None = None,
        progress: Progress = silent,
    ) -> Mesh:
        """The mesh in the unit cube around the origin."""
        from ..occupancy.network import THRESHOLD, Quality

        chosen = extraction or Extraction()
        quality = Quality(resolution >> chosen.steps, chosen.steps, THRESHOLD if threshold is None else threshold)
        latent = self.network.latent(1, seed) if self.kind == "nothing" else None
        return self.network.mesh(self._tensor(given), quality, latent=latent, batch=chosen.batch, progress=progress)

    @classmethod
    def train(cls, config: TrainingConfig, progress: Progress = silent) -> TrainingReport:
        """Train on a dataset in the layout of the Occupancy Networks."""
        raise NotImplementedError

    def _tensor(self, given: Input) -> Any:
        torch = require_torch()
        if self.kind == "nothing":
            return None
        if not isinstance(given, np.ndarray):
            raise InvalidParameter(f"{self.card.title} needs an input ({self.kind}).", "Give one.")
        device = next(self.network.parameters()).device
        return torch.from_numpy(np.asarray(given, np.float32))[None].to(device)


class OccupancyFromImage(_Occupancy):
    """One image → a mesh."""

    card = Card(
        "occupancy-image",
        "Occupancy Network: Image",
        "image",
        "Sees an object on a white background in one image of 224 × 224.",
        _PAPER,
        _LICENCE,
    )
    kind = "image"
    mark = ("encoder.features.conv1.weight", (64, 3, 7, 7))


class OccupancyFromPoints(_Occupancy):
    """Points → a mesh."""

    card = Card(
        "occupancy-points",
        "Occupancy Network: Points",
        "points",
        "Completes the surface through 300 points.",
        _PAPER,
        _LICENCE,
    )
    kind = "points"
    mark = ("encoder.fc_pos.weight", (1024, 3))


class OccupancyFromVoxels(_Occupancy):
    """Voxels → a mesh."""

    card = Card(
        "occupancy-voxels",
        "Occupancy Network: Voxels",
        "voxels",
        "Makes a smooth surface of 32 × 32 × 32 voxels.",
        _PAPER,
        _LICENCE,
    )
    kind = "voxels"
    mark = ("encoder.conv_in.weight", (32, 1, 3, 3, 3))


class OccupancyUnconditional(_Occupancy):
    """Nothing → a mesh, another for each seed."""

    card = Card(
        "occupancy-unconditional",
        "Occupancy Network: New Shapes",
        "nothing",
        "Makes a new shape for each seed.",
        _PAPER,
        _LICENCE,
    )
    kind = "nothing"
    mark = ("encoder_latent.fc_0.weight", (128, 1))
