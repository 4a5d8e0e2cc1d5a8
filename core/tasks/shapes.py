# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks on the main road: encode and decode."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..codec import decode, encode
from ..geometry.curvature import curvature_density
from ..geometry.measure import oriented_outward, scatter_to_vertices
from ..harmonics.density import vertex_density
from ..harmonics.transforms import synthesize
from ..interchange import open_several
from ..mesh import FloatArray, Mesh
from ..progress import Progress, part
from ..shape import Shape
from ..sphere.distortion import angle_distortion, area_distortion
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from, shape_array, shape_from


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
    return np.asarray(synthesize(vertex_density(sphere, shape.lmax)[None], sphere)[:, 0])


def _encode(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    mesh = mesh_from(arrays)
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


def _decode(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    shape = shape_from(arrays["shape"])
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


def _open_shapes(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    contents = open_several([Path(path) for path in parameters["paths"]])
    shapes = {}
    for number, content in enumerate(contents):
        share = part(progress, number / len(contents), (number + 1) / len(contents))
        share(0.0, f"Opening {content.name}")
        shapes[f"shape_{number}"] = shape_array(content.to_shape(share))
    notes = list(dict.fromkeys(note for content in contents for note in content.notes))
    return Outcome(shapes, {"names": [content.name for content in contents], "notes": notes})


TASKS: Mapping[str, Task] = {"encode": _encode, "decode": _decode, "open_shapes": _open_shapes}
