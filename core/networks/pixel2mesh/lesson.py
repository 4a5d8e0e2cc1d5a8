# SPDX-License-Identifier: GPL-3.0-or-later
"""What Pixel2Mesh learns from: pictures, and the surfaces that they show as the camera sees them.

All that is random is drawn for an example by its number since the beginning of the training, so that it does not matter
which process or thread asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from ...errors import DatasetError, InvalidParameter
from ...files import expanded
from ...mesh import FloatArray
from ...meshfile import read_mesh
from ...metrics.protocols import cloud_scores
from ..training.config import TrainingConfig, options_of
from ..training.examples import shuffled
from ..training.lesson import Lesson
from .examples import Example, Examples, opened
from .losses import Graph, Weights, graphs_of, total_loss
from .network import Pixel2Mesh
from .rebuilding import rebuilding_loss
from .start import leave_template
from .template import Template
from .templates import TEMPLATES, template_from, template_named
from .variants import Variant, variant_named

SMALLER = {"full": 1, "half": 2, "small": 4, "tiny": 16}
"""What the published widths are divided by."""

BEGINNINGS = ("template", "random")

SCORES = ("chamfer", "f_score")
SCALE = 1000.0
"""Squared distances are written in thousandths, as in the published tables."""

WEIGHTS: Mapping[str, Weights] = {
    "tensorflow": Weights(opposite=0.55, edge=0.1, move=0.033),
    "resnet50": Weights(opposite=0.55, edge=0.1, move=0.033),
    "auto-encoder": Weights(normal=0.0, edge=0.3, laplacian=4.5, move=0.3, whole=100.0),
}
"""Of the losses, where a variant was published with others than the default one."""

_EXAMPLE = 1
_LOOKED_AT = 4
"""Pictures for which the network begins with the template."""


@dataclass(frozen=True)
class Pixel2MeshOptions:
    """The table `options` of Pixel2Mesh; the defaults are as published, but for the beginning.

    variant: a name of `VARIANTS`. size: widths of all layers, one of `SMALLER`. template: one of `TEMPLATES`, or a mesh
    file. levels: stages, each of four times as many faces as the one before. begin: with a network that leaves the
    template as it is, or with random weights, as published. classes: folders of the dataset; all where empty. points:
    of the true surface for each example. opposite (of the way from the prediction to the truth), normal, edge,
    laplacian, move: weights of the losses; None for those that the variant was published with. weight_decay: of Adam.
    rebuild: rounds through the examples in which only the picture is rebuilt, by the variant that can. train,
    validation: lists of the dataset. overfit: validate on what is learned from. score: what is validated, one of
    `SCORES`. validation_views: at most so many.
    """

    variant: str = "default"
    size: str = "full"
    template: str = "ellipsoid"
    levels: int = 3
    begin: str = "template"
    classes: tuple[str, ...] = ()
    points: int = 3000
    opposite: float | None = None
    normal: float | None = None
    edge: float | None = None
    laplacian: float | None = None
    move: float | None = None
    weight_decay: float = 1e-6
    rebuild: float = 1.0
    train: str = "train"
    validation: str = "val"
    overfit: bool = False
    score: str = "chamfer"
    validation_views: int = 1_000

    def __post_init__(self) -> None:
        variant_named(self.variant)
        if self.size not in SMALLER:
            raise InvalidParameter(f"There is no size {self.size!r}.", f"Choose from {', '.join(SMALLER)}.")
        if self.score not in SCORES:
            raise InvalidParameter(f"There is no score {self.score!r}.", f"Choose from {', '.join(SCORES)}.")
        if self.begin not in BEGINNINGS:
            raise InvalidParameter(f"There is no way {self.begin!r} to begin.", f"Choose from {', '.join(BEGINNINGS)}.")
        if min(self.points, self.validation_views) < 1:
            raise InvalidParameter("Counts of the options are less than 1.", "Give 1 or more.")
        factors = [one for one in (*self._own.values(), self.weight_decay, self.rebuild) if one is not None]
        if not all(math.isfinite(one) and one >= 0.0 for one in factors):
            raise InvalidParameter("A weight of the options is below 0.", "Give 0 to leave a loss out, or more.")

    @property
    def _own(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in ("opposite", "normal", "edge", "laplacian", "move")}

    @property
    def weights(self) -> Weights:
        """Those of the losses."""
        own = {name: value for name, value in self._own.items() if value is not None}
        return replace(WEIGHTS.get(self.variant, Weights()), chamfer=(1.0,) * self.levels, **own)


def narrowed(variant: Variant, size: str) -> Variant:
    """The variant with all widths divided as the size says, one of `SMALLER`."""
    divisor = SMALLER[size]
    widths = {name: math.ceil(getattr(variant, name) / divisor) for name in ("width", "hidden", "last")}
    return replace(variant, **widths)


def template_of_name(name: str, levels: int, variant: Variant) -> Template:
    """A template by name, or of a mesh in a file, before the camera. Raises `InvalidParameter`, `MeshFileError`."""
    if name in TEMPLATES:
        return template_named(name, levels, variant.camera)
    return template_from(read_mesh(expanded(name)), levels, variant.camera)


class Pixel2MeshLesson(Lesson):
    """The lesson of Pixel2Mesh, over a folder of ours or of the published data.

    Raises `DatasetError` where the dataset lacks pictures, cameras or surfaces, as soon as it is opened.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.options = options = options_of(config, Pixel2MeshOptions)
        self.config = config
        self.variant = narrowed(variant_named(options.variant), options.size)
        self.examples: Examples = opened(config.dataset, self.variant.camera)
        self.shown = self.examples.of(options.train, options.classes)
        held = self.shown if options.overfit else self.examples.of(options.validation, options.classes)
        self.held = spread_over(held, options.validation_views)
        for one in (self.shown[0], self.held[0]):
            self._drawn(one, np.random.default_rng(0))
        template = template_of_name(options.template, options.levels, self.variant)
        self.rebuilding = 0
        if options.variant == "auto-encoder":
            self.rebuilding = math.ceil(options.rebuild * len(self.shown) / config.batch)
        if not self.rebuilding:  # nothing would teach the decoder
            self.variant = replace(self.variant, rebuilds=False)
        self.network = Pixel2Mesh(template, self.variant)
        self._begin()
        self._graphs: tuple[Graph, ...] = graphs_of(template)

    def _begin(self) -> None:
        """Leave the template as it is, if that is wanted: before the first step of meshes."""
        if self.options.begin == "template":
            first = [self.examples.picture(one) for one in self.shown[:_LOOKED_AT]]
            leave_template(self.network, torch.from_numpy(np.stack(first)).to(self.network.gconv.bias))

    def facts(self) -> Mapping[str, str | float | bool]:
        """How much there is to learn from, what is bent, and how wide the network is."""
        v, sizes = self.variant, [level.size for level in self.network.template.levels]
        return {
            "pictures": len(self.shown),
            "variant": self.options.variant,
            "template": self.options.template,
            "vertices": ", ".join(map(str, sizes)),
            "widths": f"{v.width}, {v.hidden}, {v.last}",
        }

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """All that learns, with a decay."""
        learned = [one for one in self.network.parameters() if one.requires_grad]
        return [{"params": learned, "lr": rate, "weight_decay": self.options.weight_decay}]

    def resting(self, step: int) -> list[Parameter]:
        """In the first rounds of the auto-encoder all that bends, and the decoder after them: a decay would wear them
        down, and Adam count the steps."""
        rests = ("gcns.", "gconv.") if step < self.rebuilding else ("nn_decoder.",)
        return [one for name, one in self.network.named_parameters() if name.startswith(rests)]

    def batch(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        """picture (B, 3, 224, 224), points and normals (B, N, 3)."""
        count = self.config.batch // shares
        first = step * self.config.batch + share * count
        drawn = [self._example(number) for number in range(first, first + count)]
        return {name: torch.from_numpy(np.stack([one[name] for one in drawn])) for name in drawn[0]}

    def _example(self, number: int) -> dict[str, Any]:
        """Each view of each shape comes once in a round, in an order of its own."""
        example = self.shown[shuffled(self.config.seed, number, len(self.shown))]
        return self._drawn(example, np.random.default_rng((self.config.seed, _EXAMPLE, number)))

    def _drawn(self, example: Example, rng: np.random.Generator) -> dict[str, Any]:
        points, normals = self.examples.truth(example, rng.random(self.options.points))
        return {"picture": self.examples.picture(example), "points": points, "normals": normals}

    def loss(self, batch: Mapping[str, Tensor], step: int) -> Tensor:
        """Of the rebuilt picture in the first rounds of the auto-encoder, and of the mesh after them.

        In 32 bits at any rate: 16 have too few digits for coordinates. Features that have learned to rebuild pictures
        are others than those that the template was left with, so that the meshes begin with it once more.
        """
        with torch.autocast(batch["picture"].device.type, enabled=False):
            if self.rebuilding and step == self.rebuilding:
                self._begin()
            stages = self.network(batch["picture"])
            if stages.picture is None:
                return self._of_mesh(stages, batch)
            rebuilt = rebuilding_loss(stages.picture, batch["picture"])
            # The other half counts nothing, but has all weights take part, as several processes need it.
            if step < self.rebuilding:
                return rebuilt + 0.0 * sum(stage.sum() for stage in stages.bent)
            return self._of_mesh(stages, batch) + 0.0 * rebuilt

    def _of_mesh(self, stages: Any, batch: Mapping[str, Tensor]) -> Tensor:
        device = batch["picture"].device
        if self._graphs[0].pairs.device != device:
            self._graphs = graphs_of(self.network.template, device)
        return total_loss(stages, batch["points"], batch["normals"], self._graphs, self.options.weights).total

    def score(self) -> float:
        """Minus the Chamfer distance in thousandths, or the F-score, as published: the mean over the views held."""
        return float(np.mean([self._score(example) for example in self.held]))

    def _score(self, example: Example) -> float:
        numbers = scores_of(self.network, self.examples, example, self.config.seed)
        return -SCALE * numbers["chamfer"] if self.options.score == "chamfer" else numbers["f_score"]


def spread_over(examples: Sequence[Example], most: int) -> list[Example]:
    """At most so many, from all along the list."""
    if len(examples) <= most:
        return list(examples)
    return [examples[at] for at in np.linspace(0, len(examples) - 1, most).round().astype(int)]


def scores_of(network: Pixel2Mesh, examples: Examples, example: Example, seed: int = 0) -> dict[str, float]:
    """The published numbers of one view, `cloud_scores`. Raises `DatasetError` where the prediction is no numbers."""
    predicted = bent(network, examples.picture(example))
    if not np.isfinite(predicted).all():
        raise DatasetError(f"The network makes no numbers of view {example.view} of {example.model}.", "Train it anew.")
    return cloud_scores(examples.judged(example, seed).astype(np.float64), predicted)


def bent(network: Pixel2Mesh, picture: Any) -> FloatArray:
    """(V, 3) the vertices of the last stage for a picture (3, 224, 224) in [0, 1]."""
    device = next(network.parameters()).device
    with torch.no_grad():
        stages = network(torch.from_numpy(np.ascontiguousarray(picture))[None].to(device))
    return np.asarray(stages.bent[-1][0].double().cpu().numpy())
