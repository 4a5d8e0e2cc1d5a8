# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a folder to learn from, in plain words, before a training finds out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SphericalCowError
from ..progress import Progress, silent
from .arrays import Placement
from .layout import CLOUD, IMAGES, MASKS, METADATA, POINTS, SPLITS, VOXELS, Dataset, ModelFolder, read_list

BOX = 0.56
"""No point of the padded box has a larger coordinate (0.55, and what rounding adds)."""
FEWEST = 1e-4
"""A smaller share of points inside is suspicious, and so is a larger one outside."""


@dataclass
class DatasetReport:
    """faults stop a training, warnings may be meant; each a sentence. counts: class → split → models. parts: how many
    models have points, clouds, voxels, images, masks."""

    root: Path
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return {
            "ok": self.ok,
            "faults": self.faults,
            "warnings": self.warnings,
            "classes": self.counts,
            "parts": self.parts,
        }


def check_dataset(root: str | Path, *, quick: bool = False, progress: Progress = silent) -> DatasetReport:
    """Look at everything in a folder: lists, files of each model, and what is in them.

    quick: only whether the files are there. Raises `DatasetError` where there is no folder with classes.
    """
    data = Dataset(root)
    report = DatasetReport(data.root)
    _look(report, "", lambda: _check_metadata(data, report))
    listed = _check_lists(data, report)
    total = sum(len(models) for models in listed.values())
    done = 0
    per_part: Counter[str] = Counter()
    views: Counter[int] = Counter()
    for models in listed.values():
        for model in models:
            progress(done / max(total, 1), f"{model} ({done + 1} of {total})")
            done += 1
            if not model.folder.is_dir():
                report.faults.append(f"{model}: there is no folder, but a list names it.")
                continue
            _check_model(data, model, report, per_part, views, quick=quick)
    report.parts = {name: per_part[name] for name in ("points", "cloud", "voxels", "images", "masks")}
    if report.counts:
        _check_whole(report, total, views)
    return report


def _look(report: DatasetReport, what: str, check: Callable[[], None]) -> bool:
    """Run a check; an error of the library becomes a fault."""
    try:
        check()
    except SphericalCowError as error:
        report.faults.append(f"{what}{': ' if what else ''}{error}")
        return False
    return True


def _check_metadata(data: Dataset, report: DatasetReport) -> None:
    if not (data.root / METADATA).is_file():
        report.warnings.append(f"There is no {METADATA}: classes are called as their folders.")
        return
    from .metadata import read_metadata

    absent = [name for name in read_metadata(data.root / METADATA) if name not in data.classes]
    if absent:
        report.warnings.append(f"{METADATA} names classes without a folder: {_some(absent)}.")


def _check_lists(data: Dataset, report: DatasetReport) -> dict[str, list[ModelFolder]]:
    """Class → all models that lists name, each once; the lists themselves are checked."""
    found: dict[str, list[ModelFolder]] = {}
    for category in data.classes:
        place = data.root / category
        if not any((place / f"{split}.lst").is_file() for split in SPLITS):
            report.faults.append(f"{category} has none of {', '.join(f'{s}.lst' for s in SPLITS)}: is it a class?")
            continue
        counts: dict[str, int] = {}
        where: dict[str, list[str]] = {}
        for split in SPLITS:
            names = _names(report, category, place / f"{split}.lst")
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            if twice:
                report.warnings.append(f"{category}/{split}.lst names {_some(twice)} more than once.")
            counts[split] = len(set(names))
            for name in dict.fromkeys(names):
                where.setdefault(name, []).append(split)
        report.counts[category] = counts
        shared = sorted(name for name, splits in where.items() if "train" in splits and len(splits) > 1)
        if shared:
            report.warnings.append(f"{category}: {_some(shared)} are both trained with and tested with.")
        folders = {model.name for model in data.models(None, category)}
        loose = sorted(folders - where.keys())
        if loose:
            report.warnings.append(f"{category}: no list names {_some(loose)}.")
        found[category] = [ModelFolder(category, name, place / name) for name in where]
    return found


def _names(report: DatasetReport, category: str, path: Path) -> list[str]:
    names: list[str] = []
    _look(report, category, lambda: names.extend(read_list(path)))
    return names


def _check_model(
    data: Dataset,
    model: ModelFolder,
    report: DatasetReport,
    parts: Counter[str],
    views: Counter[int],
    *,
    quick: bool,
) -> None:
    checks: tuple[tuple[str, str, Callable[[Dataset, ModelFolder, DatasetReport], None]], ...] = (
        ("points", POINTS, _check_points),
        ("cloud", CLOUD, _check_cloud),
        ("voxels", VOXELS, _check_voxels),
    )
    for part_name, file, check in checks:
        if not (model.folder / file).is_file():
            continue
        parts[part_name] += 1
        if not quick:
            _look(report, str(model), partial(check, data, model, report))
    if not (model.folder / POINTS).is_file():
        report.faults.append(f"{model}: {POINTS} is missing, without which nothing can be learned.")
    if (model.folder / IMAGES).is_dir():
        parts["images"] += 1
        _look(report, str(model), lambda: _check_images(data, model, report, views, quick=quick))
        if (model.folder / MASKS).is_dir():
            parts["masks"] += 1
            if not quick:
                _look(report, str(model), lambda: _check_masks(data, model, report))


def _check_points(data: Dataset, model: ModelFolder, report: DatasetReport) -> None:
    points, inside, placement = data.points(model, seed=None)
    if np.abs(points).max() > BOX:
        report.warnings.append(f"{model}: {POINTS} has points outside the box padded to 1.1.")
    share = float(inside.mean())
    if not FEWEST <= share <= 1.0 - FEWEST:
        word = "hardly a point" if share < FEWEST else "hardly a point not"
        report.warnings.append(f"{model}: {word} of {POINTS} is inside ({share:.4%}).")
    if (model.folder / CLOUD).is_file():
        other = data.cloud(model).placement
        if not _same(placement, other):
            report.warnings.append(f"{model}: {POINTS} and {CLOUD} have different 'loc' or 'scale'.")


def _same(one: Placement, other: Placement) -> bool:
    return bool(np.allclose(one.loc, other.loc, atol=1e-4 * one.scale) and np.isclose(one.scale, other.scale, 1e-4))


def _check_cloud(data: Dataset, model: ModelFolder, report: DatasetReport) -> None:
    cloud = data.cloud(model)
    if np.abs(cloud.points).max() > BOX:
        report.warnings.append(f"{model}: {CLOUD} has points outside the unit cube.")
    lengths = np.linalg.norm(cloud.normals, axis=1)
    if np.abs(lengths - 1.0).max() > 0.05:
        report.warnings.append(f"{model}: {CLOUD} has 'normals' that are not of length 1.")


def _check_voxels(data: Dataset, model: ModelFolder, report: DatasetReport) -> None:
    voxels = data.voxels(model)
    if len(set(voxels.shape)) != 1 or voxels.shape[0] != 32:
        sides = " × ".join(map(str, voxels.shape))
        report.warnings.append(f"{model}: {VOXELS} is {sides}; published networks see 32 × 32 × 32.")
    if not voxels.any() or voxels.all():
        report.warnings.append(f"{model}: {VOXELS} is all {'full' if voxels.any() else 'empty'}.")


def _check_images(
    data: Dataset, model: ModelFolder, report: DatasetReport, views: Counter[int], *, quick: bool
) -> None:
    found = data.images(model)
    views[len(found)] += 1
    if not found:
        report.faults.append(f"{model}: {IMAGES} has no pictures.")
    if quick:
        return
    for view in range(len(found)):
        data.image(model, view)
    cameras = data.cameras(model)
    if len(cameras) != len(found):
        report.warnings.append(f"{model}: {IMAGES} has {len(found)} pictures and {len(cameras)} cameras.")


def _check_masks(data: Dataset, model: ModelFolder, report: DatasetReport) -> None:
    for view in range(len(data.images(model))):
        mask, picture = data.mask(model, view), data.image(model, view)
        if mask.shape != picture.shape[:2]:
            sizes = " and ".join(f"{one.shape[1]} × {one.shape[0]}" for one in (mask, picture))
            report.faults.append(f"{model}: mask and picture of view {view} differ in size: {sizes}.")
            return
        if not mask.any():
            report.warnings.append(f"{model}: nothing is seen in the mask of view {view}.")


def _check_whole(report: DatasetReport, total: int, views: Counter[int]) -> None:
    if not total:
        report.faults.append("The lists name no model at all.")
        return
    for split, word in (("train", "learn from"), ("val", "choose the best network by"), ("test", "measure with")):
        if not any(counts.get(split) for counts in report.counts.values()):
            severe = report.faults if split == "train" else report.warnings
            severe.append(f"There is no model to {word} ({split}.lst).")
    for name, words in (("cloud", CLOUD), ("voxels", VOXELS), ("images", IMAGES), ("masks", MASKS)):
        if 0 < report.parts[name] < total:
            report.warnings.append(f"{total - report.parts[name]} of {total} models have no {words}.")
    if len(views) > 1:
        spread = ", ".join(f"{models} with {count}" for count, models in sorted(views.items()))
        report.warnings.append(f"Models have different numbers of pictures: {spread}.")


def _some(names: list[str], shown: int = 3) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
