# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates from the files of the published codes, for networks that began with another ellipsoid than theirs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import igl
import numpy as np

from ...errors import DatasetError, MeshFileError
from ...mesh import FloatArray, IntArray
from .stored import stored_arrays

NAMES = ("info_ellipsoid.dat", "face1.obj")
"""Of such files, the one that tells more first."""

_REMEDY = "Give an info_ellipsoid.dat or face1.obj of the published code."
_MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class TemplateFile:
    """faces: (F, 3) of the coarsest level. edges: (E, 2) for each level that has a finer one, in the order of its
    midpoints, where the file tells. vertices: (V, 3), where it tells."""

    faces: IntArray
    edges: tuple[IntArray, ...] = ()
    vertices: FloatArray | None = None


def file_beside(path: Path) -> Path | None:
    """The template that lies in the folder of a checkpoint, if there is one."""
    return next((path.with_name(name) for name in NAMES if path.with_name(name).is_file()), None)


def read_template(path: str | Path) -> TemplateFile:
    """What is in an `info_ellipsoid.dat`, which is not unpickled, or in a `face1.obj`.

    Raises `DatasetError` and `MeshFileError` for a file that is missing or damaged, or holds something else.
    """
    path = Path(path)
    return _of_object(path) if path.suffix.lower() == ".obj" else _of_pickle(path)


def _of_object(path: Path) -> TemplateFile:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise MeshFileError(f"{path.name} is too large for a template.", _REMEDY)
        lines = path.read_text("utf-8", errors="replace").splitlines()
        rows = [[int(word.partition("/")[0]) - 1 for word in line.split()[1:]] for line in lines if line[:2] == "f "]
        faces = np.array(rows, np.int64)
    except OSError as error:
        raise MeshFileError(f"{path.name} cannot be read: {error.strerror}.", _REMEDY) from error
    except (ValueError, OverflowError) as error:
        raise MeshFileError(f"{path.name} has faces that cannot be read.", _REMEDY) from error
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min() < 0:
        raise MeshFileError(f"{path.name} has no triangles.", _REMEDY)
    return TemplateFile(faces)


def _of_pickle(path: Path) -> TemplateFile:
    found = stored_arrays(path)
    try:
        vertices = _rows(found[0], 3).astype(np.float64)
        edges = tuple(_rows(one, 2).astype(np.int64) for one in found[4])
        beside = _rows(found[5][0], 4).astype(np.int64)
    except (TypeError, IndexError, ValueError, KeyError, OverflowError) as error:
        raise DatasetError(f"{path.name} is no template.", _REMEDY) from error
    # Each row has an edge, and the third corner of the triangle on either side of it.
    faces = np.unique(np.sort(np.concatenate([beside[:, :3], beside[:, [0, 1, 3]]]), axis=1), axis=0)
    if not len(faces) or faces.min() < 0 or faces.max() >= len(vertices):
        raise DatasetError(f"{path.name} has triangles of vertices that are not there.", _REMEDY)
    agreed, _ = igl.bfs_orient(faces)
    return TemplateFile(np.asarray(agreed, np.int64), edges, vertices)


def _rows(value: Any, width: int) -> np.ndarray[tuple[int, ...], np.dtype[Any]]:
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[1] != width or value.dtype.kind not in "iuf":
        raise ValueError
    return value
