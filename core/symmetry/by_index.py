# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrise vertices whose partners are known by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray
from .gather import Gather
from .tables import MirrorTables

KEEP, LEFT_TO_RIGHT, RIGHT_TO_LEFT, AVERAGE = 0, 1, 2, 3
"""The types of symmetrisation, by the numbers that symmetric MCMR gives them."""

KINDS = {"keep": KEEP, "left_to_right": LEFT_TO_RIGHT, "right_to_left": RIGHT_TO_LEFT, "average": AVERAGE}
_OWN_SHARE = {LEFT_TO_RIGHT: 0.0, RIGHT_TO_LEFT: 1.0, AVERAGE: 0.5}
"""The share of the right side's own positions in the result."""

Kind = int | str | Sequence[int | str]


def symmetrise_vertices(values: NDArray[Any], tables: MirrorTables, kind: Kind) -> NDArray[Any]:
    """Vertices (…, V, 3), or displacements of them, made symmetric under x → −x.

    kind: 1 or "left_to_right" (the right side becomes the mirror image of the left one), 2 or "right_to_left",
        3 or "average", 0 or "keep"; or a list of them, one for each slice of the tables from the top down (slices
        without one are kept). In all but a single 0, x becomes 0 in the mirror.

    Raises `InvalidParameter` for an unknown kind, more kinds than slices, or another number of vertices.
    """
    return symmetrisation(tables, kind)(values)


def symmetrisation(tables: MirrorTables, kind: Kind) -> Gather:
    """`symmetrise_vertices` as a linear map: a `Gather` of each vertex and its partner."""
    count = tables.n_vertices
    index = np.stack([np.arange(count), tables.opposite], axis=1)
    weight = np.zeros((count, 2, 3))
    weight[:, 0] = 1.0
    several = isinstance(kind, Sequence) and not isinstance(kind, str)
    chosen = [_number(one) for one in kind] if isinstance(kind, Sequence) and several else [_number(kind)]  # type: ignore[arg-type]
    sides = [(tables.right, tables.left)]
    if several:
        sides = list(zip(tables.right_slices, tables.left_slices, strict=True))
        if len(chosen) > len(sides):
            raise InvalidParameter(
                f"{len(chosen)} kinds were given for {len(sides)} slices.", "Give one for each slice, from the top."
            )
    mirror = np.array([-1.0, 1.0, 1.0])
    for number, (right, left) in zip(chosen, sides, strict=False):
        if number != KEEP:
            own = _OWN_SHARE[number]
            weight[right, 0], weight[right, 1] = own, (1.0 - own) * mirror
            weight[left, 0], weight[left, 1] = 1.0 - own, own * mirror
    if several or chosen[0] != KEEP:
        weight[tables.middle, :, 0] = 0.0
    return Gather(index, weight, count)


def _number(kind: int | str) -> int:
    number = KINDS.get(kind) if isinstance(kind, str) else kind
    if number is None or number not in KINDS.values():
        names = ", ".join(f"{value} or {name}" for name, value in KINDS.items())
        raise InvalidParameter(f"There is no kind of symmetrising {kind!r}.", f"Choose from {names}.")
    return int(number)


def mirrored_pairs_error(values: FloatArray, tables: MirrorTables) -> FloatArray:
    """(V,) distance of each vertex (V, 3) from the mirror image of its partner, under x → −x."""
    return np.asarray(np.linalg.norm(values - values[tables.opposite] * np.array([-1.0, 1.0, 1.0]), axis=1))
