# SPDX-License-Identifier: GPL-3.0-or-later
"""From a mesh to a neural distance field, and how good it is."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from ...fields.extraction import Extraction
from ...geometry.distance import distances_to_surface
from ...geometry.sampling import sample_surface
from ...geometry.signed_distance import SignedDistance
from ...mesh import Mesh
from ...progress import Progress, Stages, part, silent
from ..runtime import chosen_device, in_words
from . import field_file
from .architectures import build_network
from .field import FittedField, ready
from .placement import placement_of
from .report import FitReport, f1_score
from .samples import Samples, in_cube, joined, near_surface
from .settings import FitSettings
from .training import train

Fitted = FittedField
"""What fitting gives."""

_HELD_OUT = 100_000
_HELD_OUT_SEED = 2**32
_JUDGED, _JUDGED_QUICKLY = Extraction(resolution=128), Extraction(resolution=32)
_FEW = 20_000
"""With fewer samples than this a fit is a try, and is judged by so many points and a coarse surface."""

_ON_SURFACES = 30_000


def fit(
    mesh: Mesh,
    settings: FitSettings | None = None,
    progress: Progress = silent,
    *,
    device: str = "auto",
    source: str = "",
    judged: bool = True,
) -> FittedField:
    """Fit a network to the distances from a mesh, open and broken ones too, where they have an inside.

    The same mesh, settings and machine give the same network. source: the name of the mesh, for the file. judged:
    whether it is measured; else there is no report. Raises `InvalidMesh` for a mesh without an inside,
    `InvalidParameter`, `MissingLibrary`, and what `progress` raises.
    """
    chosen = settings or FitSettings()
    place = chosen_device(device)
    stages = Stages()
    placement = placement_of(mesh)
    placed = Mesh(placement.to_own(mesh.vertices), mesh.faces)
    with stages("points"):
        exact = SignedDistance(placed)
        near = near_surface(placed, exact, chosen.samples, chosen.seed, part(progress, 0.0, 0.05))
        volume = in_cube(exact, chosen.samples, chosen.seed, part(progress, 0.05, 0.1))
    begin = time.process_time()
    with stages("training"), in_words():
        network = _seeded(chosen).to(place)
        losses = train(network, joined(near, volume), chosen, part(progress, 0.1, 0.9))
    busy = time.process_time() - begin
    _round(network)
    field = FittedField(ready(network, place), placement, chosen, None, source)
    if not judged:
        return field
    with stages("judging"):
        report = judge(field, mesh, exact, part(progress, 0.9, 1.0))
    report = replace(report, seconds=stages.seconds, process_seconds=busy, losses=losses)
    field = replace(field, report=report)
    return replace(field, report=replace(report, bytes=len(field_file.field_to_bytes(field))))


def judge(field: FittedField, mesh: Mesh, exact: SignedDistance, progress: Progress = silent) -> FitReport:
    """Measure a field on points it has not seen. exact: the distance to the mesh, placed in the cube of the field."""
    placement = field.placement
    placed = Mesh(placement.to_own(mesh.vertices), mesh.faces)
    settings = field.settings or FitSettings()
    few = settings.samples < _FEW
    seed, count = _HELD_OUT_SEED + settings.seed, _FEW if few else _HELD_OUT
    near = near_surface(placed, exact, count, seed, part(progress, 0.0, 0.2))
    volume = in_cube(exact, count, seed, part(progress, 0.2, 0.4))
    (f1_near, error_near), (f1_volume, error_volume) = (_agreement(field, each) for each in (near, volume))
    surface = field.mesh(_JUDGED_QUICKLY if few else _JUDGED, progress=part(progress, 0.4, 0.9))
    chamfer = chamfer_distance(surface, mesh)
    diagonal = mesh.diagonal
    return FitReport(
        f1_near=f1_near,
        f1_volume=f1_volume,
        error_near=error_near,
        error_near_rel=error_near / diagonal,
        error_volume=error_volume,
        error_volume_rel=error_volume / diagonal,
        chamfer=chamfer,
        chamfer_rel=chamfer / diagonal if chamfer >= 0.0 else -1.0,
        parameters=field.parameters,
        bytes=0,
    )


def chamfer_distance(found: Mesh, truth: Mesh, seed: int = 0) -> float:
    """Mean of the mean distances from each surface to the other; −1 where one has no faces."""
    if not found.n_faces or not truth.n_faces:
        return -1.0
    there = distances_to_surface(sample_surface(found, _ON_SURFACES, seed)[0], truth).mean()
    back = distances_to_surface(sample_surface(truth, _ON_SURFACES, seed)[0], found).mean()
    return float(0.5 * (there + back))


def _agreement(field: FittedField, samples: Samples) -> tuple[float, float]:
    """(F1, mean error in the units of the source)."""
    scale = field.placement.scale
    found = field.distance(field.placement.to_source(samples.points.astype(np.float64))) * scale
    return f1_score(found < 0.0, samples.distances < 0.0), float(np.abs(found - samples.distances).mean() / scale)


def _seeded(settings: FitSettings) -> nn.Module:
    """The network with first weights by seed; what is drawn elsewhere is not touched by it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return build_network(settings.network, settings.preset)


def _round(network: nn.Module) -> None:
    """To what the file keeps."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())
