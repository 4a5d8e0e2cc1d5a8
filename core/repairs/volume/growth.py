# SPDX-License-Identifier: GPL-3.0-or-later
"""From a solid with handles, cavities and loose parts to a single ball, with the smallest changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...errors import InvalidParameter, RepairFailed
from ...mesh import IntArray
from ...progress import Progress, part, silent
from .grid import CONNECTIVITY, Ball, BoolGrid, Field, FloatGrid, clear_border, euler_characteristic
from .parts import count_parts, fill_cavities, join_parts, largest_part
from .simple import grow

PREFER = ("auto", "cut", "fill")
PARTS = ("join", "largest")
ROUNDS = 4
"""How often the cheapest changes are chosen; what is left after that is cut in one go."""


def ball_labels(field: Field, *, prefer: str = "auto", parts: str = "join", progress: Progress = silent) -> Ball:
    """One ball that differs little from the inside of `field`.

    Cavities are filled, other parts than the largest are joined to it by bridges (`parts="join"`) or dropped
    (`"largest"`), and each handle is removed: cut through (`prefer="cut"`), its tunnel filled (`"fill"`), or whichever
    changes fewer nodes (`"auto"`). Handles are found by growing a ball inside the solid, and tunnels by growing the
    outside, deep places first, node by node without change of topology: what is left over where the fronts meet
    are membranes across handles and tunnels at their narrowest places.

    Raises `RepairFailed` for a field without inside, and `InvalidParameter` for unknown choices.
    """
    if prefer not in PREFER or parts not in PARTS:
        raise InvalidParameter(
            f"Cannot remove handles by {prefer!r} and treat parts by {parts!r}.",
            f"Choose from {', '.join(PREFER)} and from {', '.join(PARTS)}.",
        )
    if not field.inside.any():
        raise RepairFailed("Nothing is inside the mesh.", "Thicken it, or raise the resolution.")
    progress(0.0, "Joining parts")
    start = clear_border(field.inside, 1)
    solid, cavities = fill_cavities(start)
    dropped = joined = 0
    if parts == "largest":
        solid, dropped = largest_part(solid)
    else:
        solid, joined = join_parts(solid)
    solid, sealed = fill_cavities(solid)
    ball, cut, filled = _without_handles(solid, field.distance / np.float32(field.spacing), prefer, progress)
    if euler_characteristic(ball) != 1 or count_parts(ball) != 1 or count_parts(~ball) != 1:
        raise RepairFailed("The solid could not be made a ball.", "Try another resolution.")
    progress(1.0, "Removed all handles")
    return Ball(ball, ball != field.inside, cut, filled, joined, dropped, cavities + sealed)


def _without_handles(solid: BoolGrid, signed: FloatGrid, prefer: str, progress: Progress) -> tuple[BoolGrid, int, int]:
    """(ball, handles cut, tunnels filled) for a connected solid without cavities."""
    handles = 1 - euler_characteristic(solid)
    cut = filled = 0
    for turn in range(ROUNDS if prefer == "auto" else 0):
        if not handles:
            return solid, cut, filled
        report = part(progress, turn / (ROUNDS + 1), (turn + 1) / (ROUNDS + 1))
        report(0.0, f"Looking for {handles} handles")
        shrunk = _grown_inside(solid, signed)
        report(0.4, f"Looking for {handles} tunnels")
        swollen = _grown_outside(solid, signed)
        report(0.8, "Choosing what to cut and what to fill")
        solid, more_cut, more_filled = _choose(solid, shrunk, swollen, handles)
        cut, filled = cut + more_cut, filled + more_filled
        handles -= more_cut + more_filled
        if not more_cut + more_filled:
            break
    if handles and prefer == "fill":
        return _grown_outside(solid, signed), cut, filled + handles
    if handles:
        return _grown_inside(solid, signed), cut + handles, filled
    return solid, cut, filled


def _grown_inside(solid: BoolGrid, signed: FloatGrid) -> BoolGrid:
    """A ball within the solid, grown from its deepest node, deep nodes first."""
    depth = np.where(solid, np.maximum(-signed, np.float32(0.0)), np.float32(-1.0))
    seed = np.zeros_like(solid)
    seed.ravel()[int(np.argmax(depth))] = True
    return grow(seed, solid, np.where(solid, depth.max() - depth, np.float32(0.0)))


def _grown_outside(solid: BoolGrid, signed: FloatGrid) -> BoolGrid:
    """A ball that holds the solid, within its box: what is left when the outside grows in, remote nodes first."""
    seed = np.ones_like(solid)
    box = ndimage.find_objects(solid.astype(np.uint8))[0]
    seed[box] = False
    height = np.where(solid, np.float32(0.0), np.maximum(signed, np.float32(0.0)))
    return ~grow(seed, ~solid, height.max() - height)


@dataclass(frozen=True)
class _Membrane:
    """A connected set of nodes that may change sides. box: around it and its neighbours."""

    size: int
    fills: bool
    label: int
    box: tuple[slice, ...]


@dataclass
class _Choice:
    """Labels of the membranes that cut and that fill, their boxes by label, and the solid so far."""

    labels: tuple[IntArray, IntArray]
    boxes: tuple[list[tuple[slice, ...]], list[tuple[slice, ...]]]
    solid: BoolGrid
    taken: tuple[set[int], set[int]]

    def removed_by(self, membrane: _Membrane) -> int:
        """How many handles are removed if the membrane changes sides; 0 if something would come apart."""
        mask = self.labels[membrane.fills][membrane.box] == membrane.label
        before = self.solid[membrane.box]
        after = (before | mask) if membrane.fills else (before & ~mask)
        removed = euler_characteristic(after) - euler_characteristic(before)
        if removed <= 0:
            return 0
        around = ndimage.binary_dilation(mask, structure=CONNECTIVITY) & ~mask
        if not (around & (after == membrane.fills)).any():
            return 0
        # Membranes of the other kind that were taken before must not hang on this one alone.
        other = 1 - int(membrane.fills)
        hanging = set(np.unique(self.labels[other][membrane.box][around]).tolist()) & self.taken[other]
        return removed if all(self._holds(label, other, membrane, mask) for label in hanging) else 0

    def take(self, membrane: _Membrane) -> None:
        """Lets the membrane change sides."""
        self.solid[membrane.box][self.labels[membrane.fills][membrane.box] == membrane.label] = membrane.fills
        self.taken[membrane.fills].add(membrane.label)

    def _holds(self, label: int, kind: int, membrane: _Membrane, mask: BoolGrid) -> bool:
        """Whether a taken membrane still touches its own side elsewhere after `membrane` changes sides."""
        changed = self.solid.copy()
        changed[membrane.box][mask] = membrane.fills
        box = self.boxes[kind][label - 1]
        own = self.labels[kind][box] == label
        around = ndimage.binary_dilation(own, structure=CONNECTIVITY) & ~own
        return bool((around & (changed[box] == bool(kind))).any())


def _choose(solid: BoolGrid, shrunk: BoolGrid, swollen: BoolGrid, handles: int) -> tuple[BoolGrid, int, int]:
    """(solid, handles cut, tunnels filled) with the smallest membranes that remove handles, one after the other."""
    cuts, fills = (ndimage.label(m, structure=CONNECTIVITY)[0] for m in (solid & ~shrunk, swollen & ~solid))
    choice = _Choice((cuts, fills), (_boxes(cuts), _boxes(fills)), solid.copy(), (set(), set()))
    membranes = [
        _Membrane(size, bool(kind), label + 1, choice.boxes[kind][label])
        for kind in (0, 1)
        for label, size in enumerate(np.bincount(choice.labels[kind].ravel())[1:].tolist())
    ]
    removed = [0, 0]
    for membrane in sorted(membranes, key=lambda m: (m.size, m.fills, m.label)):
        if sum(removed) == handles:
            break
        gain = choice.removed_by(membrane)
        if 0 < gain <= handles - sum(removed):
            choice.take(membrane)
            removed[membrane.fills] += gain
    if count_parts(choice.solid) == 1 and count_parts(~choice.solid) == 1:
        return choice.solid, removed[0], removed[1]
    return solid, 0, 0


def _boxes(label: IntArray) -> list[tuple[slice, ...]]:
    """The box of each label with a layer of neighbours around it."""
    found = ndimage.find_objects(label)
    return [tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box) for box in found]
