# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing handles from a closed surface: cut the handle or fill its tunnel, whatever changes less."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np

from ...errors import RepairFailed
from ...geometry.edges import is_closed_manifold
from ...progress import Progress, silent
from ..traced import StepResult, Traced
from .candidates import Cut, Judge
from .cut import cut_and_close
from .graph import SurfaceGraph, surface_graph
from .loops import HandleLoop, handle_loops
from .obstacles import Obstacles

Prefer = Literal["auto", "cut", "fill"]
_GAPS = (0.15, 0.04, 0.01, 0.002)
"""How far apart the two sides of a cut are, as a part of the length of the edges there: the first that is clean."""

_TRIALS = 3
"""How many cuts are tried where none is clean."""


def remove_handles(traced: Traced, *, prefer: Prefer = "auto", progress: Progress = silent) -> StepResult:
    """Make every part of a closed, oriented manifold a sphere, by cutting handles and filling tunnels.

    Short loops that do not part the surface are sought, the surface is cut along those whose disc changes the shape
    least, and both sides are closed with that disc: a slit through a handle, or a wall across a tunnel. Faces that do
    not touch a loop stay as they are.

    prefer: "cut" handles or "fill" tunnels wherever there is a choice; "auto" takes the smaller change.
    Raises `RepairFailed` when the surface is not closed and manifold.
    """
    if not is_closed_manifold(traced.mesh.faces):
        raise RepairFailed("Handles can be removed from a closed surface only.", "Fill its holes first.")
    counts = {"handles_cut": 0, "tunnels_filled": 0}
    rejected: set[frozenset[int]] = set()
    bad = total = 0
    while (graph := surface_graph(traced.mesh.vertices, traced.mesh.faces)).genus > 0:
        total = max(total, graph.genus)
        progress(1.0 - graph.genus / total, "Removing handles")
        done = _Pass(traced, graph, prefer, rejected, thorough=prefer != "auto").clean()
        if done is None:
            surgery = _Pass(traced, graph, prefer, rejected, thorough=True)
            done = surgery.clean() or surgery.least_bad()
        chosen, traced, touching = done
        bad += touching
        for cut in chosen:
            counts["tunnels_filled" if cut.fills else "handles_cut"] += 1
    progress(1.0, "Handles removed")
    warnings = [f"At {bad} of {total} handles the new faces touch the surface around them."] if bad else []
    warnings += _against(prefer, counts)
    return StepResult(traced, {name: n for name, n in counts.items() if n}, tuple(warnings))


def _against(prefer: Prefer, counts: dict[str, int]) -> list[str]:
    """What had to be done the other way than the user preferred."""
    if prefer == "fill" and counts["handles_cut"]:
        return [f"Not all tunnels could be filled: {counts['handles_cut']} times the handle was cut."]
    if prefer == "cut" and counts["tunnels_filled"]:
        return [f"Not all handles could be cut: {counts['tunnels_filled']} times the tunnel was filled."]
    return []


_Done = tuple[list[Cut], Traced, int]
"""The cuts that were made, the mesh after them, and how many of them touch it."""


class _Pass:
    """One look at the whole surface, and cuts along as many loops as do not disturb each other."""

    def __init__(
        self, traced: Traced, graph: SurfaceGraph, prefer: Prefer, rejected: set[frozenset[int]], *, thorough: bool
    ) -> None:
        self._traced, self._graph, self._prefer, self._rejected = traced, graph, prefer, rejected
        vertices = traced.mesh.vertices
        self._families = handle_loops(graph, vertices, thorough=thorough)
        self._obstacles = Obstacles(vertices, traced.mesh.faces)
        self._judge = Judge(traced.mesh, graph, self._obstacles)
        loops = self._families.loops
        self._loops = [loops[k] for k in np.argsort([self._judge.cost(loop) for loop in loops], kind="stable")]

    def clean(self) -> _Done | None:
        """Cuts whose new faces meet nothing; None if there are none. Unwanted kinds only if there are no others."""
        for wanted_only in (True, False):
            while chosen := self._choose(wanted_only=wanted_only):
                kept, after = self._verified(chosen)
                if kept:
                    return kept, after, 0
        return None

    def least_bad(self) -> _Done:
        """The single cut that disturbs least."""
        cuts = sorted((self._judge.cut(loop) for loop in self._loops), key=lambda cut: cut.hits)[:_TRIALS]
        best: tuple[int, Cut, Traced] | None = None
        for cut, gap in itertools.product(cuts, (_GAPS[0], _GAPS[-1])):
            for side in (cut, self._judge.cut(cut.loop.reversed())):
                closed = cut_and_close(self._traced, [side], [gap])
                hits = len(closed.hits(self._obstacles))
                if best is None or hits < best[0]:
                    best = hits, side, closed.traced
                if not hits:
                    return [side], closed.traced, 0
        if best is None:
            raise RepairFailed("No loop was found along which a handle could be cut.", "Rebuild it from its volume.")
        return [best[1]], best[2], 1

    def _choose(self, *, wanted_only: bool) -> list[Cut]:
        """The cheapest clean loops that are independent and keep away from each other."""
        n_vertices = self._traced.mesh.n_vertices
        near, waiting = np.zeros(n_vertices, bool), np.zeros(n_vertices, bool)
        basis: dict[int, int] = {}
        chosen: list[Cut] = []
        for loop in self._loops:
            # A loop across one that waits for the next pass would take its handle away in a worse manner.
            if _key(loop) in self._rejected or waiting[loop.vertices].any():
                continue
            crossings = _reduced(self._families.crossings(self._graph.edges_of(loop.vertices)), basis)
            if not crossings:
                continue
            cut = self._judge.cut(loop)
            if cut.hits or (wanted_only and self._prefer == ("cut" if cut.fills else "fill")):
                continue
            if near[loop.vertices].any():
                waiting[loop.vertices] = True
                continue
            basis[crossings.bit_length()] = crossings
            chosen.append(cut)
            near[self._graph.around(loop.vertices, 2)] = True
            if len(chosen) == self._graph.genus:
                break
        return chosen

    def _verified(self, chosen: list[Cut]) -> tuple[list[Cut], Traced]:
        """Those of the cuts that are clean when done, and the mesh after them; the others are not chosen again."""
        gaps = [0] * len(chosen)
        while chosen:
            closed = cut_and_close(self._traced, chosen, [_GAPS[gap] for gap in gaps])
            bad = set(closed.hits(self._obstacles).tolist())
            if not bad:
                return chosen, closed.traced
            hopeless = {k for k in bad if gaps[k] + 1 == len(_GAPS)}
            self._rejected |= {_key(chosen[k].loop) for k in hopeless}
            gaps = [gap + (k in bad) for k, gap in enumerate(gaps) if k not in hopeless]
            chosen = [cut for k, cut in enumerate(chosen) if k not in hopeless]
        return [], self._traced


def _key(loop: HandleLoop) -> frozenset[int]:
    return frozenset(loop.vertices.tolist())


def _reduced(vector: int, basis: dict[int, int]) -> int:
    """What is left of a vector of bits after elimination; 0 if it depends on the basis (by its highest bits)."""
    while vector and (row := basis.get(vector.bit_length())) is not None:
        vector ^= row
    return vector
