# SPDX-License-Identifier: GPL-3.0-or-later
"""What every model has in common: what it sees, loading, predicting a mesh, training.

Nothing here needs PyTorch, so that the list of models can be shown without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from ..alignment.similarity import Similarity
from ..errors import InvalidParameter
from ..fields.extraction import Extraction
from ..mesh import FloatArray, Mesh
from ..progress import Progress, silent
from .inputs.images import TRAINED_FILL

if TYPE_CHECKING:
    from torch import Tensor

    from .reconstructed import Reconstruction
    from .training.config import TrainingConfig
    from .training.lesson import Lesson
    from .training.report import TrainingReport

Inputs = Literal["image", "points", "voxels", "mesh", "nothing"]

Input = FloatArray | Mesh | None
"""An image (H, W, 1, 2, 3 or 4), points (N, 3), voxels (n, n, n), a mesh, or nothing. Models that see points or voxels
take a mesh as well, and make them of it."""


@dataclass(frozen=True)
class Card:
    """What can be told of a model without running it.

    name: as on the command line. title: for people. inputs: what it sees. about: a sentence. paper: where it was
    published. licence: under what terms the weights of its authors are, and what they were trained on.
    """

    name: str
    title: str
    inputs: Inputs
    about: str
    paper: str
    licence: str


class Model(ABC):
    """A network with weights, ready to make meshes. `card` says what it is."""

    card: ClassVar[Card]

    @classmethod
    @abstractmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether weights with these names and shapes are those of this model."""

    @classmethod
    def told(cls, path: Path, weights: Mapping[str, Tensor]) -> Mapping[str, Any]:
        """What the weights of a file, which this model recognises, tell of the network besides their number."""
        return {}

    @classmethod
    @abstractmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """The model with the weights of a file. Raises `CheckpointError`, and `InvalidParameter` for the device."""

    @abstractmethod
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
        """The mesh that the model sees in an input, in the input's own place where it has one.

        resolution: cells along an edge of the grid on which the surface is looked for. threshold: the value on the
        surface; None for what the model was published with. seed: of all that is random. extraction: how else the
        surface is found; its resolution gives way to `resolution`. placement: where the model's own cube lies in the
        coordinates of the input, where that is not for the model to find out. Raises `InvalidParameter` for an input
        that the model does not take.
        """

    @classmethod
    def lesson(cls, config: TrainingConfig) -> Lesson:
        """A new network of this model with the data to learn from. Raises `InvalidParameter` where it has none."""
        raise InvalidParameter(
            f"{cls.card.title} does not learn from a dataset.", "Choose another model, or fit it to one mesh."
        )

    @classmethod
    def train(cls, config: TrainingConfig, progress: Progress = silent) -> TrainingReport:
        """Train as a configuration says, and leave checkpoints in its folder."""
        from .training.run import learn

        return learn(cls.lesson, config, progress)

    def facts(self) -> Mapping[str, Any]:
        """What the loaded model tells of itself: plain numbers and texts."""
        return {}


class PictureModel(Model):
    """A model that sees one picture, and tells more of it than a mesh."""

    picture_size: int
    """Pixels along an edge of what it sees."""

    trained_fill: float = TRAINED_FILL
    """How much of that edge the objects took that it has learned from: the `fill` of a `Framing` that fits it."""

    @classmethod
    def fill_told(cls, facts: Mapping[str, Any]) -> float:
        """That `trained_fill` of a file, which its facts name (`fill`), or the usual one."""
        told = facts.get("fill")
        return float(told) if isinstance(told, int | float) and 0.1 <= told <= 1.0 else cls.trained_fill

    @abstractmethod
    def reconstruct(self, given: Input, *, seed: int = 0, progress: Progress = silent) -> Reconstruction:
        """All that is seen in an image: its file, or (H, W, …); y is up, and the camera looks along −z.

        seed: of all that is random. Raises `InvalidParameter` for another input, and `ImageError`.
        """

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
        """The last mesh of `reconstruct`. resolution, threshold, extraction: mean nothing here, as nothing is looked
        for on a grid. placement: where the model's own space lies."""
        mesh = self.reconstruct(given, seed=seed, progress=progress).mesh
        return mesh if placement is None else placement.apply_to(mesh)
