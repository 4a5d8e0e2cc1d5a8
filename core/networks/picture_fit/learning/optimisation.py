# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimisation of a shape, and of cameras, against the pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....mesh import FloatArray
from ....progress import Progress
from ....symmetry.templates import Template
from ...rendering.losses import colour_loss
from ...rendering.paint import UvTexture
from ...rendering.rasterise import Softness
from ...rendering.render import render
from ..settings import PictureFitSettings
from ..shots import CutOut
from .poses import Poses, moved, picture_matrices
from .shape import Adam, Shape, as_tensor, mesh_laplacian
from .texturing import Atlas, texture_of

STIFFNESS = 12.0
RATE = 4e-3
VIEWS = 4
"""Pictures of a step."""
EVERY = 10
"""Steps between two looks at all pictures."""
COARSE = 0.4
"""Part of the steps that see pictures of half the size."""
SOFT, SOFT_FIRST, SOFT_FAR = 0.4, 0.8, 4.0
"""Pixels within which edges turn: in the end, at first, and at first where the shape is still far off."""
FASTER = 4.0
"""How much faster a shape moves that is still far off, while pictures are coarse."""
ROUGHNESS = 0.02
COLOUR = 0.6
CAMERA = 3.0
"""How much faster cameras turn, in radians, than vertices move."""
_PAINT = 128


@dataclass(frozen=True)
class Best:
    """vertices: (V, 3), and worlds (n, 3, 4) of the cameras, in the coordinates of the object; iou of each picture."""

    vertices: FloatArray
    worlds: FloatArray
    iou: tuple[float, ...]
    step: int

    @property
    def score(self) -> float:
        """The mean."""
        return float(np.mean(self.iou))


class Optimisation:
    """A shape that becomes like its pictures. views: at half and at the whole resolution. far: it
    begins far from what the pictures show. best: so far."""

    def __init__(
        self,
        template: Template,
        positions: FloatArray,
        views: tuple[Sequence[CutOut], Sequence[CutOut]],
        settings: PictureFitSettings,
        *,
        far: bool = False,
    ) -> None:
        self.settings, self._views, self._far = settings, views, far
        self._faces = torch.from_numpy(template.mesh.faces)
        self._directions = template.mesh
        self.shape = Shape(template, settings.symmetry, positions, STIFFNESS * settings.smoothness)
        self.poses = Poses(views[1], moving=settings.refine_cameras)
        self._matrices = tuple(picture_matrices(some) for some in views)
        self._masks = tuple(_stack(view.mask for view in some) for some in views)
        self._known = tuple(_stack(view.known for view in some) for some in views)
        self._colours = tuple(_stack(np.moveaxis(view.pixels, 2, 0) for view in some) for some in views)
        laplacian = mesh_laplacian(template)
        self._laplacian = as_tensor(laplacian)
        self._atlas = Atlas(template.mesh.vertices, template.mesh.faces, _PAINT, settings.symmetric_texture)
        self._paint: UvTexture | None = None
        self.steps = 0
        self.best = self._look()

    def run(self, found: Callable[[Best], None], progress: Progress) -> None:
        """All the steps; `found` is called with what is better than all before."""
        settings, begin = self.settings, time.perf_counter()
        optimisers = [Adam(self.shape.numbers), Adam(self.shape.middle)]
        cameras = Adam(self.poses.moves, (0.9, 0.95), each=True)
        order = _order(len(self._masks[0]), settings.seed)
        found(self.best)
        while self.steps < settings.steps:
            if settings.seconds and time.perf_counter() - begin > settings.seconds:
                break
            share = self.steps / settings.steps
            progress(share, f"Step {self.steps} of {settings.steps}, IoU {self.best.score:.3f}")
            if settings.color_weight and self.steps % EVERY == 0:
                self._repaint()
            loss = self._loss(next(order), 0 if share < COARSE else 1)
            loss.backward()  # type: ignore[no-untyped-call]
            rate = RATE * (1.0 - 0.9 * share) * (FASTER if self._far and share < COARSE else 1.0)
            for optimiser in optimisers:
                optimiser.step(rate)
            cameras.step(CAMERA * rate)
            self.steps += 1
            if self.steps % EVERY == 0 or self.steps == settings.steps:
                now = self._look()
                if now.score > self.best.score:
                    self.best = now
                    found(now)

    def _loss(self, picked: Tensor, level: int) -> Tensor:
        vertices = self.shape.vertices()
        matrices = self._matrices[level][picked] @ self.poses.worlds()[picked]
        mask, known = self._masks[level][picked], self._known[level][picked]
        size = mask.shape[-1]
        soft = Softness.of_pixels(self._softness(), size)
        picture = render(
            vertices, self._faces, matrices, size, paint=self._paint, softness=soft, background=0.0, closed=True
        )
        apart = (picture.mask - mask).square() * known
        loss = (apart.flatten(1).sum(dim=1) / mask.flatten(1).sum(dim=1)).mean()
        if picture.colour is not None:
            over = self._colours[level][picked] * picture.mask[:, None].detach()
            loss = loss + COLOUR * self.settings.color_weight * colour_loss(picture.colour, over, mask * known)
        bend = self._laplacian @ vertices
        return loss + ROUGHNESS * self.settings.smoothness * bend.square().sum()

    def _softness(self) -> float:
        """Pixels, less and less while pictures are coarse."""
        wide = SOFT_FAR if self._far else SOFT_FIRST
        left = max(1.0 - self.steps / (COARSE * self.settings.steps), 0.0)
        return SOFT + (wide - SOFT) * left

    def _repaint(self) -> None:
        vertices = self.shape.vertices().detach().double().numpy()
        views = [moved(view, world) for view, world in zip(self._views[0], self.poses.current(), strict=True)]
        texels = texture_of(vertices, self._directions.faces, self._atlas, views, 10)
        pixels = torch.from_numpy(np.moveaxis(self._atlas.pixels(texels), 2, 0).copy()).float()
        self._paint = UvTexture(pixels, torch.from_numpy(self._atlas.uv).float())

    def _look(self) -> Best:
        """How the shape is now."""
        with torch.no_grad():
            return self._judged(self.shape.vertices(), self.poses.worlds(), self.poses.current(), self.steps)

    def judged(self, vertices: FloatArray) -> Best:
        """The best, with other vertices (V, 3)."""
        worlds = torch.from_numpy(self.best.worlds).float()
        return self._judged(torch.from_numpy(vertices).float(), worlds, self.best.worlds, self.best.step)

    def _judged(self, vertices: Tensor, worlds: Tensor, kept: FloatArray, step: int) -> Best:
        with torch.no_grad():
            found: list[float] = []
            for number in range(len(self._masks[1])):
                matrix = self._matrices[1][number : number + 1] @ worlds[number : number + 1]
                size = self._masks[1].shape[-1]
                mask = render(vertices, self._faces, matrix, size, closed=True).mask[0] > 0.5
                wanted, known = self._masks[1][number] > 0.5, self._known[1][number] > 0.5
                either = ((mask | wanted) & known).sum()
                found.append(float((mask & wanted & known).sum() / either.clamp_min(1)))
        return Best(vertices.double().numpy(), kept, tuple(found), step)


def _stack(arrays: Iterator[NDArray[Any]]) -> Tensor:
    return torch.from_numpy(np.stack(list(arrays))).float()


def _order(count: int, seed: int) -> Iterator[Tensor]:
    """Batches of pictures: all of them once, in any order, and again."""
    random = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(count, generator=random)
        yield from (order[first : first + VIEWS] for first in range(0, count, VIEWS))
