# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks take and give, and how meshes and shapes travel as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..mesh import Mesh
from ..progress import Progress
from ..shape import Shape
from ..shapefile import shape_from_bytes, shape_to_bytes

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a task gives back: named arrays, and data that JSON can hold."""

    arrays: dict[str, Array] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


Task = Callable[[Arrays, Parameters, Progress], Outcome]


def mesh_from(arrays: Arrays, suffix: str = "") -> Mesh:
    """The mesh of `vertices`, `faces` and, where there is one, `color`, each name with `suffix`."""
    color = arrays.get("color" + suffix)
    attributes = {} if color is None else {"color": color}
    return Mesh(arrays["vertices" + suffix], arrays["faces" + suffix], attributes)


def shape_array(shape: Shape) -> Array:
    """The shape in its file format, as a (N,) uint8 array."""
    return np.frombuffer(shape_to_bytes(shape), dtype=np.uint8)


def shape_from(array: Array) -> Shape:
    """The inverse of `shape_array`. Raises `HarmonicsFileError` for damaged bytes."""
    return shape_from_bytes(array.tobytes())
