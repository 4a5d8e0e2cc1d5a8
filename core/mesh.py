# SPDX-License-Identifier: GPL-3.0-or-later
"""The triangle mesh that everything here works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InvalidMesh

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CHUNK = 1 << 14


@dataclass(frozen=True)
class Mesh:
    """Vertices, triangles and named per-vertex attributes.

    vertices: (V, 3) float64, in the units of the input.
    faces: (F, 3) int64, counter-clockwise seen from outside.
    attributes: name → (V,) or (V, K) float64. `color` is (V, 3) linear RGB in [0, 1].

    The constructor converts array-likes, and raises `InvalidMesh` for wrong shapes or indices out of
    range. NaN coordinates are allowed here, so that a repair can see them; `require_usable` refuses them.
    """

    vertices: FloatArray
    faces: IntArray
    attributes: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vertices, faces = _as_vertices(self.vertices), _as_faces(self.faces)
        if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise InvalidMesh(
                f"A face names vertex {int(faces.max() if faces.min() >= 0 else faces.min())}, "
                f"but there are {len(vertices)} vertices.",
                "Export the mesh again; the file or array is damaged.",
            )
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)
        attributes = {n: _as_attribute(n, a, len(vertices)) for n, a in self.attributes.items()}
        object.__setattr__(self, "attributes", MappingProxyType(attributes))

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.vertices)

    @property
    def n_faces(self) -> int:
        """Number of triangles F."""
        return len(self.faces)

    @property
    def diagonal(self) -> float:
        """Length of the bounding-box diagonal, in the units of the input (0 for an empty mesh)."""
        if not len(self.vertices):
            return 0.0
        return float(np.linalg.norm(np.ptp(self.vertices, axis=0)))

    def with_attributes(self, **attributes: ArrayLike) -> Mesh:
        """A copy with these attributes added or replaced; each (V,) or (V, K)."""
        merged: dict[str, ArrayLike] = {**self.attributes, **attributes}
        return Mesh(self.vertices, self.faces, merged)  # type: ignore[arg-type]

    def with_vertices(self, vertices: ArrayLike) -> Mesh:
        """A copy with the same faces and attributes on other positions (V, 3)."""
        return replace(self, vertices=np.asarray(vertices, dtype=np.float64))

    def save(self, path: str | Path) -> None:
        """Write to `path`; the ending names the format (see `meshfile.write_mesh`)."""
        from .meshfile import write_mesh

        write_mesh(self, path)


def require_usable(mesh: Mesh) -> None:
    """Raise `InvalidMesh` unless the mesh has faces, finite coordinates and a positive area."""
    if mesh.n_vertices == 0:
        raise InvalidMesh("The mesh is empty: it has no vertices.", "Select an object with geometry.")
    if mesh.n_faces == 0:
        raise InvalidMesh("The mesh has no faces.", "Give it faces, or choose another object.")
    bad = int(np.count_nonzero(~np.isfinite(mesh.vertices).all(axis=1)))
    if bad:
        raise InvalidMesh(
            f"{bad} of {mesh.n_vertices} vertices have coordinates that are not numbers (NaN or infinite).",
            "Delete those vertices, or repair the mesh.",
        )
    extent = float(np.ptp(mesh.vertices, axis=0).max())
    if not np.isfinite(extent) or extent > 1e150:
        raise InvalidMesh("The coordinates are too large to compute with.", "Scale the mesh down.")
    if 0.0 < extent < 1e-100:
        raise InvalidMesh("The mesh is too small to compute with.", "Scale the mesh up.")
    if not _has_area(mesh, extent):
        raise InvalidMesh(
            "The mesh has no area: all its faces are collapsed to points or lines.",
            "Check the scale of the object and its faces.",
        )


def _has_area(mesh: Mesh, extent: float) -> bool:
    if extent == 0.0:
        return False
    for begin in range(0, mesh.n_faces, _CHUNK):  # nearly always the first few tell
        faces = mesh.faces[begin : begin + _CHUNK]
        corners = (mesh.vertices[faces] - mesh.vertices[faces[:, :1]]) / extent
        if (np.abs(np.cross(corners[:, 1], corners[:, 2])).sum(axis=1) > 1e-30).any():
            return True
    return False


def _as_vertices(values: ArrayLike) -> FloatArray:
    try:
        vertices = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidMesh("The vertices are not an array of numbers.", "Give an array (V, 3).") from error
    if vertices.size == 0:
        return np.zeros((0, 3))
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise InvalidMesh(f"The vertices have shape {vertices.shape}.", "Give an array (V, 3).")
    return vertices


def _as_faces(values: ArrayLike) -> IntArray:
    faces = np.asarray(values)
    if faces.size == 0:
        return np.zeros((0, 3), dtype=np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iu":
        raise InvalidMesh(
            f"The faces have shape {faces.shape} and type {faces.dtype}.",
            "Give whole numbers of shape (F, 3): triangles.",
        )
    return np.ascontiguousarray(faces, dtype=np.int64)


def _as_attribute(name: str, values: ArrayLike, count: int) -> FloatArray:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim not in (1, 2) or len(array) != count:
        raise InvalidMesh(
            f"Attribute {name!r} has shape {array.shape} for {count} vertices.",
            "Give one row for each vertex.",
        )
    return array
