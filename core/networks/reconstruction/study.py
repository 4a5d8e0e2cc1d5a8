# SPDX-License-Identifier: GPL-3.0-or-later
"""With and without symmetry, at equal training: the same shapes, pictures, steps and seeds; only the scheme differs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from ...datasets.layout import Dataset, ModelFolder
from ...datasets.symmetric import FAMILIES
from ...errors import DatasetError
from ...geometry.distance import SurfaceTree
from ...geometry.measure import face_normals
from ...geometry.sampling import sample_surface
from ...mesh import FloatArray, IntArray, Mesh
from ...meshfile import read_mesh
from ...meshfile.color import linear_to_srgb
from ...metrics.protocols import Cloud, cloud_distances
from ...progress import Progress, part, silent
from ..evaluation.scores import inside, overlap
from ..evaluation.symmetry_study import Bytes, Measured, Shown, StudySettings, SymmetryStudy
from ..layers.resnet import normalised
from ..rendering.texture import sphere_coordinates
from ..training.config import TrainingConfig
from ..training.run import learn
from .lesson import ReconstructionLesson
from .made_data import SHAPE, MadeSettings, make_symmetric
from .network import Seen
from .views import Source, read_source, to_unit_cube, view_of

SPLIT = (0.6, 0.05, 0.35)
PICTURE = 80
"""Pixels of the made pictures, of which the object takes a part."""
VIEWS = 4
_POINTS, _CLOUD = 10_000, 5_000
_EXAMPLES = 6
_SMOOTH = 0.6
"""A tenth of the published weight, with which so few steps leave shapes round."""
_RATE_FALLS = (0.6, 0.3)
"""The part of the steps after which the learning rate falls, and to what."""


def study_symmetry(
    settings: StudySettings | None = None, data: str | Path | None = None, progress: Progress = silent
) -> SymmetryStudy:
    """Train each scheme with each seed, and measure it on the shapes that were held back.

    data: a dataset with pictures, masks and lists train and test; None for one that is made, and thrown away. Each
    shape is predicted from its first view; masks are compared in all the others. Raises `InvalidParameter`,
    `DatasetError`, and as `training.run.train`.
    """
    chosen = settings or StudySettings()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = Path(data) if data is not None else place / "data"
        begin = 0.0
        if data is None:
            made = MadeSettings(
                families=chosen.families or tuple(FAMILIES),
                count=chosen.count,
                views=VIEWS,
                size=PICTURE,
                points=_POINTS,
                split=SPLIT,
                seed=chosen.seed,
            )
            begin = 0.15
            make_symmetric(root, made, part(progress, 0.0, begin))
        dataset = Dataset(root)
        held = [_held(dataset, model) for model in dataset.models("test")]
        if not held:
            raise DatasetError(f"The lists test.lst in {root} name no shapes.", "Add names to them.")
        trainings = [(chosen.seed + k, scheme) for k in range(chosen.seeds) for scheme in chosen.schemes]
        rows, found = [], dict[str, list[tuple[Bytes, Bytes]]]()
        for number, (seed, scheme) in enumerate(trainings):
            share = [begin + (1.0 - begin) * (number + k) / len(trainings) for k in (0, 1)]
            told = _told(part(progress, *share), f"{scheme}, seed {seed}")
            lesson, seconds = _trained(chosen, root, place / f"{scheme}-{seed}", scheme, seed, told)
            predictions = _predicted(lesson, held)
            rows.append(_measured(lesson, predictions, held, seed, seconds))
            if seed == chosen.seed:
                found[scheme] = _pictures(lesson, predictions, held)
        shapes = len(lesson.shapes)
    return SymmetryStudy(chosen, tuple(rows), _examples(held, found), shapes, len(held))


def _told(progress: Progress, what: str) -> Progress:
    return lambda fraction, phase: progress(fraction, f"{what}: {phase}")


@dataclass(frozen=True)
class _Held:
    """A shape that was held back. views: the first is what is shown. points, occupied, cloud: as the dataset has them.
    shape: the true shape in the unit cube, with colours, where it is known."""

    model: ModelFolder
    views: tuple[Source, ...]
    points: FloatArray
    occupied: np.ndarray[tuple[int], np.dtype[np.bool_]]
    cloud: Cloud
    shape: Mesh | None


def _held(dataset: Dataset, model: ModelFolder) -> _Held:
    views = tuple(read_source(dataset, model, view) for view in range(len(dataset.images(model))))
    points, occupied, placement = dataset.points(model)
    cloud = dataset.cloud(model)
    path, shape = model.folder / SHAPE, None
    if path.is_file() and "color" in (mesh := read_mesh(path)).attributes:
        shape = mesh.with_vertices(placement.to_unit(mesh.vertices))
    few = slice(0, _CLOUD)
    true = Cloud(cloud.points[few].astype(np.float64), cloud.normals[few].astype(np.float64))
    return _Held(model, views, points[:_POINTS].astype(np.float64), occupied[:_POINTS], true, shape)


def _trained(
    settings: StudySettings, root: Path, out: Path, scheme: str, seed: int, progress: Progress
) -> tuple[ReconstructionLesson, float]:
    """The lesson with its network after all steps, in evaluation, and the seconds that it took."""
    options = {
        "scheme": scheme,
        "level": settings.level,
        "size": settings.size,
        "views": settings.views,
        "drawn": 32,
        "dropout": False,  # too few steps for it
        "camera": 20.0,  # is not measured
        "laplacian": _SMOOTH,
        "laplacian_deformation": 0.3 * _SMOOTH,
        "overfit": True,  # nothing is chosen by validation
        "validation_views": 1,
    }
    config = TrainingConfig(
        "reconstruction",
        root,
        out,
        seed=seed,
        batch=settings.batch,
        steps=settings.steps,
        learning_rate=settings.rate,
        decay=_RATE_FALLS[1],
        decay_every=max(round(_RATE_FALLS[0] * settings.steps), 1),
        validate_every=settings.steps,
        save_every=settings.steps,
        device=settings.device,
        workers=1,
        options=options,
    )
    lessons: list[ReconstructionLesson] = []

    def made(given: TrainingConfig) -> ReconstructionLesson:
        lessons.append(ReconstructionLesson(given))
        return lessons[0]

    begin = time.perf_counter()
    learn(made, config, progress)
    lessons[0].network.eval()
    return lessons[0], time.perf_counter() - begin


@torch.no_grad()
def _predicted(lesson: ReconstructionLesson, held: Sequence[_Held]) -> list[Seen]:
    """What is seen in the first view of each shape, one by one."""
    device = next(lesson.network.parameters()).device
    size = lesson.sizes.picture
    pictures = [torch.from_numpy(view_of(one.views[0], size).picture)[None].to(device) for one in held]
    return [lesson.network(normalised(picture.float() / 255.0)) for picture in pictures]


def _measured(
    lesson: ReconstructionLesson, predictions: Sequence[Seen], held: Sequence[_Held], seed: int, seconds: float
) -> Measured:
    numbers = np.array([_errors(lesson, seen, one) for seen, one in zip(predictions, held, strict=True)])
    known = numbers[np.isfinite(numbers[:, 4]), 4]
    mask, volume, chamfer, asymmetry = (float(value) for value in numbers[:, :4].mean(axis=0))
    network = lesson.network
    return Measured(
        lesson.scheme.name,
        seed,
        sum(parameter.numel() for parameter in network.parameters()),
        network.mean_v.numel(),
        network.outputs,
        predictions[0].texture[0].numel(),
        mask,
        volume,
        chamfer,
        asymmetry,
        float(known.mean()) if len(known) else float("nan"),
        seconds,
    )


def _errors(lesson: ReconstructionLesson, seen: Seen, held: _Held) -> tuple[float, ...]:
    """mask_iou, volume_iou, chamfer, asymmetry, texture_error."""
    mesh = _mesh_of(lesson, seen)
    drawn, triangle, _ = sample_surface(mesh, _CLOUD, 0)
    apart = cloud_distances(held.cloud, Cloud(drawn, face_normals(mesh)[triangle]))
    mirrored = SurfaceTree(mesh).nearest(drawn * [-1.0, 1.0, 1.0])[0]
    return (
        _mask_iou(lesson, seen, held),
        overlap(inside(mesh, held.points), held.occupied),
        apart["chamfer_l1"],
        float(mirrored.mean()),
        _texture_error(lesson, seen, mesh, held.shape),
    )


def _mesh_of(lesson: ReconstructionLesson, seen: Seen) -> Mesh:
    """In the unit cube of the dataset."""
    vertices = to_unit_cube(seen.vertices[0].double().cpu().numpy())
    return Mesh(vertices, lesson.scheme.mesh.faces[:, ::-1].copy())


@torch.no_grad()
def _mask_iou(lesson: ReconstructionLesson, seen: Seen, held: _Held) -> float:
    """Mean over the views that were not shown; over the one there is, where there is no other."""
    size, device = lesson.sizes.picture, seen.mean.device
    found = []
    for source in held.views[1:] or held.views:
        view = view_of(source, size)
        drawn = lesson.draw(seen, torch.from_numpy(view.matrix)[None].to(device), size)
        found.append(overlap(drawn.mask[0].cpu().numpy() >= 0.5, view.mask >= 128))
    return float(np.mean(found))


def _texture_error(lesson: ReconstructionLesson, seen: Seen, mesh: Mesh, shape: Mesh | None) -> float:
    """Between colours of points on the true surface and of the nearest ones on the predicted one; NaN without truth."""
    if shape is None:
        return float("nan")
    points, triangle, weights = sample_surface(shape, _CLOUD, 0)
    true = linear_to_srgb(_between(shape.attributes["color"], shape.faces, triangle, weights))
    _, near, place = SurfaceTree(mesh).nearest(points)
    directions = _between(lesson.scheme.mesh.vertices, mesh.faces, near, _weights_in(mesh, near, place))
    where = sphere_coordinates(torch.from_numpy(directions).float(), mirrored=lesson.mirrored)
    with torch.no_grad():
        painted = functional.grid_sample(seen.texture.cpu(), where[None, None], align_corners=True)[0, :, 0].T.numpy()
    return float(np.abs(painted - true).mean())


def _between(values: FloatArray, faces: IntArray, triangle: IntArray, weights: FloatArray) -> FloatArray:
    """(N, C) values (V, C) of the corners, mixed by weights (N, 3)."""
    return np.asarray((values[faces[triangle]] * weights[:, :, None]).sum(axis=1))


def _weights_in(mesh: Mesh, triangle: IntArray, points: FloatArray) -> FloatArray:
    """(N, 3) barycentric coordinates of points (N, 3) in the plane of their triangles."""
    a, b, c = (mesh.vertices[mesh.faces[triangle, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    square = np.maximum(np.einsum("ni,ni->n", normal, normal), 1e-30)
    second = np.einsum("ni,ni->n", np.cross(points - a, c - a), normal) / square
    third = np.einsum("ni,ni->n", np.cross(b - a, points - a), normal) / square
    return np.clip(np.stack([1.0 - second - third, second, third], axis=1), 0.0, 1.0)


@torch.no_grad()
def _pictures(
    lesson: ReconstructionLesson, predictions: Sequence[Seen], held: Sequence[_Held]
) -> list[tuple[Bytes, Bytes]]:
    """What is predicted for the examples, from where it was seen and from behind."""
    return [
        (_drawn(lesson, predictions[number], held[number], 0), _drawn(lesson, predictions[number], held[number], -1))
        for number in _chosen(held)
    ]


def _drawn(lesson: ReconstructionLesson, seen: Seen, held: _Held, view: int) -> Bytes:
    size = 2 * lesson.sizes.picture
    matrix = torch.from_numpy(view_of(held.views[view], size).matrix)[None].to(seen.mean.device)
    picture = lesson.draw(seen, matrix, size)
    assert picture.colour is not None
    return (255.0 * picture.colour[0].clamp(0.0, 1.0).permute(1, 2, 0)).round().byte().cpu().numpy()


def _chosen(held: Sequence[_Held]) -> list[int]:
    """Which are shown: of each class in turn."""
    places: dict[str, list[int]] = {}
    for number, one in enumerate(held):
        places.setdefault(one.model.category, []).append(number)
    rounds = range(max(len(own) for own in places.values()))
    return [own[k] for k in rounds for own in places.values() if k < len(own)][:_EXAMPLES]


def _examples(held: Sequence[_Held], found: dict[str, list[tuple[Bytes, Bytes]]]) -> tuple[Shown, ...]:
    shown = []
    for place, number in enumerate(_chosen(held)):
        one = held[number]
        first, last = (view_of(one.views[k], 128).picture.transpose(1, 2, 0) for k in (0, -1))
        own = {scheme: pictures[place] for scheme, pictures in found.items()}
        shown.append(Shown(str(one.model), first, (first, last), own))
    return tuple(shown)
