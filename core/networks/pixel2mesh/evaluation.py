# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a Pixel2Mesh is, by the published numbers, over a folder of pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ...datasets.layout import ModelFolder
from ...errors import InvalidParameter
from ...progress import Progress, silent
from ..evaluation.folder import Columns, Evaluation, class_folders, score_each
from .examples import Example, Examples, OwnExamples, opened
from .lesson import SCALE, scores_of
from .network import Pixel2Mesh


@dataclass(frozen=True)
class SurfaceScores:
    """Of one shape, the mean over its views. chamfer: the sum of the mean squared distances of predicted vertices and
    true points; f_score, f_score_2: in [0, 1], at squared distances of 1e-4 and 2e-4; where a shape has a diagonal of
    0.57."""

    chamfer: float
    f_score: float
    f_score_2: float

    def to_dict(self) -> dict[str, float]:
        """JSON-ready."""
        return asdict(self)


COLUMNS = Columns(("chamfer", "f_score", "f_score_2"), ("Chamfer", "F(τ)", "F(2τ)"), (SCALE, 100.0, 100.0), True)
"""The table shows thousandths and percent, as published."""


def evaluate_pictures(
    network: Pixel2Mesh,
    folder: str | Path,
    *,
    split: str = "test",
    classes: Iterable[str] = (),
    view: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Score what a network in evaluation makes of the pictures of every model of a split (Wang et al. 2018).

    folder: a dataset of ours, or the published data. classes: folders or names; all where empty. view: None for all, as
    published. Predicted vertices are measured with 10,000 points of the surface, or all that the published data have,
    as the camera sees them. A shape that fails is noted and left out of the means. Raises as `evaluate_dataset`.
    """
    camera = network.variant.camera
    examples = opened(folder, camera, dark_border=camera.sampling == "tensorflow")
    of_model = _views_of_models(examples, split, tuple(classes))

    def score_of(model: ModelFolder) -> SurfaceScores:
        views = examples.views(model) if isinstance(examples, OwnExamples) else of_model[model]
        chosen = [one for one in views if view is None or one.view == view]
        if not chosen:
            raise InvalidParameter(f"{model} has no view {0 if view is None else view}.", f"It has {len(views)}.")
        found = [scores_of(network, examples, one, seed) for one in chosen]
        return SurfaceScores(**{name: float(np.mean([one[name] for one in found])) for name in COLUMNS.names})

    return Evaluation(score_each(tuple(of_model), score_of, split, progress), examples.names(), COLUMNS)


def _views_of_models(examples: Examples, split: str, classes: tuple[str, ...]) -> dict[ModelFolder, list[Example]]:
    """The models of a split; with their views where the list names those. Otherwise these are looked for when the turn
    of a model comes, so that one without pictures does not stop the others."""
    if isinstance(examples, OwnExamples):
        dataset = examples.dataset
        folders = class_folders(dataset, classes)
        return {model: [] for category in folders for model in dataset.models(split, category)}
    found = dict[ModelFolder, list[Example]]()
    for one in examples.of(split, classes):
        found.setdefault(one.model, []).append(one)
    return found
