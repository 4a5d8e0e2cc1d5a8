# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing handles from a closed surface: cut the handle or fill its tunnel, whatever changes less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...mesh import FloatArray, IntArray
from ...progress import Progress, silent
from ...topology.components import component_labels
from ..traced import NEW, StepResult, Traced
from .cut import cut_open, step_aside
from .discs import triangulate
from .loops import HandleLoop, SurfaceGraph, handle_loops, surface_graph

Prefer = Literal["auto", "cut", "fill"]
GAP = 0.15


@dataclass(frozen=True)
class Candidate:
    """A loop with the disc that would close it. fills: the disc is outside; clean: it meets nothing."""

    loop: HandleLoop
    disc: IntArray
    cost: float
    fills: bool


def remove_handles(traced: Traced, *, prefer: Prefer = "auto", progress: Progress = silent) -> StepResult:
    """Make every part of a closed, oriented manifold a sphere.

    prefer: "cut" handles or "fill" tunnels where both can be done; "auto" takes the smaller disc.
    """
    counts = {"handles_cut": 0, "tunnels_filled": 0}
    total = 0
    while True:
        graph = surface_graph(traced.mesh.vertices, traced.mesh.faces)
        if graph.genus <= 0:
            break
        total = max(total, graph.genus)
        progress(1.0 - graph.genus / total, "Removing handles")
        chosen = _choose(traced, graph, prefer)
        for candidate in chosen:
            counts["tunnels_filled" if candidate.fills else "handles_cut"] += 1
        traced = _apply(traced, chosen)
    return StepResult(traced, {name: n for name, n in counts.items() if n})


def _choose(traced: Traced, graph: SurfaceGraph, prefer: Prefer) -> list[Candidate]:
    vertices, faces = traced.mesh.vertices, traced.mesh.faces
    samples = int(np.clip(200 // graph.genus, 6, 24))
    candidates = [_candidate(vertices, faces, loop, prefer) for loop in handle_loops(graph, vertices, samples)]
    candidates.sort(key=lambda candidate: candidate.cost)
    blocked = np.zeros(len(vertices), bool)
    cut = np.zeros(len(graph.edges), bool)
    n_parts = len(np.unique(graph.parts[faces[:, 0]]))
    chosen: list[Candidate] = []
    for candidate in candidates:
        loop = candidate.loop.vertices
        if blocked[loop].any():
            continue
        trial = cut.copy()
        trial[_edges_of(graph, loop)] = True
        whole = graph.sides[~trial]
        if len(np.unique(component_labels(len(faces), whole[:, 0], whole[:, 1]))) > n_parts:
            continue
        cut = trial
        chosen.append(candidate)
        near = np.zeros(len(vertices), bool)
        near[loop] = True
        near[faces[near[faces].any(axis=1)]] = True
        near[faces[near[faces].any(axis=1)]] = True
        blocked |= near
        if len(chosen) == graph.genus:
            break
    return chosen


def _edges_of(graph: SurfaceGraph, loop: IntArray) -> IntArray:
    size = int(graph.edges.max()) + 1
    following = np.roll(loop, -1)
    key = np.minimum(loop, following) * size + np.maximum(loop, following)
    return np.searchsorted(graph.edges[:, 0] * size + graph.edges[:, 1], key)


def _candidate(vertices: FloatArray, faces: IntArray, loop: HandleLoop, prefer: Prefer) -> Candidate:
    points = vertices[loop.vertices]
    disc = triangulate(points)
    corners = points[disc]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = 0.5 * np.linalg.norm(cross, axis=1)
    area = float(areas.sum())
    middle = corners[areas.argmax()].mean(axis=0)
    fills = _winding(vertices, faces, middle) < 0.5
    wrong = (prefer == "cut" and fills) or (prefer == "fill" and not fills)
    return Candidate(loop, disc, area * (1e6 if wrong else 1.0), fills)


def _winding(vertices: FloatArray, faces: IntArray, point: FloatArray) -> float:
    """How often the surface goes round the point (van Oosterom and Strackee 1983)."""
    a, b, c = (vertices[faces[:, k]] - point for k in range(3))
    la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    above = np.einsum("fi,fi->f", a, np.cross(b, c))
    below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
    return float(np.arctan2(above, below).sum() / (2.0 * np.pi))


def _apply(traced: Traced, chosen: list[Candidate]) -> Traced:
    """The mesh cut along all loops, each side closed by the disc."""
    vertices, n_vertices = traced.mesh.vertices, traced.mesh.n_vertices
    loops = [candidate.loop.vertices for candidate in chosen]
    opened = cut_open(traced.mesh.faces, loops, n_vertices)
    copies = step_aside(vertices, opened, GAP)
    wider = traced.duplicated(opened.faces, opened.origin)
    aside = wider.moved(np.concatenate([vertices, copies]))
    assert (aside.vertex_source[n_vertices:] == NEW).any()
    caps, begin = [], n_vertices
    for candidate in chosen:
        loop = candidate.loop.vertices
        copy = np.arange(begin, begin + len(loop))
        begin += len(loop)
        # Left of the loop the faces have its edges in its direction, so the disc has them against it.
        caps += [loop[candidate.disc[:, ::-1]], copy[candidate.disc]]
    return aside.added(np.zeros((0, 3)), np.concatenate(caps))
