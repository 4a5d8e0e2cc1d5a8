# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of legacy VTK files, which lie beside coefficients and test them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import HarmonicsFileError
from ..mesh import FloatArray
from .text import LARGEST_TEXT

_TYPES = {b"float": ">f4", b"double": ">f8"}
_REMEDY = "Move it away, or export it again."


def read_vtk_points(path: Path) -> FloatArray:
    """(N, 3) the points of a legacy VTK file, text or binary. Raises `HarmonicsFileError`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_TEXT)
    except OSError as error:
        raise HarmonicsFileError(f"{path} cannot be read: {error.strerror}.", _REMEDY) from error
    head = re.search(rb"\nPOINTS\s+(\d{1,9})\s+(\w+)[ \t\r]*\n", data)
    if not data.startswith(b"# vtk DataFile") or head is None:
        raise HarmonicsFileError(f"{path.name} is not a legacy VTK file with points.", _REMEDY)
    count = 3 * int(head[1])
    try:
        if re.search(rb"\nBINARY\s", data[: head.start() + 1]):
            values = np.frombuffer(data, _TYPES[head[2].lower()], count, head.end()).astype(np.float64)
        else:
            words = data[head.end() :].split(maxsplit=count)[:count]
            values = np.array([float(word) for word in words])
            if len(values) != count:
                raise ValueError
    except (ValueError, KeyError) as error:
        raise HarmonicsFileError(f"{path.name} is damaged or cut short.", _REMEDY) from error
    if not len(values) or not np.isfinite(values).all():
        raise HarmonicsFileError(f"{path.name} has no points, or points that are not numbers.", _REMEDY)
    return np.asarray(values.reshape(-1, 3))
