# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF 2.0: read through trimesh, written here (one binary `.glb` file)."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidMesh, MeshFileError, MissingLibrary
from ..mesh import FloatArray, Mesh
from .color import mean_at_vertices, sample_texture, texture_pixels
from .parts import Parts, Weld

_FLOAT, _UINT = 5126, 5125
_FAR = 16.0  # diagonals from the origin
_VERTEX_BUFFER, _INDEX_BUFFER = 34962, 34963


def read(data: bytes, file: Path) -> Parts:
    """All meshes of a glTF scene as one, placed by their nodes.

    Raises `MissingLibrary` without trimesh.
    """
    try:
        import trimesh
    except ImportError as error:
        raise MissingLibrary(
            "Reading GLB files needs the library trimesh.", "Install it: pip install spherical-cow[cli]"
        ) from error
    if file.suffix.lower() == ".glb" and not data.startswith(b"glTF"):
        raise ValueError("does not begin with glTF")
    try:
        scene = trimesh.load_scene(file, process=False)
        meshes = [g for g in scene.dump(concatenate=False) if isinstance(g, trimesh.Trimesh)]
    except Exception as error:  # a damaged file makes trimesh raise almost anything
        raise MeshFileError(
            f"{file.name} is not a readable GLB file: it is damaged or truncated.",
            "Export it again from the program that made it.",
        ) from error
    if not meshes:
        return Parts(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    offsets = np.cumsum([0] + [len(m.vertices) for m in meshes])
    vertices = np.concatenate([np.asarray(m.vertices, dtype=np.float64) for m in meshes])
    faces = np.concatenate([np.asarray(m.faces, dtype=np.int64) + o for m, o in zip(meshes, offsets, strict=False)])
    colors = [_color(m) for m in meshes]
    if all(color is None for color in colors):
        return Parts(vertices, faces, weld=Weld.IF_OPEN)
    filled = [np.ones((len(m.vertices), 3)) if c is None else c for m, c in zip(meshes, colors, strict=True)]
    return Parts(vertices, faces, np.concatenate(filled), Weld.IF_OPEN)


def _color(mesh: Any) -> FloatArray | None:
    """(V, 3) linear RGB of a trimesh mesh: COLOR_0 (linear in glTF), else the base colour texture."""
    attributes = getattr(mesh, "vertex_attributes", {})
    visual = mesh.visual
    if visual.kind == "vertex":
        stored = np.asarray(visual.vertex_colors)[:, :3]
        return stored / 255.0 if stored.dtype.kind in "iu" else stored.astype(np.float64)
    if "color" in attributes:
        stored = np.asarray(attributes["color"])[:, :3]
        scale = float(np.iinfo(stored.dtype).max) if stored.dtype.kind in "iu" else 1.0
        return stored.astype(np.float64) / scale
    image = getattr(getattr(visual, "material", None), "baseColorTexture", None)
    uv = getattr(visual, "uv", None)
    if image is None or uv is None or len(uv) != len(mesh.vertices):
        return None
    samples = sample_texture(texture_pixels(image), np.asarray(uv, dtype=np.float64))
    return mean_at_vertices(np.arange(len(mesh.vertices)), samples, len(mesh.vertices))


def write(mesh: Mesh, file: Path) -> None:
    """Write one `.glb` file: 32-bit positions, 32-bit indices, linear float colours where there are any.

    Raises `InvalidMesh` for what glTF forbids: no faces, or coordinates that are not numbers of 32 bits.
    """
    place = _far_place(mesh)
    with np.errstate(over="ignore", invalid="ignore"):
        positions = (mesh.vertices - place).astype("<f4")
    if not mesh.n_faces or not np.isfinite(positions).all():
        what = "coordinates that are not numbers of 32 bits" if mesh.n_faces else "no faces"
        raise InvalidMesh(f"A GLB file cannot hold this mesh: it has {what}.", "Write PLY or OBJ instead.")
    arrays: list[tuple[str, NDArray[Any]]] = [("POSITION", positions)]
    if "color" in mesh.attributes:
        arrays.append(("COLOR_0", np.clip(mesh.attributes["color"], 0.0, 1.0).astype("<f4")))
    arrays.append(("indices", mesh.faces.astype("<u4").ravel()))
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    offset = 0
    for name, array in arrays:
        target = _INDEX_BUFFER if name == "indices" else _VERTEX_BUFFER
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": array.nbytes, "target": target})
        accessor: dict[str, Any] = {
            "bufferView": len(accessors),
            "componentType": _UINT if name == "indices" else _FLOAT,
        }
        accessor |= {"count": len(array), "type": "SCALAR" if array.ndim == 1 else "VEC3"}
        if name == "POSITION":
            accessor |= {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
        accessors.append(accessor)
        offset += array.nbytes
    attributes = {name: number for number, (name, _) in enumerate(arrays[:-1])}
    content = {
        "asset": {"version": "2.0", "generator": "Spherical Cow"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "translation": place.tolist()}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": len(arrays) - 1, "mode": 4}]}],
        "buffers": [{"byteLength": offset}], "bufferViews": views, "accessors": accessors,
    }  # fmt: skip
    text = json.dumps(content, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    with file.open("wb") as out:
        out.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + offset))
        out.write(struct.pack("<I4s", len(text), b"JSON") + text)
        out.write(struct.pack("<I4s", offset, b"BIN\0"))
        for _, array in arrays:
            out.write(array.tobytes())


def _far_place(mesh: Mesh) -> FloatArray:
    """(3,) where the node stands: the middle of a mesh so far out that 32 bits would cost it digits, else 0."""
    if not mesh.n_vertices:
        return np.zeros(3)
    with np.errstate(over="ignore", invalid="ignore"):
        middle = 0.5 * (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0))
        return middle if np.abs(middle).max() > _FAR * mesh.diagonal else np.zeros(3)
