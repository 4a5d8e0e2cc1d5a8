# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bent template is worth: near the true points, smooth, even, and near to what it was before.

All take batches. Vertices are gathered by index, and an index that comes twice adds its gradient twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor
from torch.nn import functional

from ...errors import InvalidParameter
from ..layers.laplacian import uniform_laplacian
from .network import Stages
from .template import Template

_FIRST = 0.2
"""How much the first stage counts for laplacian and move: it bends most."""
_MOST_PAIRS = 1 << 24


@dataclass(frozen=True)
class Weights:
    """Of the sum of all; as published. chamfer: of each stage, and the last number of all stages beyond. opposite: of
    the way from the prediction to the truth. whole: of everything."""

    chamfer: tuple[float, ...] = (1.0, 1.0, 1.0)
    opposite: float = 1.0
    normal: float = 1.6e-4
    edge: float = 0.3
    laplacian: float = 0.5
    move: float = 0.1
    picture: float = 0.0
    whole: float = 1.0

    def __post_init__(self) -> None:
        if not self.chamfer:
            raise InvalidParameter("There is no weight of the Chamfer distance.", "Give one for each stage, or one.")


@dataclass(frozen=True)
class Terms:
    """Each loss by itself, summed over the stages, and all of them weighted."""

    total: Tensor
    chamfer: Tensor
    normal: Tensor
    edge: Tensor
    laplacian: Tensor
    move: Tensor
    picture: Tensor


@dataclass(frozen=True)
class Graph:
    """What losses need of a level. pairs: (N, 2) neighbours in both directions, and each vertex with itself, as the
    published mean over edges counts them. edges: (E, 2). degree: (V,)."""

    pairs: Tensor
    edges: Tensor
    degree: Tensor


def graphs_of(template: Template, device: str | torch.device = "cpu") -> tuple[Graph, ...]:
    """The graphs of all levels."""
    made = []
    for level in template.levels:
        edges = torch.from_numpy(level.edges).to(device)
        own = torch.arange(level.size, device=device)
        pairs = torch.cat([edges, edges.flip(1), torch.stack([own, own], dim=1)])
        made.append(Graph(pairs, edges, torch.bincount(edges.flatten(), minlength=level.size)))
    return tuple(made)


def nearest(a: Tensor, b: Tensor) -> Tensor:
    """(B, N) the index in b (B, M, 3) of the point nearest to each of a (B, N, 3). Without a gradient.

    On the processor by a tree; elsewhere by all distances, of which a bounded number is kept at once. Raises
    `InvalidParameter` where b has no points.
    """
    if not b.shape[1]:
        raise InvalidParameter("There are no points to be near to.", "Give one or more.")
    with torch.no_grad():
        if a.device.type != "cpu":
            return _nearest_of_all(a, b)
        pairs = zip(a.detach().double().numpy(), b.detach().double().numpy(), strict=True)
        return torch.from_numpy(np.stack([_nearest_by_tree(one, other) for one, other in pairs]))


def _nearest_by_tree(points: NDArray[Any], others: NDArray[Any]) -> NDArray[np.int64]:
    """Points that are not numbers get any neighbour: their loss is none either, and says so by itself."""
    tree = cKDTree(np.nan_to_num(others, posinf=0.0, neginf=0.0))
    return np.asarray(tree.query(np.nan_to_num(points, posinf=0.0, neginf=0.0))[1], np.int64)


def _nearest_of_all(a: Tensor, b: Tensor, most: int = _MOST_PAIRS) -> Tensor:
    """Of `most` pairs at once. Coordinate by coordinate: products of matrices would round small distances away."""
    found = []
    for part in torch.split(a, max(most // (len(a) * b.shape[1]), 1), dim=1):
        total = (part[:, :, None, 0] - b[:, None, :, 0]).square()
        for axis in (1, 2):
            total += (part[:, :, None, axis] - b[:, None, :, axis]).square()
        found.append(total.argmin(dim=2))
    return torch.cat(found, dim=1)


def gathered(points: Tensor, index: Tensor) -> Tensor:
    """(B, N, 3) the points (B, M, 3) with the indices (B, N)."""
    return points.gather(1, index[..., None].expand(-1, -1, points.shape[2]))


def chamfer_loss(predicted: Tensor, truth: Tensor, opposite: float = 1.0) -> Tensor:
    """Mean squared distance from the truth (B, M, 3) to the prediction (B, N, 3), and `opposite` times that of the
    other way."""
    forward = (truth - gathered(predicted, nearest(truth, predicted))).square().sum(dim=2).mean()
    backward = (predicted - gathered(truth, nearest(predicted, truth))).square().sum(dim=2).mean()
    return forward + opposite * backward


def normal_loss(predicted: Tensor, truth: Tensor, normals: Tensor, pairs: Tensor) -> Tensor:
    """Mean of |cos| between edges and the true normal (B, M, 3) nearest to their start: edges should lie in the
    surface."""
    at_start = functional.normalize(gathered(normals, nearest(predicted, truth)), dim=2)[:, pairs[:, 0]]
    along = functional.normalize(predicted[:, pairs[:, 0]] - predicted[:, pairs[:, 1]], dim=2)
    return (along * at_start).sum(dim=2).abs().mean()


def edge_loss(predicted: Tensor, pairs: Tensor) -> Tensor:
    """Mean squared length over the pairs (N, 2): edges should be short, so that no vertex flies off."""
    return (predicted[:, pairs[:, 0]] - predicted[:, pairs[:, 1]]).square().sum(dim=2).mean()


def laplacian_loss(before: Tensor, after: Tensor, graph: Graph) -> Tensor:
    """Mean squared change of the Laplacian: neighbours should move alike."""
    first, second = (uniform_laplacian(one, graph.edges, graph.degree) for one in (before, after))
    return (first - second).square().sum(dim=2).mean()


def move_loss(before: Tensor, after: Tensor) -> Tensor:
    """Mean squared way that a vertex moves in a stage."""
    return (before - after).square().sum(dim=2).mean()


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes)) or "no"


def total_loss(
    stages: Stages,
    points: Tensor,
    normals: Tensor | None,
    graphs: Sequence[Graph],
    weights: Weights | None = None,
    picture: Tensor | None = None,
) -> Terms:
    """All losses of a batch. points, normals: (B, M, 3) of the true surface. picture: what the network saw, to be
    rebuilt, in [0, 1]. Raises `InvalidParameter` for graphs that are not those of the stages, and without points."""
    sizes = [one.shape[1] for one in stages.bent], [len(graph.degree) for graph in graphs]
    if sizes[0] != sizes[1]:
        raise InvalidParameter(
            f"Stages of {_listed(sizes[0])} vertices do not go with graphs of {_listed(sizes[1])}.",
            "Give the graphs of the network's own template.",
        )
    w = weights or Weights()
    zero = points.new_zeros(())
    chamfer, normal, edge, laplacian, move = zero, zero, zero, zero, zero
    for number, (before, after, graph) in enumerate(zip(stages.before, stages.bent, graphs, strict=True)):
        share = 1.0 if number else _FIRST
        chamfer = chamfer + w.chamfer[min(number, len(w.chamfer) - 1)] * chamfer_loss(after, points, w.opposite)
        edge = edge + edge_loss(after, graph.pairs)
        laplacian = laplacian + share * laplacian_loss(before, after, graph)
        if number:
            move = move + share * move_loss(before, after)
        if normals is not None and w.normal:
            normal = normal + normal_loss(after, points, normals, graph.pairs)
    seen = zero
    if w.picture and stages.picture is not None and picture is not None:
        seen = functional.binary_cross_entropy(stages.picture, picture)
    total = chamfer + w.normal * normal + w.edge * edge + w.laplacian * laplacian + w.move * move + w.picture * seen
    return Terms(w.whole * total, chamfer, normal, edge, laplacian, move, seen)
