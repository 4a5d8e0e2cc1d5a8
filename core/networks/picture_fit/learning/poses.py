# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that an optimiser may move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ....datasets.arrays import Camera
from ....mesh import FloatArray
from ..shots import CutOut


class Poses:
    """Where the cameras of the views are: as given, and small turns and shifts from there.

    Turns (n, 3) are about the origin of the object.
    """

    def __init__(self, views: Sequence[CutOut], *, moving: bool) -> None:
        self.given = np.stack([view.camera.world for view in views])
        self._worlds = torch.from_numpy(self.given).float()
        self.moves = torch.zeros(len(views), 6, requires_grad=moving)

    def worlds(self) -> Tensor:
        """(n, 3, 4) the world matrices."""
        turned = torch.linalg.matrix_exp(_cross_matrices(self.moves[:, :3])) @ self._worlds[:, :, :3]
        return torch.cat([turned, (self._worlds[:, :, 3] + self.moves[:, 3:])[:, :, None]], dim=2)

    def current(self) -> FloatArray:
        """(n, 3, 4) the world matrices as an array."""
        if not self.moves.requires_grad:
            return self.given
        return self.worlds().detach().double().numpy()


def picture_matrices(views: Sequence[CutOut]) -> Tensor:
    """(n, 3, 3) from the coordinates of the camera to the square [−1, 1]² of each view, as `camera.stacked` has it."""
    found = []
    for view in views:
        size = len(view.mask)
        to_unit = np.array([[2.0 / size, 0.0, -1.0], [0.0, -2.0 / size, 1.0], [0.0, 0.0, 1.0]])
        found.append(to_unit @ view.camera.matrix)
    return torch.from_numpy(np.stack(found)).float()


def moved(view: CutOut, world: FloatArray) -> CutOut:
    """The view with its camera elsewhere."""
    return CutOut(view.pixels, view.mask, view.known, Camera(view.camera.matrix, world))


def _cross_matrices(turns: Tensor) -> Tensor:
    x, y, z = turns.unbind(dim=1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).reshape(-1, 3, 3)
