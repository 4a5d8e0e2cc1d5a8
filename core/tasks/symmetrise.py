# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that make meshes and encoded shapes symmetric."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InvalidParameter
from ..progress import Progress, part
from ..symmetric_shape import symmetrise_shape
from ..symmetry.elements import Plane, element_from_dict
from ..symmetry.left_right import left_right_errors
from ..symmetry.pairs import mirror_partners
from ..symmetry.symmetrise import averaged, by_partners, find_plane
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from, shape_array, shape_from


def _plane(parameters: Parameters) -> Plane | str:
    given = parameters.get("plane", "auto")
    if not isinstance(given, Mapping):
        return str(given)
    element = element_from_dict(given)
    if not isinstance(element, Plane):
        raise InvalidParameter("An axis of rotation is no mirror.", "Choose a plane.")
    return element


def _symmetrise(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Where the vertices go; who cuts and mirrors the mesh, with all that it carries, does so with these."""
    mesh, side = mesh_from(arrays), str(parameters.get("side", "positive"))
    plane = find_plane(mesh, _plane(parameters), part(progress, 0.0, 0.6))
    data = {"plane": plane.to_dict()}
    if parameters.get("method") != "index":
        progress(0.8, "Measuring")
        vertices = averaged(mesh, plane) if side == "average" else mesh.vertices
        return Outcome({"vertices": vertices}, {**data, "errors": left_right_errors(mesh, plane)})
    polygons = (arrays["corner_vertex"], arrays["loop_start"]) if "corner_vertex" in arrays else None
    partners = mirror_partners(mesh, plane, polygons, part(progress, 0.6, 0.9))
    errors = left_right_errors(mesh, plane, partners.vertex)
    vertices = by_partners(mesh, plane, partners.vertex, side).vertices
    found = {"vertices": vertices, "vertex_partner": partners.vertex, "corner_partner": partners.corner}
    return Outcome(found, {**data, "errors": errors})


def _symmetrise_shape(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    shape = shape_from(arrays["shape"])
    found = symmetrise_shape(
        shape, _plane(parameters), deform_map=bool(parameters.get("deform_map", True)), progress=progress
    )
    sphere = {} if found.shape.sphere is None else {"sphere": found.shape.sphere}
    return Outcome(
        {"shape": shape_array(found.shape), "asymmetric": found.asymmetric.coefficients, **sphere},
        {
            "plane": found.parts.plane.to_dict(),
            "normal": found.parts.normal.tolist(),
            "match": found.parts.match,
            "asymmetry_rel": found.asymmetry_rel,
        },
    )


TASKS: Mapping[str, Task] = {"symmetrise": _symmetrise, "symmetrise_shape": _symmetrise_shape}
