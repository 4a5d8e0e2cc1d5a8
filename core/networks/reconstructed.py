# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network or a fit makes of pictures: meshes in stages, a texture, the camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..alignment.similarity import Similarity
from ..datasets.arrays import Camera
from ..errors import InvalidParameter
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

    def moved(self, place: Similarity) -> Reconstruction:
        """The same with its meshes turned, scaled and moved; the camera sees what it saw."""
        camera = self.camera
        if camera is not None:
            turn = camera.world[:, :3] @ place.rotation.T / place.scale
            shift = camera.world[:, 3] - turn @ place.translation
            camera = Camera(camera.matrix, np.column_stack([turn, shift]))
        return replace(self, stages=tuple(place.apply_to(mesh) for mesh in self.stages), camera=camera)

    def of_unit_size(self) -> Reconstruction:
        """The same with the middle of the result's bounding box at the origin, and its longest side 1.

        Raises `InvalidParameter` for a result that has shrunk to a point.
        """
        low, high = self.mesh.vertices.min(axis=0), self.mesh.vertices.max(axis=0)
        size = float((high - low).max())
        if not 0.0 < size < np.inf:
            raise InvalidParameter("The result has shrunk to a point.", "Give another picture, or other weights.")
        return self.moved(Similarity(np.eye(3), 1.0 / size, -0.5 * (low + high) / size))
