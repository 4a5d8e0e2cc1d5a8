# SPDX-License-Identifier: GPL-3.0-or-later
"""From a checkpoint and an input to meshes with a report: what the command line and Blender share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..alignment.similarity import Similarity
from ..errors import InvalidParameter
from ..fields.extraction import Extraction
from ..mesh import Mesh
from ..progress import Progress, Stages, part, silent
from .inputs.points import AXES, unit_cube
from .inputs.voxels import blocks, network_voxels, solid_voxels
from .interface import Model, PictureModel

MOST_SHAPES = 1000


@dataclass(frozen=True)
class Prediction:
    """How meshes are predicted.

    resolution: cells along an edge of the finest grid. steps: how often the first grid is doubled; None for twice,
    where the resolution allows it. threshold: the probability on the surface; None for the published one. seed: of
    points that are drawn, or of the first new shape; the next one has the next seed. count: new shapes, of a model
    that sees nothing. refinement, faces, normals, published: as of `Extraction`. up: the axis that is up in the input
    and in the result, "y" as in the data of the published networks, or "z".
    """

    resolution: int = 128
    steps: int | None = None
    threshold: float | None = None
    seed: int = 0
    count: int = 1
    refinement: int = 0
    faces: int = 0
    normals: bool = False
    up: str = "y"
    published: bool = False

    def __post_init__(self) -> None:
        if self.up not in AXES:
            raise InvalidParameter(f"The axis {self.up!r} cannot be up.", f"Choose from {', '.join(AXES)}.")
        if not 1 <= self.count <= MOST_SHAPES:
            raise InvalidParameter(f"{self.count} shapes cannot be made.", f"Give 1 to {MOST_SHAPES}.")
        if not 0 <= self.seed < 2**62:
            raise InvalidParameter(f"The seed is {self.seed}.", "Give 0 or more, up to 18 digits.")
        _ = self.extraction

    @property
    def extraction(self) -> Extraction:
        """How the surface is taken out of the field."""
        steps = self.steps
        if steps is None:
            steps = next(n for n in (2, 1, 0) if self.resolution % (1 << n) == 0)
        return Extraction(self.resolution, steps, self.refinement, self.normals, self.faces, published=self.published)


@dataclass(frozen=True)
class Predicted:
    """meshes: in the place of the input. seeds: of each. seconds: of each stage. remarks: what may be wrong with the
    input, or was left out. blocks: the voxels that the model saw, where it sees some and they were asked for."""

    meshes: tuple[Mesh, ...]
    seeds: tuple[int, ...]
    seconds: Mapping[str, float]
    remarks: tuple[str, ...] = ()
    blocks: Mesh | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What is told of it, as JSON-ready data."""
        return {
            **self.facts,
            "vertices": [mesh.n_vertices for mesh in self.meshes],
            "faces": [mesh.n_faces for mesh in self.meshes],
            "seeds": list(self.seeds),
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "remarks": list(self.remarks),
        }


def predict(
    model: Model,
    given: NDArray[Any] | Mesh | None = None,
    settings: Prediction | None = None,
    *,
    placement: Similarity | None = None,
    with_blocks: bool = False,
    progress: Progress = silent,
) -> Predicted:
    """The meshes that a model sees in an input, or makes by itself.

    placement: as of `Model.predict`. Raises `InvalidParameter` where nothing is inside at the threshold, and for an
    input that is not for the model.
    """
    chosen = settings or Prediction()
    require_input(model, given)
    count = chosen.count if given is None else 1
    place = placement or _placed(given, chosen.up)
    stages, meshes = Stages(), {}
    for number in range(count):
        share = part(progress, number / count, (number + 1) / count)
        seed = chosen.seed + number
        with stages("predict"):
            mesh = model.predict(
                given,
                chosen.resolution,
                chosen.threshold,
                seed,
                extraction=chosen.extraction,
                progress=share,
                placement=place,
            )
        if mesh.n_faces:
            meshes[seed] = mesh
    if not meshes:
        at = "" if chosen.threshold is None else f" of {chosen.threshold:g}"
        what, other = ("sees no shape in this", "input") if given is not None else ("makes no shape of this", "seed")
        raise InvalidParameter(
            f"Nothing is inside at the threshold{at}: the model {what}.",
            f"Change the threshold, or give another {other}.",
        )
    empty = [str(chosen.seed + n) for n in range(count) if chosen.seed + n not in meshes]
    remarks = (f"Nothing is inside with the seeds {', '.join(empty)}",) if empty else ()
    seen = seen_blocks(given, place) if with_blocks and model.card.inputs == "voxels" else None
    told = {"model": model.card.name, "title": model.card.title, **model.facts()}
    facts = {} if isinstance(model, PictureModel) else _of_grid(chosen, told)
    return Predicted(tuple(meshes.values()), tuple(meshes), stages.seconds, remarks, seen, {**told, **facts})


def _of_grid(chosen: Prediction, told: Mapping[str, Any]) -> dict[str, Any]:
    threshold = told.get("threshold") if chosen.threshold is None else chosen.threshold
    return {"resolution": chosen.resolution, "cells": chosen.resolution**3, "threshold": threshold}


def _placed(given: NDArray[Any] | Mesh | None, up: str) -> Similarity:
    """Where the network's cube lies: around a mesh or points, around the origin for all else."""
    if isinstance(given, Mesh) or (given is not None and given.ndim == 2 and given.shape[1] == 3):
        return unit_cube(given, AXES[up])
    return Similarity(AXES[up])


def require_input(model: Model, given: NDArray[Any] | Mesh | None) -> None:
    """Raise `InvalidParameter` where a model needs an input and there is none, or the other way round."""
    wants = model.card.inputs
    if given is None and wants not in ("nothing", "mesh"):  # models of meshes may do without, and say so
        raise InvalidParameter(f"{model.card.title} needs an input ({wants}).", "Give one.")
    if wants == "nothing" and isinstance(given, Mesh):
        raise InvalidParameter(f"{model.card.title} makes shapes by itself.", "Leave the input out.")


def seen_blocks(given: NDArray[Any] | Mesh | None, place: Similarity) -> Mesh:
    """The voxels that a model sees of an input, as cubes in the place of the input."""
    if isinstance(given, Mesh):
        return place.apply_to(blocks(solid_voxels(place.inverse.apply_to(given))))
    return place.apply_to(blocks(network_voxels(np.asarray(given))))
