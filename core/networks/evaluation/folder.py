# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation over a data set: every shape, the mean of each class, and the mean of the classes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ...datasets.layout import Dataset, ModelFolder
from ...errors import Cancelled, InvalidParameter, SphericalCowError
from ...files import csv_text
from ...mesh import Mesh
from ...metrics.protocols import OCCUPANCY_POINTS, Cloud
from ...progress import Progress, silent
from .scores import NAMES, score

MeshOf = Callable[[ModelFolder], Mesh]
"""What is evaluated: the mesh, in the unit cube, that is made for a model of the data set."""


class Numbers(Protocol):
    """The numbers of one shape: a dataclass of them."""

    def to_dict(self) -> dict[str, float]:
        """JSON-ready."""


@dataclass(frozen=True)
class Columns:
    """What is averaged, and how it is shown. names: of the numbers; heads: of the columns; factors: from the numbers to
    what the published tables show; weighted: whether the mean over all shapes is told too."""

    names: tuple[str, ...]
    heads: tuple[str, ...]
    factors: tuple[float, ...]
    weighted: bool = False


OCCUPANCY = Columns(NAMES, ("IoU", "Chamfer-L1", "normals", "accuracy", "complete"), (1.0,) * len(NAMES))


@dataclass(frozen=True)
class Row:
    """One shape. scores: None where it failed, and `error` says why."""

    category: str
    name: str
    scores: Numbers | None
    seconds: float
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        numbers = self.scores.to_dict() if self.scores else {}
        return {"class": self.category, "model": self.name, **numbers, "seconds": self.seconds, "error": self.error}


@dataclass(frozen=True)
class Evaluation:
    """All shapes, and the words for their classes."""

    rows: tuple[Row, ...]
    names: Mapping[str, str]
    columns: Columns = OCCUPANCY

    @property
    def failed(self) -> int:
        """How many shapes have no numbers."""
        return sum(row.scores is None for row in self.rows)

    def classes(self) -> dict[str, dict[str, float]]:
        """Class → mean of each number over its shapes, those that failed left out."""
        found = {}
        for category in dict.fromkeys(row.category for row in self.rows):
            scores = [row.scores for row in self.rows if row.category == category and row.scores]
            if scores:
                found[category] = self._mean(scores)
        return found

    def weighted_mean(self) -> dict[str, float]:
        """The mean of each number over the shapes: every shape counts the same."""
        scores = [row.scores for row in self.rows if row.scores]
        return self._mean(scores) if scores else {}

    def _mean(self, scores: Sequence[Numbers]) -> dict[str, float]:
        numbers = [one.to_dict() for one in scores]
        return {name: float(np.mean([one[name] for one in numbers])) for name in self.columns.names}

    def mean(self) -> dict[str, float]:
        """The mean of each number over the classes, as published: every class counts the same."""
        classes = self.classes().values()
        return {name: float(np.mean([one[name] for one in classes])) for name in self.columns.names} if classes else {}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "shapes": len(self.rows),
            "failed": self.failed,
            "classes": self.classes(),
            "mean": self.mean(),
            **({"weighted_mean": self.weighted_mean()} if self.columns.weighted else {}),
            "rows": [row.to_dict() for row in self.rows],
        }

    def class_csv(self) -> str:
        """A line for each class, and one for the mean."""
        lines = [(category, self.names.get(category, category), numbers) for category, numbers in self._lines()]
        keys = self.columns.names
        heads = ("class", "name", "shapes", *keys)
        return csv_text(heads, [(c, n, self._count(c), *(numbers[k] for k in keys)) for c, n, numbers in lines])

    def shape_csv(self) -> str:
        """A line for each shape."""
        heads = ("class", "model", *self.columns.names, "seconds", "error")
        return csv_text(heads, [[row.to_dict().get(head) for head in heads] for row in self.rows])

    def table(self) -> list[str]:
        """Lines for people: the classes and their mean, in the order of the published tables."""
        columns = self.columns
        lines = [f"{'class':24}{'shapes':>7}" + "".join(f"{head:>12}" for head in columns.heads)]
        for category, numbers in self._lines():
            name = self.names.get(category, category).split(",")[0][:23]
            shown = (numbers[key] * factor for key, factor in zip(columns.names, columns.factors, strict=True))
            lines.append(f"{name:24}{self._count(category):>7}" + "".join(f"{one:12.3f}" for one in shown))
        return lines

    def _lines(self) -> list[tuple[str, dict[str, float]]]:
        means = {"mean": self.mean(), **({"weighted mean": self.weighted_mean()} if self.columns.weighted else {})}
        return [*self.classes().items(), *((name, mean) for name, mean in means.items() if mean)]

    def _count(self, category: str) -> int:
        return sum(category in (row.category, "mean", "weighted mean") and row.scores is not None for row in self.rows)


def evaluate_dataset(
    dataset: Dataset,
    mesh_of: MeshOf,
    *,
    split: str = "test",
    classes: Iterable[str] = (),
    samples: int = OCCUPANCY_POINTS,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Score the mesh of every model of a split.

    classes: folders, or names from `metadata.yaml`; all where empty. samples: points drawn on each mesh. A shape that
    fails, or lacks what is needed, is noted and left out of the means. Raises `DatasetError` for a list that is
    missing, and `InvalidParameter` for an unknown class or a split without models.
    """
    chosen = class_folders(dataset, tuple(classes))
    models = [model for category in chosen for model in dataset.models(split, category)]

    def score_of(model: ModelFolder) -> Numbers:
        points, occupied, _ = dataset.points(model, seed)
        cloud = dataset.cloud(model)
        truth = Cloud(cloud.points.astype(np.float64), cloud.normals.astype(np.float64))
        return score(mesh_of(model), points.astype(np.float64), occupied, truth, samples, seed)

    return Evaluation(score_each(models, score_of, split, progress), dataset.names())


def score_each(
    models: Sequence[ModelFolder], score_of: Callable[[ModelFolder], Numbers], split: str, progress: Progress = silent
) -> tuple[Row, ...]:
    """A row for each model of a split. Raises `InvalidParameter` where there are none."""
    if not models:
        raise InvalidParameter(f"The split {split!r} has no models.", "Choose another split, or write its list.")
    rows = []
    for number, model in enumerate(models):
        progress(number / len(models), f"Evaluating {model} ({number + 1} of {len(models)})")
        rows.append(_row(model, score_of))
    return tuple(rows)


def _row(model: ModelFolder, score_of: Callable[[ModelFolder], Numbers]) -> Row:
    begin = time.perf_counter()
    try:
        return Row(model.category, model.name, score_of(model), time.perf_counter() - begin)
    except Cancelled:
        raise
    except (SphericalCowError, OSError, RuntimeError, MemoryError) as error:
        return Row(model.category, model.name, None, time.perf_counter() - begin, str(error))


def class_folders(dataset: Dataset, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The folders of classes that are given by folder or by name."""
    if not classes:
        return dataset.classes
    names = dataset.names()
    found = []
    for wanted in classes:
        fits = [
            category
            for category in dataset.classes
            if wanted in (category, names[category]) or wanted in names[category].split(",")
        ]
        if not fits:
            raise InvalidParameter(f"There is no class {wanted!r}.", f"It has {', '.join(dataset.classes[:12])}.")
        found += [category for category in fits if category not in found]
    return tuple(found)
