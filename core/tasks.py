# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions that the worker process runs: arrays and plain parameters in, arrays and JSON data out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from .codec import decode, encode
from .errors import InvalidParameter
from .geometry.curvature import curvature_density
from .geometry.distance import compare
from .geometry.measure import oriented_outward, scatter_to_vertices
from .mesh import FloatArray, Mesh, require_usable
from .progress import Progress
from .repairs.recipe import recipe_from_json
from .repairs.run import repair
from .shape import Shape
from .shapefile import shape_from_bytes, shape_to_bytes
from .sphere.distortion import angle_distortion, area_distortion
from .topology import check

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Outcome:
    """What a task gives back: named arrays, and data that JSON can hold."""

    arrays: Arrays = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


Task = Callable[[Mapping[str, np.ndarray[Any, Any]], Mapping[str, Any], Progress], Outcome]


def run_task(
    name: str, arrays: Mapping[str, np.ndarray[Any, Any]], parameters: Mapping[str, Any], progress: Progress
) -> Outcome:
    """Run the task `name` of `TASKS`. Raises `InvalidParameter` for an unknown name."""
    if name not in TASKS:
        raise InvalidParameter(f"There is no task {name!r}.", f"Choose from {', '.join(TASKS)}.")
    return TASKS[name](arrays, parameters, progress)


def shape_array(shape: Shape) -> np.ndarray[Any, Any]:
    """The shape in its file format, as a (N,) uint8 array."""
    return np.frombuffer(shape_to_bytes(shape), dtype=np.uint8)


def attributes_of(mesh: Mesh, shape: Shape) -> dict[str, FloatArray]:
    """The per-vertex quantities (V,) that a user can look at, on the encoded mesh and its map."""
    sphere, _ = shape.require_sphere()
    outward = oriented_outward(mesh)
    centred = outward.with_vertices(outward.vertices - outward.vertices.mean(axis=0))
    ones = np.ones(mesh.n_faces)
    valence = scatter_to_vertices(ones, outward.faces, mesh.n_vertices)
    angle = scatter_to_vertices(angle_distortion(centred, sphere), outward.faces, mesh.n_vertices) / valence
    return {
        "curvature_density": curvature_density(centred, sphere),
        "log_area_distortion": np.log(area_distortion(centred, sphere)),
        "angle_distortion": angle,
        "vertex_density": _density_at_vertices(shape, sphere),
    }


def _density_at_vertices(shape: Shape, sphere: FloatArray) -> FloatArray:
    from .harmonics.density import vertex_density
    from .harmonics.transforms import synthesize

    return np.asarray(synthesize(vertex_density(sphere, shape.lmax)[None], sphere)[:, 0])


def _mesh(arrays: Mapping[str, np.ndarray[Any, Any]], suffix: str = "") -> Mesh:
    color = arrays.get("color" + suffix)
    attributes = {} if color is None else {"color": color}
    return Mesh(arrays["vertices" + suffix], arrays["faces" + suffix], attributes)


def _check(arrays: Mapping[str, np.ndarray[Any, Any]], parameters: Mapping[str, Any], progress: Progress) -> Outcome:
    mesh = _mesh(arrays)
    require_usable(mesh)
    report = check(mesh, bool(parameters.get("self_intersections", True)), progress)
    indices = {f"indices_{row.name}": row.indices for row in report.rows}
    return Outcome(indices, report.to_dict())


def _encode(arrays: Mapping[str, np.ndarray[Any, Any]], parameters: Mapping[str, Any], progress: Progress) -> Outcome:
    mesh = _mesh(arrays)
    shape = encode(
        mesh,
        int(parameters.get("lmax", 64)),
        str(parameters.get("method", "balanced")),
        parameters.get("channels"),
        target=parameters.get("target"),
        progress=progress,
    )
    sphere, _ = shape.require_sphere()
    result = {"shape": shape_array(shape), "sphere": sphere, **attributes_of(mesh, shape)}
    return Outcome(result, {"lmax": shape.lmax, "certificate": shape.certificate.to_dict()})


def _decode(arrays: Mapping[str, np.ndarray[Any, Any]], parameters: Mapping[str, Any], progress: Progress) -> Outcome:
    shape = shape_from_bytes(arrays["shape"].tobytes())
    size, lmax = parameters.get("size"), parameters.get("lmax")
    mesh = decode(
        shape,
        str(parameters.get("sampling", "source")),
        None if size is None else int(size),
        lmax=None if lmax is None else int(lmax),
        from_curvature=bool(parameters.get("from_curvature", False)),
        seed=int(parameters.get("seed", 0)),
        progress=progress,
    )
    return Outcome({"vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes})


def _compare(arrays: Mapping[str, np.ndarray[Any, Any]], parameters: Mapping[str, Any], progress: Progress) -> Outcome:
    comparison = compare(
        _mesh(arrays, "_a"), _mesh(arrays, "_b"), int(parameters.get("samples", 50_000)), progress=progress
    )
    return Outcome(data=comparison.to_dict())


def _repair(arrays: Mapping[str, np.ndarray[Any, Any]], parameters: Mapping[str, Any], progress: Progress) -> Outcome:
    recipe = recipe_from_json(str(parameters["recipe"]))
    host = parameters.get("engines")  # a module whose FUNCTIONS take the place of some steps
    engines = import_module(str(host)).FUNCTIONS if host else None
    stages_too = bool(parameters.get("keep_stages"))
    result = repair(_mesh(arrays), recipe, keep_stages=stages_too, engines=engines, progress=progress)
    mesh, origin = result.mesh, result.origin
    named = {"vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes, **origin.__dict__}
    for number, stage in enumerate(result.stages):
        named |= {f"stage_{number}_vertices": stage.mesh.vertices, f"stage_{number}_faces": stage.mesh.faces}
    stages = [stage.name for stage in result.stages]
    return Outcome(named, {**result.report.to_dict(), "stages": stages})


TASKS: Mapping[str, Task] = {
    "check": _check,
    "repair": _repair,
    "encode": _encode,
    "decode": _decode,
    "compare": _compare,
}
