# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network or a fit makes of pictures: meshes in stages, a texture, the camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..alignment.similarity import Similarity
from ..datasets.arrays import Camera
from ..mesh import FloatArray, Mesh


@dataclass(frozen=True)
class Texture:
    """A picture on a mesh.

    pixels: (H, W, 3) sRGB in [0, 1], row 0 on top. uv: (F, 3, 2) where the corners of each face are in it, u to the
    right and v up, both in [0, 1].
    """

    pixels: FloatArray
    uv: FloatArray


@dataclass(frozen=True)
class Reconstruction:
    """What is seen in a picture.

    stages: from the first mesh to the result; each may be finer than the one before, and then begins with its vertices.
    A result with a texture has it as the attribute `color` too. camera: through which the picture shows the result,
    with the size of that picture in pixels (square); None where the model does not know.
    """

    stages: tuple[Mesh, ...]
    texture: Texture | None = None
    camera: Camera | None = None
    picture_size: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def mesh(self) -> Mesh:
        """The last stage."""
        return self.stages[-1]

    def turned(self, rotation: FloatArray) -> Reconstruction:
        """The same after the turn p → rotation · p (3, 3) of the world; the camera sees what it saw."""
        turn = Similarity(rotation)
        camera = self.camera
        if camera is not None:
            world = np.concatenate([camera.world[:, :3] @ rotation.T, camera.world[:, 3:]], axis=1)
            camera = Camera(camera.matrix, world)
        return replace(self, stages=tuple(turn.apply_to(mesh) for mesh in self.stages), camera=camera)
