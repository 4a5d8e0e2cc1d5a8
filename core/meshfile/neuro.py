# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces of brains: GIFTI (`.surf.gii`) and FreeSurfer (`lh.pial`, `rh.sphere` …), by nibabel, which is optional."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MeshFileError, MissingLibrary
from ..mesh import FloatArray, IntArray, Mesh
from .color import linear_to_srgb, srgb_to_linear
from .parts import Parts

FREESURFER_ENDINGS = (".pial", ".white", ".inflated", ".smoothwm", ".sphere", ".reg", ".midthickness")
ENDINGS = (".gii", *FREESURFER_ENDINGS)
POINTS, TRIANGLES, RGB, RGBA = 1008, 1009, 2004, 2005
"""NIfTI intents of the arrays of a GIFTI file."""
_REMEDY = "Export it again from the program that made it."


def read_gifti(data: bytes, path: Path) -> Parts:
    """The surface of a GIFTI file, with the colours of its vertices where it has any."""
    nibabel = _nibabel(path)
    try:
        image = nibabel.gifti.GiftiImage.from_bytes(data)
        points, triangles = (image.get_arrays_from_intent(intent) for intent in (POINTS, TRIANGLES))
    except Exception as error:  # its parser raises whatever the XML brings about
        raise MeshFileError(f"{path.name} is not a readable GIFTI file: {error}.", _REMEDY) from error
    if len(points) != 1 or len(triangles) != 1:
        raise MeshFileError(
            f"{path.name} holds {len(points)} sets of points and {len(triangles)} of triangles, not one surface.",
            "Give the .surf.gii file; overlays (.shape.gii, .func.gii) belong to one.",
        )
    return Parts(_numbers(points[0].data), _indices(triangles[0].data), _color(image, len(points[0].data)))


def write_gifti(mesh: Mesh, path: Path) -> None:
    """The surface and its colours; positions in 32 bits, as the standard says."""
    nibabel = _nibabel(path)
    gifti = nibabel.gifti
    arrays = [
        gifti.GiftiDataArray(mesh.vertices.astype(np.float32), intent=POINTS, datatype="NIFTI_TYPE_FLOAT32"),
        gifti.GiftiDataArray(mesh.faces.astype(np.int32), intent=TRIANGLES, datatype="NIFTI_TYPE_INT32"),
    ]
    if "color" in mesh.attributes:
        color = linear_to_srgb(mesh.attributes["color"]).astype(np.float32)
        arrays.append(gifti.GiftiDataArray(color, intent=RGB, datatype="NIFTI_TYPE_FLOAT32"))
    path.write_bytes(gifti.GiftiImage(darrays=arrays).to_bytes())


def read_freesurfer(data: bytes, path: Path) -> Parts:
    """The surface of a FreeSurfer file. Vertices are in its surface coordinates (tkRAS), in millimetres."""
    nibabel = _nibabel(path)
    if not data.startswith((b"\xff\xff\xfe", b"\xff\xff\xff", b"\xff\xff\xfd")):
        raise MeshFileError(f"{path.name} is not a FreeSurfer surface.", _REMEDY)
    try:
        points, triangles = nibabel.freesurfer.read_geometry(str(path))
    except Exception as error:  # damaged counts end in errors of many kinds
        raise MeshFileError(f"{path.name} is a damaged or truncated FreeSurfer surface.", _REMEDY) from error
    return Parts(_numbers(points), _indices(triangles))


def write_freesurfer(mesh: Mesh, path: Path) -> None:
    """A FreeSurfer triangle file; positions in 32 bits."""
    nibabel = _nibabel(path)
    vertices = mesh.vertices.astype(np.float32)
    nibabel.freesurfer.write_geometry(str(path), vertices, mesh.faces, create_stamp="Spherical Cow")


def _nibabel(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module("nibabel")
    except ImportError as error:
        raise MissingLibrary(
            f"Files such as {path.name} need the library nibabel.", "Install it: pip install nibabel."
        ) from error


def _color(image: Any, count: int) -> FloatArray | None:
    arrays = [*image.get_arrays_from_intent(RGB), *image.get_arrays_from_intent(RGBA)]
    fitting = [array.data for array in arrays if array.data.ndim == 2 and len(array.data) == count]
    if not fitting:
        return None
    color = _numbers(fitting[0])[:, :3]
    return srgb_to_linear(color / 255.0 if fitting[0].dtype.kind in "iu" else color)


def _numbers(values: Any) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64).reshape(len(values), -1)


def _indices(values: Any) -> IntArray:
    return np.ascontiguousarray(values).astype(np.int64)
