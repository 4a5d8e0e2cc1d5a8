# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about neural distance fields: fit one to a mesh, take a surface out of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..fields.extraction import Extraction
from ..networks.distance.settings import settings_from, steps_for
from ..networks.runtime import require_torch
from ..progress import Progress, part
from .outcome import Array, Arrays, Outcome, Parameters, Task, mesh_from

_RESOLUTION = 256


def _fit(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`vertices`, `faces`, and the fields of `FitSettings`, `device`, `source`, `resolution`, `level` as parameters →
    `field` (uint8, the bytes of its file), and the surface as `vertices`, `faces`; the report."""
    require_torch()
    from ..networks.distance.field_file import field_to_bytes
    from ..networks.distance.fit import fit

    extraction = _extraction(parameters)
    fitted = fit(
        mesh_from(arrays),
        settings_from(parameters),
        part(progress, 0.0, 0.9),
        device=str(parameters.get("device", "auto")),
        source=str(parameters.get("source", "")),
    )
    mesh = fitted.mesh(extraction, float(parameters.get("level", 0.0)), part(progress, 0.9, 1.0))
    assert fitted.report is not None
    field = np.frombuffer(field_to_bytes(fitted), dtype=np.uint8)
    found: dict[str, Array] = {"field": field, "vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes}
    return Outcome(found, fitted.report.to_dict())


def _extract(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`field`, and `resolution`, `level`, `faces`, `normals`, `device` as parameters → `vertices`, `faces`, and
    `normal` where asked for."""
    require_torch()
    from ..networks.distance.field_file import load_field

    extraction = _extraction(parameters)
    field = load_field(arrays["field"].tobytes(), str(parameters.get("device", "auto")))
    mesh = field.mesh(extraction, float(parameters.get("level", 0.0)), progress)
    settings = field.settings
    data: dict[str, Any] = {
        "n_vertices": mesh.n_vertices,
        "n_faces": mesh.n_faces,
        "report": field.report.to_dict() if field.report else {},
        "network": settings.network if settings else "",
        "preset": settings.preset if settings else "",
        "source": field.source,
    }
    return Outcome({"vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes}, data)


def _extraction(parameters: Parameters) -> Extraction:
    resolution = int(parameters.get("resolution", _RESOLUTION))
    return Extraction(
        resolution,
        steps=steps_for(resolution),
        refinement=int(parameters.get("refinement", 0)),
        normals=bool(parameters.get("normals", False)),
        faces=int(parameters.get("faces", 0)),
    )


TASKS: Mapping[str, Task] = {"fit_distance": _fit, "extract_distance": _extract}
