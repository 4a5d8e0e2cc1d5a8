# SPDX-License-Identifier: GPL-3.0-or-later
"""STL, ASCII and binary: separate triangles, welded at equal corners."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..mesh import FloatArray
from .parts import Parts, Weld

_HEADER = 84
_RECORD = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read(data: bytes, file: Path) -> Parts:
    """The triangles of an STL file; corners at exactly equal positions become one vertex."""
    corners = _binary(data)
    if corners is None:
        corners = _ascii(data)
    faces = np.arange(len(corners), dtype=np.int64).reshape(-1, 3)
    return Parts(corners, faces, weld=Weld.ALWAYS)


def _binary(data: bytes) -> FloatArray | None:
    """(3F, 3) corners, or None when this is a text file. Binary files, too, may begin with "solid"."""
    count = int.from_bytes(data[80:_HEADER], "little") if len(data) >= _HEADER else 0
    fits = len(data) >= _HEADER and len(data) >= _HEADER + count * _RECORD.itemsize
    text = data.lstrip()[:5].lower() == b"solid" and b"facet" in data
    if text and len(data) != _HEADER + count * _RECORD.itemsize:
        return None
    if not fits:
        raise ValueError("fewer triangles than the header promises")
    return np.frombuffer(data, _RECORD, count, _HEADER)["corners"].reshape(-1, 3).astype(np.float64)


def _ascii(data: bytes) -> FloatArray:
    if b"endsolid" not in data.lower():
        raise ValueError("no end")
    words = data.lower().split()
    at = [i for i, word in enumerate(words) if word == b"vertex"]
    numbers = [words[i + k] for i in at for k in (1, 2, 3)]
    return np.array(numbers, dtype=bytes).astype(np.float64).reshape(-1, 3)
