# SPDX-License-Identifier: GPL-3.0-or-later
"""Growing a ball on the Freudenthal lattice without changing its topology.

A node may change sides without changing the topology ("simple") exactly if its inside neighbours are connected and so
are its outside neighbours, and there are some of both: its 14 neighbours form a triangulated sphere, on which a set
and its complement that are both connected are two discs. One table of 2¹⁴ entries holds all cases.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ...mesh import IntArray
from .grid import NEIGHBOURS, BoolGrid, FloatGrid

LEVELS_PER_VOXEL = 8
"""How finely growth is ordered by distance."""
OPEN, GROWN, CLOSED = 0, 1, 2
"""States of a node: may be grown into, grown, never."""


def _is_connected(members: int, around: list[int]) -> bool:
    if not members:
        return False
    found = front = members & -members
    while front:
        lowest = front & -front
        front ^= lowest
        new = around[lowest.bit_length() - 1] & members & ~found
        found |= new
        front |= new
    return found == members


def simple_table() -> NDArray[np.bool_]:
    """(2¹⁴,) whether a node is simple; the bits of the index are its inside neighbours in the order of `NEIGHBOURS`."""
    steps = {tuple(step) for step in NEIGHBOURS}
    around = [sum(1 << m for m in range(14) if tuple(NEIGHBOURS[m] - NEIGHBOURS[n]) in steps) for n in range(14)]
    everything = (1 << 14) - 1
    connected = np.array([_is_connected(members, around) for members in range(1 << 14)])
    return connected & connected[everything - np.arange(1 << 14)]


SIMPLE = simple_table()


def grow(seed: BoolGrid, allowed: BoolGrid, delay: FloatGrid) -> BoolGrid:
    """The largest set found that has the topology of `seed` and is within `seed` and `allowed`.

    Nodes are added one by one, those with the least `delay` (≥ 0, in voxels) first, as long as they are simple. Nodes
    of the outermost layer are never added.
    """
    shape = seed.shape
    state = np.where(allowed, OPEN, CLOSED).astype(np.uint8)
    for axis in range(3):
        border = np.moveaxis(state, axis, 0)
        border[0] = border[-1] = CLOSED
    state[seed] = GROWN
    levels = (delay * LEVELS_PER_VOXEL).astype(np.int32)
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    steps = NEIGHBOURS @ strides
    front = _front(state.ravel(), steps)
    _grow(state.ravel(), levels.ravel(), steps, SIMPLE, front, int(levels.max(initial=0)) + 1)
    return state == GROWN


@numba.njit(cache=True)
def _front(state: NDArray[np.uint8], steps: IntArray) -> IntArray:  # pragma: no cover
    """The open nodes with a grown neighbour. Open nodes are never in the outermost layer."""
    count = 0
    for way in range(2):
        found = np.empty(count, dtype=np.int64)
        count = 0
        for p in range(len(state)):
            if state[p] != OPEN:
                continue
            for step in steps:
                if state[p + step] == GROWN:
                    if way == 1:
                        found[count] = p
                    count += 1
                    break
    return found


@numba.njit(cache=True)
def _grow(
    state: NDArray[np.uint8],
    levels: NDArray[np.int32],
    steps: IntArray,
    simple: NDArray[np.bool_],
    front: IntArray,
    n_levels: int,
) -> None:  # pragma: no cover
    """A queue of buckets, first in first out; a node is in at most one of them, so one `behind` per node is enough."""
    head = np.full(n_levels, -1, dtype=np.int64)
    tail = np.full(n_levels, -1, dtype=np.int64)
    behind = np.full(len(state), -1, dtype=np.int32)
    waiting = np.zeros(len(state), dtype=np.bool_)
    now = n_levels
    for p in front:
        level = levels[p]
        waiting[p] = True
        if head[level] < 0:
            head[level] = p
        else:
            behind[tail[level]] = p
        tail[level] = p
        now = min(now, level)
    while True:
        while now < n_levels and head[now] < 0:
            now += 1
        if now >= n_levels:
            break
        p = head[now]
        head[now] = behind[p]
        behind[p] = -1
        waiting[p] = False
        members = 0
        for n in range(14):
            if state[p + steps[n]] == GROWN:
                members |= 1 << n
        if not simple[members]:
            continue
        state[p] = GROWN
        for n in range(14):
            q = p + steps[n]
            if state[q] != OPEN or waiting[q]:
                continue
            level = levels[q]
            waiting[q] = True
            if head[level] < 0:
                head[level] = q
            else:
                behind[tail[level]] = q
            tail[level] = q
            now = min(now, level)
