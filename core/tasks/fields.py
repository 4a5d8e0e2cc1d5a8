# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks on distance fields: the tools that make one of others, and sections.

A shape is a mesh, `vertices` and `faces`, or a fitted field: `field`, the bytes of its file, which needs PyTorch, with
the parameter `matrix` (4, 4) from its coordinates to those of the result. The second one's names end in `_b`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import InvalidParameter
from ..fields.collision import similarity_of
from ..fields.field import Field, MeshField, as_field
from ..fields.operations import placed
from ..fields.section import section
from ..fields.tools import WITH_TWO, Tool, extraction_of, run_tool
from ..geometry.measure import signed_volume
from ..networks.runtime import require_torch
from ..progress import Progress, part
from .outcome import Arrays, Outcome, Parameters, Task, mesh_from

_TOOL = ("amount", "side", "radius", "weight")
_EXTRACTION = ("refinement", "faces", "normals")
_SECTION = ("axis", "position", "resolution", "margin")


def field_from(arrays: Arrays, parameters: Parameters, suffix: str = "") -> Field:
    """The field of a shape among the arrays. Raises `InvalidParameter` where there is none."""
    if f"field{suffix}" in arrays:
        require_torch()
        from ..networks.distance.field_file import load_field

        device = str(parameters.get("device", "auto"))
        field = as_field(load_field(arrays[f"field{suffix}"].tobytes(), device))
        matrix = parameters.get(f"matrix{suffix}")
        return field if matrix is None else placed(field, similarity_of(np.array(matrix, np.float64)))
    if f"vertices{suffix}" not in arrays:
        raise InvalidParameter("A shape is missing.", "Give a mesh or a fitted field.")
    return MeshField(mesh_from(arrays, suffix))


def _field_tool(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """Shapes → the mesh of the tool `tool`, `of_second` (F,) and, with `normals`, `normal` (V, 3)."""
    tool = Tool(str(parameters["tool"]), **{name: parameters[name] for name in _TOOL if name in parameters})
    options = {name: parameters[name] for name in _EXTRACTION if name in parameters}
    extraction = extraction_of(int(parameters.get("resolution", 128)), **options)
    progress(0.0, "Preparing")
    a = field_from(arrays, parameters)
    b = field_from(arrays, parameters, "_b") if tool.name in WITH_TWO else None
    mesh, second = run_tool(tool, a, b, extraction, part(progress, 0.05, 1.0))
    found = {"vertices": mesh.vertices, "faces": mesh.faces, "of_second": second, **mesh.attributes}
    return Outcome(found, {"volume": signed_volume(mesh), "resolution": extraction.resolution})


def _field_slice(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """A shape → `values` (H, W) on a plane, and its `origin`, `across` and `up` (3,)."""
    progress(0.0, "Preparing")
    field = field_from(arrays, parameters)
    progress(0.3, "Measuring distances")
    found = section(field, **{name: parameters[name] for name in _SECTION if name in parameters})
    return Outcome({"values": found.values, "origin": found.origin, "across": found.across, "up": found.up})


TASKS: Mapping[str, Task] = {"field_tool": _field_tool, "field_slice": _field_slice}
