# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that fits a mesh with a texture to pictures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..archive import archive_bytes
from ..errors import OutputError
from ..files import atomic_write
from ..networks.picture_fit.cameras import cameras_from
from ..networks.picture_fit.result import PictureFit
from ..networks.picture_fit.settings import settings_from
from ..networks.picture_fit.shots import shots_from
from ..networks.runtime import in_words, require_torch
from ..progress import Progress, part
from .outcome import Array, Arrays, Outcome, Parameters, Task


def _fit_pictures(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`pixels_0`, …, perhaps `mask_0`, …, `camera_matrix` (n, 3, 3) and `camera_world` (n, 3, 4); fields of
    `PictureFitSettings`, and `preview`, a file for what there is so far → `vertices`, `faces`, `uv`, `texture`,
    `color`, `iou`, `camera_matrix`, `camera_world`; `report`."""
    settings = settings_from(parameters)
    progress(0.0, "Looking at the pictures")
    images = _numbered(arrays, "pixels")
    known = "camera_matrix" in arrays and "camera_world" in arrays
    cameras = cameras_from(arrays["camera_matrix"], arrays["camera_world"]) if known else []
    shots = shots_from(images, _numbered(arrays, "mask"), cameras)
    require_torch()
    from ..networks.picture_fit.learning.fit import fit_pictures

    preview = parameters.get("preview")

    def show(fit: PictureFit) -> None:
        content = archive_bytes(fit_arrays(fit))
        with suppress(OutputError), atomic_write(Path(str(preview))) as temporary:  # as while it is read, on Windows
            temporary.write_bytes(content)

    with in_words():
        fit = fit_pictures(shots, settings, on_best=show if preview else None, progress=part(progress, 0.02, 1.0))
    assert fit.report is not None
    return Outcome(fit_arrays(fit), {"report": fit.report.to_dict(), "remarks": list(fit.reconstruction.remarks)})


def fit_arrays(fit: PictureFit) -> dict[str, Array]:
    """The arrays of a fit, by the names of the task."""
    made = fit.reconstruction
    assert made.texture is not None
    return {
        "vertices": made.mesh.vertices,
        "faces": made.mesh.faces,
        "uv": made.texture.uv,
        "texture": made.texture.pixels,
        "color": made.mesh.attributes["color"],
        "iou": np.array(fit.iou),
        "camera_matrix": np.stack([camera.matrix for camera in fit.cameras]),
        "camera_world": np.stack([camera.world for camera in fit.cameras]),
    }


def _numbered(arrays: Arrays, name: str) -> list[Any]:
    """The arrays `name_0`, `name_1`, …"""
    found: list[Any] = []
    while f"{name}_{len(found)}" in arrays:
        found.append(arrays[f"{name}_{len(found)}"])
    return found


TASKS: Mapping[str, Task] = {"fit_pictures": _fit_pictures}
