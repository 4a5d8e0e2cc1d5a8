# SPDX-License-Identifier: GPL-3.0-or-later
"""Object File Format, text: OFF, COFF, NOFF, STOFF and their mixtures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import MeshFileError
from ..mesh import FloatArray
from .color import srgb_to_linear
from .parts import Parts, fan

_KEYWORD = re.compile(rb"(ST)?(C)?(N)?(4)?OFF", re.IGNORECASE)


def read(data: bytes, file: Path) -> Parts:
    """Vertices, triangulated polygons and vertex colours of an OFF file."""
    lines = [words for line in data.splitlines() if (words := line.partition(b"#")[0].split())]
    keyword = _KEYWORD.fullmatch(lines[0][0]) if lines else None
    # "OFF490 518 0", without a space, is a known slip of old files.
    glued = re.fullmatch(rb"OFF(\d+)", lines[0][0], re.IGNORECASE) if lines else None
    if glued:
        lines[0][:1] = [glued.group(1)]
    elif keyword is None or keyword.group(4):
        raise ValueError("does not begin with OFF")
    else:
        lines[0] = lines[0][1:]
    if lines[0][:1] == [b"BINARY"]:
        raise MeshFileError(f"{file.name} is a binary OFF file.", "Save it as text, or as PLY.")
    lines = lines if lines[0] else lines[1:]
    n_vertices, n_faces = int(lines[0][0]), int(lines[0][1])
    if min(n_vertices, n_faces) < 0 or n_vertices + n_faces > len(lines) - 1:
        raise ValueError("fewer lines than the header promises")
    rows = lines[1 : 1 + n_vertices]
    polygons = [_polygon(words) for words in lines[1 + n_vertices : 1 + n_vertices + n_faces]]
    vertices = np.array([row[:3] for row in rows], dtype=bytes).astype(np.float64).reshape(-1, 3)
    return Parts(vertices, fan(polygons), _color(rows, has_normals=bool(keyword and keyword.group(3))))


def _polygon(words: list[bytes]) -> list[int]:
    size = int(words[0])
    if size < 0 or len(words) < 1 + size:
        raise ValueError("a face with too few corners")
    return [int(word) for word in words[1 : 1 + size]]


def _color(rows: list[list[bytes]], *, has_normals: bool) -> FloatArray | None:
    """(V, 3) linear RGB from the columns after the position and the normal; whole numbers are bytes."""
    start = 6 if has_normals else 3
    if not rows or min(len(row) for row in rows) < start + 3:
        return None
    words = [row[start : start + 3] for row in rows]
    values = np.array(words, dtype=bytes).astype(np.float64)
    as_bytes = values.max() > 1.0 or not any(b"." in word for row in words for word in row)
    return srgb_to_linear(values / 255.0 if as_bytes else values)
