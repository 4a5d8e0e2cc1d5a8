# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about shape codes: learn them, fit one to a new shape, show what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidParameter
from ..fields.extraction import Extraction
from ..mesh import Mesh
from ..networks.deepsdf.codes_file import codes_from_bytes, codes_to_bytes
from ..networks.deepsdf.settings import FitCodeSettings, preset
from ..networks.runtime import require_torch
from ..progress import Progress
from .outcome import Array, Arrays, Outcome, Parameters, Task, mesh_from

if TYPE_CHECKING:
    from ..networks.deepsdf.codes import ShapeCodes

_STEPS = 2


def _train(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`vertices_0`, `faces_0` …, `names`, `preset`, `settings` unlike it, `device` → `codes`, and a report."""
    require_torch()
    from ..networks.deepsdf.learning.train import train

    names = [str(name) for name in parameters["names"]]
    meshes = [Mesh(arrays[f"vertices_{number}"], arrays[f"faces_{number}"]) for number in range(len(names))]
    settings = preset(str(parameters.get("preset", "small")), **parameters.get("settings", {}))
    trained = train(meshes, names, settings, str(parameters.get("device", "auto")), progress)
    return Outcome({"codes": codes_array(trained.codes)}, trained.to_dict())


def _fit(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`codes`, `vertices`, `faces`, `name`, `settings`, `device` → `codes` with one more member, its name, a report."""
    require_torch()
    from ..networks.deepsdf.learning.train import fit_code

    codes = codes_from(arrays["codes"])
    settings = FitCodeSettings(**parameters.get("settings", {}))
    fitted = fit_code(codes, mesh_from(arrays), settings, str(parameters.get("device", "auto")), progress)
    more = codes.with_member(str(parameters.get("name", "")), fitted.placed)
    name = more.names[-1]
    more = more.with_f1({name: fitted.accuracy.f1})
    return Outcome({"codes": codes_array(more)}, {**fitted.to_dict(), "name": name})


def _extract(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`codes`, `blend` (name → weight), `resolution`, `faces` → `vertices`, `faces`. Needs no PyTorch."""
    codes = codes_from(arrays["codes"])
    blend = {str(name): float(weight) for name, weight in parameters["blend"].items()}
    mesh = codes.mesh(codes.blend(blend), _extraction(parameters), progress)
    if not mesh.n_faces:
        raise InvalidParameter("There is no surface here: everything is outside.", "Move the slider back.")
    return Outcome({"vertices": mesh.vertices, "faces": mesh.faces}, {"vertices": mesh.n_vertices})


def _extraction(parameters: Parameters) -> Extraction:
    """How the surface is found: `resolution` (rounded to a multiple of 4), `faces`, `refinement`."""
    resolution = max(round(int(parameters.get("resolution", 128)) / (1 << _STEPS)), 1) << _STEPS
    refinement, faces = int(parameters.get("refinement", 0)), int(parameters.get("faces", 0))
    return Extraction(resolution, _STEPS, refinement=refinement, faces=faces)


def codes_array(codes: ShapeCodes) -> Array:
    """The bytes of the file as a (N,) uint8 array."""
    return np.frombuffer(codes_to_bytes(codes), np.uint8)


def codes_from(array: Array) -> ShapeCodes:
    """The inverse of `codes_array`. Raises `CheckpointError` for damaged bytes."""
    return codes_from_bytes(array.tobytes(), "The shape codes")


TASKS: Mapping[str, Task] = {"codes_train": _train, "codes_fit": _fit, "codes_extract": _extract}
