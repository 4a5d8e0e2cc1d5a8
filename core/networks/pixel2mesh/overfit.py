# SPDX-License-Identifier: GPL-3.0-or-later
"""One object learned by heart from one picture: what a network can keep of it, at its best."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...alignment.similarity import Similarity
from ...datasets.arrays import Camera as Pinhole
from ...errors import InvalidParameter
from ...geometry.measure import face_normals
from ...geometry.sampling import sample_surface
from ...mesh import Mesh
from ...progress import Progress, silent
from ..evaluation.scores import inside, overlap
from .losses import Weights, graphs_of, total_loss
from .network import Pixel2Mesh
from .placing import seen_from
from .published import published_view
from .start import leave_template
from .templates import template_around, template_named
from .variants import Variant

_HISTORY, _KEPT = 30, 1 << 27
"""How many steps L-BFGS remembers, and how many numbers at most: a wide network remembers fewer steps."""

_PADDED = 1.1

HULL = "hull"
"""The template that is the object's own convex hull."""


@dataclass(frozen=True)
class OverfitSettings:
    """variant: of the network. template: "ellipsoid", "icosphere" or `HULL`. levels: stages. steps: looks at all points
    (L-BFGS). points: of the surface. weights: of the losses. seed: of all that is random."""

    variant: Variant = field(default_factory=lambda: Variant(width=1, hidden=64, last=64, rebuilds=False))
    template: str = "ellipsoid"
    levels: int = 2
    steps: int = 150
    points: int = 3000
    weights: Weights = field(default_factory=lambda: Weights(normal=0.0, edge=0.0, laplacian=0.1, move=0.0))
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.points, self.levels) < 1:
            raise InvalidParameter(
                "These settings cannot be learned with.", "Give steps, points and levels of 1 or more."
            )


@dataclass(frozen=True)
class Overfitted:
    """A network with the object in it. seen: the picture (1, 3, 224, 224). placement: from the object's coordinates
    to those that come out of the network."""

    network: Pixel2Mesh
    seen: Tensor
    placement: Similarity
    truth: Mesh
    loss: float
    seconds: float

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return sum(one.numel() for one in self.network.parameters() if one.requires_grad)

    def meshes(self) -> tuple[Mesh, ...]:
        """The stages that the network makes of the picture, in the coordinates of the object."""
        with torch.no_grad():
            bent = self.network(self.seen).bent
        back = self.placement.inverse
        levels = self.network.template.levels
        return tuple(
            Mesh(back.apply(one[0].double().numpy()), level.faces) for one, level in zip(bent, levels, strict=True)
        )

    def iou(self, points: int = 100_000, seed: int = 0) -> float:
        """Volume of the intersection with the object over that of the union, by random points in a box around it."""
        low, high = self.truth.vertices.min(axis=0), self.truth.vertices.max(axis=0)
        drawn = np.random.default_rng(seed).random((points, 3)) - 0.5
        where = 0.5 * (low + high) + _PADDED * (high - low) * drawn
        return overlap(inside(self.meshes()[-1], where), inside(self.truth, where))


def overfit(
    mesh: Mesh,
    picture: NDArray[Any],
    pinhole: Pinhole,
    settings: OverfitSettings | None = None,
    progress: Progress = silent,
) -> Overfitted:
    """Teach a network one closed mesh from one picture of it.

    picture: (H, W, 3 or 4) bytes; pinhole: with which it was taken, in the coordinates of the mesh. The same things on
    the same machine give the same network. Raises `InvalidParameter`, and `DatasetError` for a camera that looks away.
    """
    chosen, begin = settings or OverfitSettings(), time.perf_counter()
    variant, random = chosen.variant, np.random.default_rng(chosen.seed)
    camera = variant.camera
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    seen_there = seen_from(pinhole, (picture.shape[0], picture.shape[1]), low, high, camera)
    placement = Similarity(np.eye(3), 1.0, -np.asarray(camera.offset)).after(seen_there)
    own = placement.apply_to(Mesh(mesh.vertices, mesh.faces))
    points, triangle, _ = sample_surface(own, chosen.points, int(random.integers(2**31)))
    template = (
        template_around(own, chosen.levels, camera)
        if chosen.template == HULL
        else template_named(chosen.template, chosen.levels, camera)
    )
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(chosen.seed)
        network = Pixel2Mesh(template, variant).eval()
    seen = torch.from_numpy(published_view(picture, camera.size))[None]
    truth = torch.from_numpy(points).float()[None], torch.from_numpy(face_normals(own)[triangle]).float()[None]
    leave_template(network, seen)
    loss = _learn(network, seen, truth, chosen, progress)
    return Overfitted(network, seen, placement, mesh, loss, time.perf_counter() - begin)


def _learn(
    network: Pixel2Mesh, seen: Tensor, truth: tuple[Tensor, Tensor], settings: OverfitSettings, progress: Progress
) -> float:
    """Train in place, by L-BFGS (Liu and Nocedal 1989): all is known, and nothing is drawn. The last loss."""
    graphs, losses = graphs_of(network.template), list[float]()
    learned = [one for one in network.parameters() if one.requires_grad]
    most = _KEPT // sum(one.numel() for one in learned)
    optimiser = torch.optim.LBFGS(
        learned,
        max_iter=settings.steps,
        max_eval=settings.steps,
        history_size=min(max(most, 4), _HISTORY),
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def look() -> Tensor:
        progress(min(len(losses) / settings.steps, 1.0), f"Learning the picture, step {len(losses)}")
        optimiser.zero_grad()
        loss = total_loss(network(seen), *truth, graphs, settings.weights).total
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        return loss

    optimiser.step(look)  # type: ignore[no-untyped-call]
    return losses[-1]
