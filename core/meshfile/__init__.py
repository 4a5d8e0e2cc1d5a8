# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh files: OBJ, PLY, STL, OFF, GLB, GIFTI and FreeSurfer in; OBJ, PLY, GLB, GIFTI and FreeSurfer out.

Vertex order is kept.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable
from pathlib import Path

from ..errors import MeshFileError
from ..files import atomic_write, expanded
from ..mesh import Mesh
from . import glb, neuro, obj, off, ply, stl
from .parts import Parts, to_mesh

_READERS: dict[str, Callable[[bytes, Path], Parts]] = {
    ".obj": obj.read,
    ".ply": ply.read,
    ".stl": stl.read,
    ".off": off.read,
    ".coff": off.read,
    ".glb": glb.read,
    ".gltf": glb.read,
    ".gii": neuro.read_gifti,
    **dict.fromkeys(neuro.FREESURFER_ENDINGS, neuro.read_freesurfer),
}
_WRITERS: dict[str, Callable[[Mesh, Path], None]] = {
    ".obj": obj.write,
    ".ply": ply.write,
    ".glb": glb.write,
    ".gii": neuro.write_gifti,
    **dict.fromkeys(neuro.FREESURFER_ENDINGS, neuro.write_freesurfer),
}

COEFFICIENTS = (".npz", ".psh", ".sh", ".coef")
"""Endings of files that people take for meshes, and that `spherical-cow decode` makes meshes of."""

READABLE = tuple(_READERS)
"""Endings that `read_mesh` knows."""
WRITABLE = tuple(_WRITERS)
"""Endings that `write_mesh` knows."""

_DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, struct.error)


def read_mesh(path: str | Path) -> Mesh:
    """The mesh in a file; the ending names the format (`READABLE`).

    Polygons are cut into triangles. Vertices keep the order of the file. Vertices at exactly equal positions
    become one where the file format knows no shared vertices (STL), and where the surface is open as it is
    stored and welding closes it: then it was cut only along seams of texture or normals.
    `color` (V, 3), linear RGB, comes from vertex colours, or from the texture at the vertices (OBJ, GLB).

    Raises `MeshFileError` (missing file, no permission, unknown ending, not a mesh, truncated, no faces) and
    `MissingLibrary` (GLB without trimesh, GIFTI and FreeSurfer without nibabel).
    """
    file = expanded(path)
    data = _read_bytes(file)
    reader = _READERS[file.suffix.lower()]
    try:
        return to_mesh(reader(data, file), file)
    except _DAMAGE as error:
        raise MeshFileError(
            f"{file.name} is not a readable {file.suffix[1:].upper()} file: it is damaged or truncated.",
            "Export it again from the program that made it.",
        ) from error


def write_mesh(mesh: Mesh, path: str | Path) -> None:
    """Write vertices, faces and `color` (linear RGB, stored as sRGB; linear in GLB) to a file.

    The ending names the format (`WRITABLE`). The file is written whole or not at all. PLY is binary with
    64-bit positions; OBJ keeps all digits; GLB has 32-bit positions, as its standard says.
    Raises `MeshFileError` for an ending that is not known, `OutputError` when the file cannot be written, and
    `InvalidMesh` for a mesh that GLB cannot hold: empty, not numbers, beyond the range of 32 bits.
    """
    file = Path(path)
    writer = _WRITERS.get(file.suffix.lower())
    if writer is None:
        raise MeshFileError(
            f"Cannot write {file.name}: its ending is not known.", f"Choose one of {', '.join(WRITABLE)}."
        )
    with atomic_write(file) as temporary:
        writer(mesh, temporary)


def _read_bytes(file: Path) -> bytes:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a device may never end
            found = "a folder" if file.is_dir() else "no file"
            raise MeshFileError(f"{file} is {found}.", "Give the name of a mesh file.")
        if file.suffix.lower() in COEFFICIENTS:
            raise MeshFileError(f"{file.name} holds coefficients, not a mesh.", "Decode it first.")
        if file.suffix.lower() not in _READERS:
            raise MeshFileError(
                f"{file.name} has an ending that is not known.", f"Known endings are {', '.join(READABLE)}."
            )
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise MeshFileError(f"There is no file {file}.", "Check the name and the folder.") from error
    except PermissionError as error:
        raise MeshFileError(f"There is no permission to read {file}.", "Change its permissions.") from error
    except (OSError, ValueError) as error:
        raise MeshFileError(f"Cannot read {file}: {error}.", "Check the name and the disk.") from error
    if not data.strip():
        raise MeshFileError(f"{file.name} is empty.", "Export it again from the program that made it.")
    return data
