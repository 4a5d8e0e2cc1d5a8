# SPDX-License-Identifier: GPL-3.0-or-later
"""Wavefront OBJ with a picture on the surface: three files that belong together."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import InvalidMesh, MeshFileError
from ..files import atomic_write, expanded, write_text
from ..mesh import FloatArray, Mesh


def textured_files(path: str | Path) -> tuple[Path, Path, Path]:
    """The files of a textured OBJ at `path`: itself, its material (`NAME.mtl`) and its picture (`NAME_texture.png`).

    Names of the latter two are without spaces, which many programs do not read. Raises `MeshFileError` for another
    ending.
    """
    file = expanded(path)
    if file.suffix.lower() != ".obj":
        raise MeshFileError(f"{file.name} cannot have a texture beside it.", "End the name with .obj.")
    stem = re.sub(r"[\s#]", "_", file.stem)
    return file, file.with_name(f"{stem}.mtl"), file.with_name(f"{stem}_texture.png")


def write_textured_obj(mesh: Mesh, pixels: FloatArray, uv: FloatArray, path: str | Path) -> list[Path]:
    """Write a mesh with its texture; gives the three files (`textured_files`).

    pixels: (H, W, 3) sRGB in [0, 1], row 0 on top. uv: (F, 3, 2) of the corners of each face, v up. Positions and UVs
    keep all digits; corners that share a place in the picture share it in the file. Each file is written whole or not
    at all, the mesh last. Raises `MeshFileError` for another ending, `InvalidMesh` for UVs of another shape or that are
    not numbers, and `OutputError`.
    """
    from PIL import Image

    target, material, picture = textured_files(path)
    if uv.shape != (mesh.n_faces, 3, 2) or not np.isfinite(uv).all():
        raise InvalidMesh(f"UVs of shape {uv.shape} do not fit {mesh.n_faces} faces.", "Give (faces, 3, 2) of numbers.")
    places, corner = np.unique(np.asarray(uv, np.float64).reshape(-1, 2), axis=0, return_inverse=True)
    corners = np.stack([mesh.faces, corner.reshape(-1, 3)], axis=2).reshape(-1, 6) + 1
    with atomic_write(picture) as temporary:
        Image.fromarray(np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)).save(temporary, format="PNG")
    write_text(material, _MATERIAL.format(picture.name))
    with atomic_write(target) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write(f"# Spherical Cow\nmtllib {material.name}\n")
        out.writelines("v {!r} {!r} {!r}\n".format(*row) for row in mesh.vertices.tolist())
        out.writelines("vt {!r} {!r}\n".format(*row) for row in places.tolist())
        out.write("usemtl textured\n")
        out.writelines("f {}/{} {}/{} {}/{}\n".format(*row) for row in corners.tolist())
    return [target, material, picture]


_MATERIAL = "newmtl textured\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {}\n"
