# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing handles from a closed surface: cut the handle or fill its tunnel, whatever changes less."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...errors import RepairFailed
from ...geometry.edges import is_closed_manifold
from ...progress import Progress, silent
from ..traced import StepResult, Traced
from .candidates import Candidate, Judge
from .cut import cut_and_close
from .loops import Families, SurfaceGraph, handle_loops, surface_graph
from .obstacles import Obstacles

Prefer = Literal["auto", "cut", "fill"]
_SAMPLES = 24
_GAPS = (0.15, 0.04)
"""How far apart the two sides of a cut are, as a part of the length of the edges there: the first that is clean."""


def remove_handles(traced: Traced, *, prefer: Prefer = "auto", progress: Progress = silent) -> StepResult:
    """Make every part of a closed, oriented manifold a sphere, by cutting handles and filling tunnels.

    Short loops that do not part the surface are sought, the surface is cut along those whose disc changes the shape
    least, and both sides are closed with that disc: a slit through a handle, or a wall across a tunnel. Faces that do
    not touch a loop stay as they are.

    prefer: "cut" handles or "fill" tunnels wherever there is a choice; "auto" takes the smaller change.
    Raises `RepairFailed` when the surface is not closed and manifold.
    """
    if not is_closed_manifold(traced.mesh.faces):
        raise RepairFailed("Handles can be removed from a closed surface only.", "Fill holes first.")
    counts = {"handles_cut": 0, "tunnels_filled": 0}
    rejected: set[frozenset[int]] = set()
    touching = total = 0
    while (graph := surface_graph(traced.mesh.vertices, traced.mesh.faces)).genus > 0:
        total = max(total, graph.genus)
        progress(1.0 - graph.genus / total, "Removing handles")
        surgery = _Pass(traced, graph, prefer, rejected)
        chosen, traced = surgery.clean() or surgery.least_bad()
        touching += sum(not candidate.clean for candidate in chosen)
        for candidate in chosen:
            counts["tunnels_filled" if candidate.fills else "handles_cut"] += 1
    progress(1.0, "Handles removed")
    warnings = (f"At {touching} of {total} handles the new faces touch the surface around them.",) if touching else ()
    return StepResult(traced, {name: n for name, n in counts.items() if n}, warnings)


class _Pass:
    """One look at the whole surface, and cuts along as many loops as do not disturb each other."""

    def __init__(self, traced: Traced, graph: SurfaceGraph, prefer: Prefer, rejected: set[frozenset[int]]) -> None:
        self._traced, self._graph, self._rejected = traced, graph, rejected
        vertices = traced.mesh.vertices
        self._families: Families = handle_loops(graph, vertices, int(np.clip(240 // graph.genus, 6, _SAMPLES)))
        self._obstacles = Obstacles(vertices, traced.mesh.faces)
        self._judge = Judge(traced.mesh, graph, self._obstacles, prefer)
        candidates = [self._judge.first_look(loop) for loop in self._families.loops]
        self._candidates = sorted(candidates, key=lambda candidate: candidate.cost)

    def clean(self) -> tuple[list[Candidate], Traced] | None:
        """Cuts whose new faces meet nothing, and the mesh after them; None if there are none."""
        while chosen := self._choose():
            kept, after = self._verified(chosen)
            if kept:
                return kept, after
        return None

    def least_bad(self) -> tuple[list[Candidate], Traced]:
        """The single cut that disturbs least, and the mesh after it."""
        looked = [self._judge.second_look(candidate) for candidate in self._candidates]
        best = min(looked, key=lambda candidate: (candidate.hits, candidate.cost))
        return [best], cut_and_close(self._traced, [best], [_GAPS[0]]).traced

    def _choose(self) -> list[Candidate]:
        """The cheapest clean loops that are independent and keep away from each other."""
        vertices = self._traced.mesh.n_vertices
        near, waiting = np.zeros(vertices, bool), np.zeros(vertices, bool)
        basis: dict[int, int] = {}
        chosen: list[Candidate] = []
        for candidate in self._candidates:
            loop = candidate.loop.vertices
            if frozenset(loop.tolist()) in self._rejected:
                continue
            # A loop across one that waits for the next pass would take its handle away in a worse manner.
            if waiting[loop].any():
                continue
            crossings = _reduced(self._families.crossings(self._graph.edges_of(loop)), basis)
            if not crossings:
                continue
            candidate = self._judge.second_look(candidate)
            if not candidate.clean:
                continue
            if near[loop].any():
                waiting[loop] = True
                continue
            basis[crossings.bit_length()] = crossings
            chosen.append(candidate)
            near[self._graph.around(loop, 2)] = True
            if len(chosen) == self._graph.genus:
                break
        return chosen

    def _verified(self, chosen: list[Candidate]) -> tuple[list[Candidate], Traced]:
        """Those of the cuts that are clean when done, and the mesh after them; the others are not chosen again."""
        gaps = [0] * len(chosen)
        while chosen:
            closed = cut_and_close(self._traced, chosen, [_GAPS[gap] for gap in gaps])
            bad = closed.hit(self._obstacles)
            if not bad:
                break
            if any(gaps[k] + 1 < len(_GAPS) for k in bad):
                gaps = [min(gap + (k in bad), len(_GAPS) - 1) for k, gap in enumerate(gaps)]
                continue
            self._rejected |= {frozenset(chosen[k].loop.vertices.tolist()) for k in bad}
            gaps = [gap for k, gap in enumerate(gaps) if k not in bad]
            chosen = [candidate for k, candidate in enumerate(chosen) if k not in bad]
        return chosen, closed.traced


def _reduced(vector: int, basis: dict[int, int]) -> int:
    """What is left of a vector of bits after elimination; 0 if it depends on the basis (by its highest bits)."""
    while vector and (row := basis.get(vector.bit_length())) is not None:
        vector ^= row
    return vector
