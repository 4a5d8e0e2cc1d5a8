# SPDX-License-Identifier: GPL-3.0-or-later
"""Wavefront OBJ. The `v` list is kept as it is: seams of texture or normals do not cut the surface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray, Mesh
from .color import Pixels, linear_to_srgb, mean_at_vertices, open_texture, sample_texture, srgb_to_linear
from .parts import Parts, fan
from .text import Words, numbers, table_of, whole_numbers, word_ends, words_of

_LIBRARY = re.compile(rb"^[ \t]*mtllib[ \t]+([^\r\n]+)", re.MULTILINE)


@dataclass
class _Lines:
    """The lines of an OBJ file, sorted by what they say; keywords cut off."""

    positions: list[bytes] = field(default_factory=list)
    uvs: list[bytes] = field(default_factory=list)
    faces: list[bytes] = field(default_factory=list)
    seen: list[tuple[int, int]] = field(default_factory=list)  # positions and uvs before each face
    materials: list[tuple[int, str]] = field(default_factory=list)  # first face, name
    libraries: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Corners:
    """Face corners one after the other: vertex (C,), uv (C,) or -1; and how many each face has (F,)."""

    vertex: IntArray
    uv: IntArray
    sizes: IntArray


def read(data: bytes, file: Path) -> Parts:
    """Vertices, triangles and colours of an OBJ file; colours from `v x y z r g b`, else from `map_Kd`."""
    lines = _sort_lines(data)
    if not lines.positions:
        raise ValueError("no vertices")
    vertices, color = _positions(lines.positions)
    corners = _corners(lines, len(vertices))
    if color is None:
        color = _texture_color(lines, corners, len(vertices), file)
    return Parts(vertices, fan(corners.vertex, corners.sizes), color)


def _sort_lines(data: bytes) -> _Lines:
    data = data.removeprefix(b"\xef\xbb\xbf")  # the mark that some editors put before UTF-8
    if b"\\\n" in data or b"\\\r\n" in data:
        data = data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    lines = _Lines()
    for line in data.splitlines():
        word, _, rest = line.partition(b" ")
        if b"\t" in word or not word:
            word, _, rest = line.lstrip().replace(b"\t", b" ").partition(b" ")
        if word == b"v":
            lines.positions.append(rest)
        elif word == b"f":
            lines.seen.append((len(lines.positions), len(lines.uvs)))
            lines.faces.append(rest)
        elif word == b"vt":
            lines.uvs.append(rest)
        elif word == b"usemtl":
            lines.materials.append((len(lines.faces), rest.decode("utf-8", "replace").strip()))
        elif word == b"mtllib":
            lines.libraries.append(rest.decode("utf-8", "replace").strip())
    return lines


def _positions(lines: Sequence[bytes]) -> tuple[FloatArray, FloatArray | None]:
    table = table_of(lines, 6, least=3)
    vertices = np.ascontiguousarray(table[:, :3])
    colored = ~np.isnan(table[:, 5])
    if not colored.any():
        return vertices, None
    color = np.where(colored[:, None], table[:, 3:], 1.0)
    scale = 255.0 if color.max() > 1.0 else 1.0  # some programs write bytes
    return vertices, srgb_to_linear(color / scale)


def _corners(lines: _Lines, n_vertices: int) -> _Corners:
    words = words_of(lines.faces)
    vertex, uv = _corner_indices(words)
    if (vertex == 0).any():
        raise ValueError("OBJ counts vertices from 1")
    if vertex.min(initial=1) < 0 or uv.min(initial=0) < 0:
        seen = np.repeat(np.array(lines.seen, dtype=np.int64), words.sizes, axis=0)
        vertex = np.where(vertex < 0, vertex + seen[:, 0] + 1, vertex)
        uv = np.where(uv < 0, uv + seen[:, 1] + 1, uv)
    if vertex.min(initial=1) < 1 or vertex.max(initial=1) > n_vertices or uv.max(initial=0) > len(lines.uvs):
        raise IndexError("a face names what is not there")
    return _Corners(vertex - 1, uv - 1, words.sizes)


def _corner_indices(words: Words) -> tuple[IntArray, IntArray]:
    """Vertex and uv numbers as the file counts them: from 1, negative from the end; uv 0 for none."""
    letters = np.frombuffer(words.text, np.uint8)
    slashes = np.diff(np.searchsorted(np.flatnonzero(letters == ord("/")), word_ends(letters), "right"), prepend=0)
    kinds = np.unique(slashes)
    # An empty number at the end of a corner ("1/2/") is legal, but rare: those go one by one.
    ends_empty = b"/ " in words.text or b"/\n" in words.text
    if len(kinds) > 1 or (kinds > 2).any() or ends_empty:
        split = [token.split(b"/") for token in words.text.split()]
        vertex = np.array([int(s[0]) for s in split], dtype=np.int64)
        return vertex, np.array([int(s[1]) if len(s) > 1 and s[1] else 0 for s in split], dtype=np.int64)
    width = 1 + int(kinds[0]) if len(kinds) else 1
    text = words.text
    if width > 1:
        text = text.replace(b"//", b"/0/").replace(b"/", b" ")
    whole = whole_numbers(numbers(text, width * len(slashes))).reshape(-1, width)
    return whole[:, 0], whole[:, 1] if width > 1 else np.zeros(len(whole), np.int64)


def _texture_color(lines: _Lines, corners: _Corners, n_vertices: int, file: Path) -> FloatArray | None:
    """(V, 3) mean of the textures over the distinct uv corners at each vertex; None without any texture."""
    materials = _read_materials(lines.libraries, file)
    textured = {name for name, (_, texture) in materials.items() if texture is not None}
    if not lines.uvs or not textured & {name for _, name in lines.materials}:
        return None
    material = np.zeros(len(corners.sizes), np.int64)
    for number, (first, _) in enumerate(lines.materials, start=1):
        material[first:] = number
    corner_material = np.repeat(material, corners.sizes)
    triples = np.unique(np.stack([corners.vertex, corners.uv, corner_material], axis=1), axis=0)
    values = np.ones((len(triples), 3))
    uvs = table_of(lines.uvs, 2, least=1)
    images: dict[Path, Pixels] = {}
    for number, (_, name) in enumerate(lines.materials, start=1):
        diffuse, texture = materials.get(name, (np.ones(3), None))
        chosen = triples[:, 2] == number
        values[chosen] = diffuse
        if texture is not None:
            chosen &= triples[:, 1] >= 0
            pixels = images[texture] if texture in images else open_texture(texture)
            images[texture] = pixels
            values[chosen] = sample_texture(pixels, uvs[triples[chosen, 1]])
    return mean_at_vertices(triples[:, 0], values, n_vertices)


def _read_materials(libraries: Sequence[str], file: Path) -> dict[str, tuple[FloatArray, Path | None]]:
    """Material name → (diffuse colour (3,), texture file that exists or None)."""
    materials: dict[str, tuple[FloatArray, Path | None]] = {}
    for library in libraries:
        path = file.parent / library
        name = ""
        text = path.read_text("utf-8", "replace") if path.is_file() else ""
        for line in text.splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "newmtl":
                name = rest.strip()
                materials[name] = (np.ones(3), None)
            elif word == "Kd" and name and len(rest.split()) >= 3:
                materials[name] = (numbers(rest.encode(), len(rest.split()))[:3], materials[name][1])
            elif word == "map_Kd" and name:
                materials[name] = (materials[name][0], _texture_file(rest.strip(), path.parent))
    return materials


def companions(data: bytes, file: Path) -> list[Path]:
    """The files that an OBJ file with these bytes takes its colours from: material libraries and their textures."""
    names = (rest.decode("utf-8", "replace").strip() for rest in _LIBRARY.findall(data))
    found = [file.parent / name for name in names if (file.parent / name).is_file()]
    for library in tuple(found):
        for line in library.read_text("utf-8", "replace").splitlines():
            word, _, rest = line.strip().partition(" ")
            texture = _texture_file(rest.strip(), library.parent) if word == "map_Kd" else None
            if texture is not None:
                found.append(texture)
    return list(dict.fromkeys(found))


def _texture_file(entry: str, folder: Path) -> Path | None:
    """The image that a `map_Kd` entry names; options before the name are skipped."""
    words = entry.replace("\\", "/").split()
    for start in range(len(words)):
        for name in (" ".join(words[start:]), words[-1].rsplit("/", 1)[-1]):
            if (folder / name).is_file():
                return folder / name
    return None


def write(mesh: Mesh, file: Path) -> None:
    """Write `v` lines with all digits (and sRGB colours where the mesh has `color`), and `f` lines."""
    rows: NDArray[np.float64] = mesh.vertices
    if "color" in mesh.attributes:
        rows = np.hstack([rows, np.round(linear_to_srgb(mesh.attributes["color"]), 6)])
    vertex = "v" + " {!r}" * rows.shape[1] + "\n"
    with file.open("w", encoding="ascii", newline="\n") as out:
        out.write("# Spherical Cow\n")
        out.writelines(vertex.format(*row) for row in rows.tolist())
        out.writelines("f {} {} {}\n".format(*face) for face in (mesh.faces + 1).tolist())
