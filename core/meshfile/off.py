# SPDX-License-Identifier: GPL-3.0-or-later
"""Object File Format, text: OFF, COFF, NOFF, STOFF and their mixtures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import MeshFileError
from ..mesh import FloatArray, IntArray
from .color import srgb_to_linear
from .parts import Parts, fan
from .text import numbers, table_of, whole_numbers, words_of

_HEADER = re.compile(rb"(ST)?(C)?(N)?(4)?OFF *(\d.*)?", re.IGNORECASE)
"""The counts may follow the keyword, even without a space: "OFF490 518 0"."""


def read(data: bytes, file: Path) -> Parts:
    """Vertices, triangulated polygons and vertex colours of an OFF file."""
    lines = [line for raw in data.splitlines() if (line := raw.partition(b"#")[0].strip())]
    header = _HEADER.fullmatch(lines[0]) if lines else None
    if lines and lines[0].upper().endswith(b"BINARY"):
        raise MeshFileError(f"{file.name} is a binary OFF file.", "Save it as text, or as PLY.")
    if header is None or header.group(4):
        raise ValueError("does not begin with OFF")
    if header.group(5):
        lines[0] = header.group(5)
    else:
        del lines[0]
    n_vertices, n_faces = (int(word) for word in lines[0].split()[:2])
    if min(n_vertices, n_faces) < 0 or n_vertices + n_faces > len(lines) - 1:
        raise ValueError("fewer lines than the header promises")
    rows = lines[1 : 1 + n_vertices]
    if not rows:
        return Parts(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    return Parts(
        table_of(rows, 3, least=3),
        _faces(lines[1 + n_vertices : 1 + n_vertices + n_faces]),
        _color(rows, 6 if header.group(3) else 3),
    )


def _faces(lines: list[bytes]) -> IntArray:
    """(F, 3) triangles of lines "n a b c … [colour]"."""
    words = words_of(lines)
    values = numbers(words.text, int(words.sizes.sum()))
    start = np.cumsum(words.sizes) - words.sizes
    sizes = whole_numbers(values[start])
    if (sizes < 0).any() or (sizes >= words.sizes).any():
        raise ValueError("a face with too few corners")
    inside = np.arange(len(values)) - np.repeat(start, words.sizes)
    corners = values[(inside >= 1) & (inside <= np.repeat(sizes, words.sizes))]
    return fan(whole_numbers(corners), sizes)


def _color(rows: list[bytes], start: int) -> FloatArray | None:
    """(V, 3) linear RGB from the columns after the position and the normal; whole numbers are bytes."""
    values = table_of(rows, start + 3, least=3)[:, start:]
    if np.isnan(values).any():
        return None
    as_bytes = values.max() > 1.0 or not any(b"." in word for row in rows for word in row.split()[start:])
    return srgb_to_linear(values / 255.0 if as_bytes else values)
