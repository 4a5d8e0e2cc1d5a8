# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of a decoder and codes on a collection of meshes, and the fit of a code to a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from ....errors import InvalidMesh, InvalidParameter, TrainingFailed
from ....mesh import FloatArray, Mesh
from ....progress import Progress, part, silent
from ...runtime import chosen_device, in_words
from ..codes import Placed, ShapeCodes, free_names
from ..samples import Samples, centre_of, placements, sample_distances
from ..settings import CodesSettings, FitCodeSettings
from .decoder import network_of
from .lesson import Accuracy, CodesLesson, accuracy

_TOLD = 0.25
"""Seconds between two lines of progress."""
_MOST_POINTS = 1 << 17
"""Points that gradients are worked out for at once: a few gigabytes with the published decoder."""
_CURVE = 200
"""Points of the curve that is kept of the loss."""


@dataclass(frozen=True)
class Trained:
    """codes: what was learned. losses: (step, mean loss since the one before). accuracies: of each member, on samples
    that were kept back. seconds: it took."""

    codes: ShapeCodes
    losses: tuple[tuple[int, float], ...]
    accuracies: tuple[Accuracy, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """All but the codes, as plain data."""
        rows = zip(self.codes.names, self.accuracies, strict=True)
        return {
            "members": [{"name": name, **asdict(one)} for name, one in rows],
            "f1": float(np.mean([one.f1 for one in self.accuracies])),
            "error": float(np.mean([one.error for one in self.accuracies])),
            "loss": self.losses[-1][1],
            "losses": [list(row) for row in self.losses],
            "seconds": self.seconds,
            "parameters": self.codes.decoder.layout.parameters,
        }


def train(
    meshes: Sequence[Mesh],
    names: Sequence[str] | None = None,
    settings: CodesSettings | None = None,
    device: str = "auto",
    progress: Progress = silent,
) -> Trained:
    """Learn a decoder and a code for each mesh (Park et al. 2019).

    names: of the members; numbered where they repeat. The same seed gives the same result on the same machine. Raises
    `InvalidParameter` for less than one mesh, and `InvalidMesh`, naming it, for a mesh that has no inside.
    """
    given = settings or CodesSettings()
    chosen = replace(given, shapes=max(min(given.shapes, len(meshes)), 1))
    called = free_names(names if names is not None else [f"Shape {number + 1}" for number in range(len(meshes))])
    if not meshes or len(called) != len(meshes):
        raise InvalidParameter(
            f"{len(meshes)} meshes cannot be learned from.", "Give at least one, and a name for each."
        )
    begin, target = time.perf_counter(), chosen_device(device)
    for mesh, name in zip(meshes, called, strict=True):
        with _named(name):
            centre_of(mesh)
    samples = []
    centres, scales = placements(meshes, common_size=chosen.common_size)
    for number, (mesh, name) in enumerate(zip(meshes, called, strict=True)):
        progress(0.1 * number / len(meshes), f"Sampling {name}")
        with _named(name):
            samples.append(
                sample_distances(mesh, centres[number], scales[number], chosen.samples, chosen.seed + number)
            )
    with in_words():
        lesson = CodesLesson(samples, called, (centres, scales), chosen)
        lesson.network.to(target)
        losses = run_lesson(lesson, part(progress, 0.1, 1.0))
        accuracies = tuple(lesson.accuracies())
    codes = lesson.result(
        settings=asdict(chosen), loss=losses[-1][1], f1=float(np.mean([one.f1 for one in accuracies]))
    )
    codes = codes.with_f1({name: one.f1 for name, one in zip(called, accuracies, strict=True)})
    return Trained(codes, losses, accuracies, time.perf_counter() - begin)


def run_lesson(lesson: CodesLesson, progress: Progress = silent) -> tuple[tuple[int, float], ...]:
    """Adam, with rates that are halved three times. Gives (step, mean loss since the one before)."""
    optimiser = torch.optim.Adam(lesson.groups(lesson.settings.rate))
    rates = [group["lr"] for group in optimiser.param_groups]
    every, told = max(lesson.steps // _CURVE, 1), 0.0
    losses: list[tuple[int, float]] = []
    since: list[float] = []
    lesson.network.train()
    for step in range(lesson.steps):
        factor = lesson.settings.rate_factor(step // lesson.steps_per_epoch)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        optimiser.zero_grad()
        since.append(_add_gradients(lesson, step))
        optimiser.step()
        if not np.isfinite(since[-1]):
            raise TrainingFailed("The training has diverged.", "Use a lower rate, or another seed.")
        if (step + 1) % every == 0 or step + 1 == lesson.steps:
            losses.append((step + 1, float(np.mean(since))))
            since = []
        if time.perf_counter() - told > _TOLD:
            told, shown = time.perf_counter(), losses[-1][1] if losses else since[-1]
            progress(step / lesson.steps, f"Training, loss {shown:.4f}")
    lesson.network.eval()
    return tuple(losses)


def _add_gradients(lesson: CodesLesson, step: int) -> float:
    """The mean loss over a batch, and its gradients; shape by shape where the points are too many at once."""
    batch, most = lesson.batch(step), max(_MOST_POINTS // lesson.settings.per_shape, 1)
    count, total = len(batch["shapes"]), 0.0
    for begin in range(0, count, most):
        part_of_batch = {name: value[begin : begin + most].to(lesson.device) for name, value in batch.items()}
        loss = lesson.loss(part_of_batch, step) * (len(part_of_batch["shapes"]) / count)
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    return total


@dataclass(frozen=True)
class FittedCode:
    """placed: the code, and where its shape is. accuracy: on samples that it was not fitted to. loss: the last one."""

    placed: Placed
    accuracy: Accuracy
    loss: float
    seconds: float = field(compare=False)

    def to_dict(self) -> dict[str, float]:
        """All but the code, as plain data."""
        return {**asdict(self.accuracy), "loss": self.loss, "seconds": self.seconds}


def fit_code(
    codes: ShapeCodes,
    mesh: Mesh,
    settings: FitCodeSettings | None = None,
    device: str = "auto",
    progress: Progress = silent,
    *,
    place: tuple[FloatArray, float] | None = None,
) -> FittedCode:
    """The code whose shape is most like a mesh: found by Adam through the decoder, which stays as it is.

    place: (centre (3,), scale) of the mesh, where that is known; else it is centred, and fills the sphere unless the
    members have one size in common. Raises `InvalidMesh` for a mesh without an inside.
    """
    chosen, target, begin = settings or FitCodeSettings(), chosen_device(device), time.perf_counter()
    progress(0.0, "Sampling the mesh")
    centre, scale = place or _place(codes, mesh)
    samples = sample_distances(mesh, centre, scale, chosen.samples, chosen.seed)
    with in_words():
        code, loss = fit_samples(codes, samples, chosen, target, part(progress, 0.2, 1.0))
    placed = Placed(code, centre, scale)
    fresh = sample_distances(mesh, centre, scale, max(chosen.samples // 10, 100), chosen.seed + 1)
    found = codes.decoder.distances(code)(fresh.points)
    return FittedCode(placed, accuracy(found, fresh.distances, chosen.clamp), loss, time.perf_counter() - begin)


def _place(codes: ShapeCodes, mesh: Mesh) -> tuple[FloatArray, float]:
    """Where a mesh would be among the members."""
    centres, scales = placements([mesh])
    settings = codes.facts.get("settings")
    common = isinstance(settings, dict) and bool(settings.get("common_size"))
    return centres[0], float(codes.scales[0] if common else scales[0])


def fit_samples(
    codes: ShapeCodes, samples: Samples, settings: FitCodeSettings, device: str = "cpu", progress: Progress = silent
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], float]:
    """(code (C,), last loss) for samples in the decoder's own space, as published."""
    network = network_of(codes.decoder.layout, codes.weights, codes.tanhs).to(device).requires_grad_(False)
    rows = torch.from_numpy(np.column_stack([samples.points, samples.distances]).astype(np.float32)).to(device)
    outside, inside = rows[rows[:, 3] >= 0.0], rows[rows[:, 3] < 0.0]
    generator = torch.Generator().manual_seed(settings.seed)
    code = settings.deviation * torch.randn(1, codes.decoder.layout.code, generator=generator)
    code = code.to(device).requires_grad_()
    optimiser, told, loss = torch.optim.Adam([code], lr=settings.rate), 0.0, torch.zeros(())
    limit, half, turn = settings.clamp, settings.per_step // 2, max(settings.steps // 2, 1)
    for step in range(settings.steps):
        optimiser.param_groups[0]["lr"] = settings.rate * 0.1 ** (step // turn)
        drawn = [side[torch.randint(len(side), (half,), generator=generator).to(device)] for side in (outside, inside)]
        values = torch.cat(drawn)
        optimiser.zero_grad()
        found = network(code, values[None, :, :3])[0]
        loss = (found.clamp(-limit, limit) - values[:, 3].clamp(-limit, limit)).abs().mean()
        loss = loss + settings.regularisation * code.square().mean()
        loss.backward()
        optimiser.step()
        if time.perf_counter() - told > _TOLD:
            told = time.perf_counter()
            progress(step / settings.steps, f"Fitting the code, loss {loss.item():.4f}")
    return code.detach()[0].cpu().numpy(), float(loss.item())


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Within, an error of a mesh says which one it is."""
    try:
        yield
    except InvalidMesh as error:
        raise InvalidMesh(f"{name}: {error.found}", error.remedy) from error
