# SPDX-License-Identifier: GPL-3.0-or-later
"""The four Occupancy Networks as models."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ...alignment.similarity import Similarity
from ...errors import InvalidParameter
from ...fields.extraction import Extraction
from ...mesh import Mesh
from ...progress import Progress, silent
from ..checkpoints import load_checkpoint, read_checkpoint
from ..inputs.images import network_view
from ..inputs.points import network_points, unit_cube
from ..inputs.voxels import network_voxels, solid_voxels
from ..interface import Card, Input, Model
from ..runtime import chosen_device, free_memory, in_words, require_torch

Array = NDArray[Any]

if TYPE_CHECKING:
    from torch import Tensor

    from ..occupancy.network import OccupancyNetwork
    from ..training.config import TrainingConfig
    from ..training.lesson import Lesson

_PAPER = "Mescheder, Oechsle, Niemeyer, Nowozin and Geiger, Occupancy Networks, CVPR 2019"
_DECODER = "decoder.fc_p.weight"
_LICENCE = "The authors give no terms for their weights; they were trained on ShapeNet, whose terms hold."


class _Occupancy(Model):
    """What the four have in common."""

    kind: Literal["image", "points", "voxels", "nothing"]
    mark: str
    """A weight that only this one has."""

    def __init__(self, network: OccupancyNetwork, facts: Mapping[str, Any] | None = None) -> None:
        self.network, self._facts = network, facts or {}

    @classmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether there is the decoder, and the one weight that only this kind has. The widths may differ."""
        return cls.mark in weights and _DECODER in weights and weights[_DECODER].shape[1:2] == (3,)

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """The network with the weights of a file, ours or the authors'; as wide as they are."""
        require_torch()
        from ..occupancy.network import OccupancyNetwork
        from ..occupancy.sizes import sizes_of

        chosen = chosen_device(device)
        with in_words():
            network = OccupancyNetwork(cls.kind, sizes_of(cls.kind, read_checkpoint(path).weights))
            checkpoint = load_checkpoint(path, network)
            return cls(network.to(chosen).eval(), checkpoint.facts)

    def predict(
        self,
        given: Input = None,
        resolution: int = 128,
        threshold: float | None = None,
        seed: int = 0,
        *,
        extraction: Extraction | None = None,
        placement: Similarity | None = None,
        progress: Progress = silent,
    ) -> Mesh:
        """The mesh that the network sees in an input, closed, in the input's own place.

        given: an image (H, W, …) or its file; a mesh or points (N, 3); a mesh or voxels (n, n, n); or nothing, or a
        latent code (128,) for the network that makes new shapes. threshold: a probability, 0.2 as published. seed: of
        the points that are drawn from a mesh, or of the new shape. placement: where the network's cube [−½, ½]³ lies
        in the coordinates of the input, and which way it is turned. Without one it is put around a mesh or points, with
        the axes of the coordinates, and around the origin for all else; `Similarity.identity()` is for input that lies
        in the cube already. A mesh without faces where nothing is inside.
        """
        from ..occupancy.network import THRESHOLD

        probability = THRESHOLD if threshold is None else float(threshold)
        if not 0.0 < probability < 1.0:
            raise InvalidParameter(f"The threshold is {probability:g}.", "Give a probability between 0 and 1.")
        chosen = replace(extraction or Extraction(steps=_steps(resolution)), resolution=resolution)
        progress(0.0, "Preparing the input")
        inputs, place = self._seen(given, placement, seed)
        mesh = self._mesh(inputs, chosen, probability, seed, progress)
        return (place or Similarity.identity()).apply_to(mesh)

    def _mesh(
        self, inputs: Array | None, chosen: Extraction, probability: float, seed: int, progress: Progress
    ) -> Mesh:
        """The surface in the network's cube."""
        torch = require_torch()
        device = next(self.network.parameters()).device
        with in_words():
            tensor = None if inputs is None else torch.from_numpy(np.ascontiguousarray(inputs, np.float32)).to(device)
            latent = None
            if self.kind == "nothing":
                latent, tensor = self.network.latent(1, seed) if tensor is None else tensor, None
            try:
                return self.network.mesh(tensor, chosen, probability, latent=latent, seed=seed, progress=progress)
            finally:
                free_memory(device)

    @abstractmethod
    def _seen(self, given: Input, placement: Similarity | None, seed: int) -> tuple[Array | None, Similarity | None]:
        """What the network is given, a batch of one, and where its cube lies."""

    @classmethod
    def lesson(cls, config: TrainingConfig) -> Lesson:
        """A new network, and a dataset in the layout of the Occupancy Networks."""
        require_torch()
        from ..occupancy.lesson import OccupancyLesson

        return OccupancyLesson(cls.kind, config)

    def facts(self) -> Mapping[str, Any]:
        """The name, how many parameters there are, the published threshold, and what the file tells."""
        from ..occupancy.network import THRESHOLD

        count = sum(parameter.numel() for parameter in self.network.parameters())
        own = {"model": self.card.name, "title": self.card.title, "parameters": count, "threshold": THRESHOLD}
        return {**self._facts, **own}

    def _needs(self, what: str) -> InvalidParameter:
        return InvalidParameter(f"{self.card.title} needs {what}.", "Give it.")


def _steps(resolution: int) -> int:
    """How often the first grid is doubled: twice as published, if the resolution allows it."""
    return next((steps for steps in (2, 1) if resolution > 0 and resolution % (1 << steps) == 0), 0)


def _cube(given: Mesh | Array, placement: Similarity | None) -> Similarity:
    return unit_cube(given) if placement is None else placement


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
    mark = "encoder.features.conv1.weight"

    def _seen(self, given: Input, placement: Similarity | None, seed: int) -> tuple[Array, Similarity | None]:
        if not isinstance(given, np.ndarray | str | Path):
            raise self._needs("an image")
        return network_view(given).pixels.transpose(2, 0, 1)[None], placement


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
    mark = "encoder.fc_pos.weight"

    def _seen(self, given: Input, placement: Similarity | None, seed: int) -> tuple[Array, Similarity]:
        if not isinstance(given, np.ndarray | Mesh):
            raise self._needs("points (N, 3) or a mesh")
        place = _cube(given, placement)
        return place.inverse.apply(network_points(given, seed=seed))[None], place


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
    mark = "encoder.conv_in.weight"

    def _seen(self, given: Input, placement: Similarity | None, seed: int) -> tuple[Array, Similarity | None]:
        if isinstance(given, Mesh):
            place = _cube(given, placement)
            return solid_voxels(place.inverse.apply_to(given))[None], place
        if not isinstance(given, np.ndarray):
            raise self._needs("voxels (32, 32, 32) or a mesh")
        return network_voxels(given)[None], placement


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
    mark = "encoder_latent.fc_0.weight"

    def _seen(self, given: Input, placement: Similarity | None, seed: int) -> tuple[Array | None, Similarity | None]:
        if given is None:
            return None, placement
        length = self.network.sizes.latent
        if not isinstance(given, np.ndarray) or given.size != length or given.dtype.kind not in "iuf":
            raise InvalidParameter(
                f"{self.card.title} makes shapes by itself.",
                f"Leave the input out, or give a latent code of {length} numbers.",
            )
        if not np.isfinite(given).all():
            raise InvalidParameter("The latent code has values that are not numbers.", "Give others.")
        return given.reshape(1, -1), placement
