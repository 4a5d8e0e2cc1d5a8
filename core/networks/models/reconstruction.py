# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruction with mean shapes as a model: a picture → shape, texture and camera."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidParameter
from ...mesh import FloatArray, IntArray, Mesh
from ...progress import Progress, silent
from ...sphere.uv import colours_at, sphere_atlas
from ..inputs.images import Framing, View, network_view
from ..interface import Card, Input, PictureModel
from ..reconstructed import Reconstruction, Texture
from ..runtime import chosen_device, free_memory, in_words, require_torch

if TYPE_CHECKING:
    from torch import Tensor

    from ..reconstruction.stored import Stored
    from ..training.config import TrainingConfig
    from ..training.lesson import Lesson

Kind = int | str | list[int]


class SymmetricReconstruction(PictureModel):
    """One image → a mean shape, bent and coloured to be the object, and the camera that sees it so."""

    card = Card(
        "reconstruction",
        "Symmetric Reconstruction",
        "image",
        "Bends a mean shape that it has learned, symmetric if wanted, and paints and places it as in one image.",
        "Simoni, Pini, Vezzani and Cucchiara, Multi-Category Mesh Reconstruction From Image Collections, 3DV 2021",
        "The authors give no terms for their weights (the code is under MIT); they were trained on Pascal3D+ and CUB, "
        "whose terms hold.",
    )
    picture_size = 256
    trained_fill = 1.0

    def __init__(self, stored: Stored) -> None:
        self.stored, self.network = stored, stored.network
        self.picture_size, self.trained_fill = stored.picture, stored.fill
        self.framing = Framing(crop=True, fill=stored.fill)

    @classmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether there are mean shapes, and the decoder that bends them."""
        from ..reconstruction.stored import is_reconstruction

        return is_reconstruction(weights)

    @classmethod
    def load(cls, path: str | Path, device: str = "auto", symmetrise: Kind | None = None) -> Self:
        """The network with the weights of a file, ours or the authors'; as large as they are.

        symmetrise: for an original, how its shapes are made symmetric (1, 2, 3, or a list with one for each slice from
        the top); None for what its settings say.
        """
        require_torch()
        from ..reconstruction.stored import open_stored

        chosen = chosen_device(device)
        with in_words():
            stored = open_stored(path, symmetrise)
            stored.network.to(chosen).eval()
            return cls(stored)

    def reconstruct(self, given: Input | str | Path, *, seed: int = 0, progress: Progress = silent) -> Reconstruction:
        """The mean shape and the bent one, with a texture, y up, and the camera that sees it as in the picture.

        given: an image (H, W, …) or its file, which is cut to the object; or the pixels (S, S, 3) in [0, 1] that the
        network shall see. Nothing is random.
        """
        progress(0.0, "Looking at the picture")
        torch = require_torch()
        from ..layers.resnet import normalised
        from ..reconstruction.camera import UPRIGHT, camera_of

        view = self._seen(given)
        device = next(self.network.parameters()).device
        with in_words(), torch.no_grad():
            try:
                picture = np.ascontiguousarray(view.pixels.transpose(2, 0, 1)[None], np.float32)
                seen = self.network(normalised(torch.from_numpy(picture).to(device)))
                mean, bent, texture, quaternion, place, classes = (
                    values[0].double().cpu().numpy()
                    for values in (seen.mean, seen.vertices, seen.texture, seen.quaternion, seen.place, seen.classes)
                )
            finally:
                free_memory(device)
        remarks = [*self.stored.remarks, *view.remarks]
        faces = self.network.faces.cpu().numpy()[:, ::-1].copy()  # upright is the other way round
        painted, color = self._painted(texture, faces, len(bent))
        attributes = {} if color is None else {"color": color}
        stored = self.stored
        upright = UPRIGHT.T / stored.unit
        stages = Mesh(mean @ upright, faces), Mesh(bent @ upright, faces, attributes)
        camera = camera_of(quaternion, place, self.picture_size, stored.focal, stored.distance, stored.unit)
        if camera is None:
            remarks.append("The network gives the object no size in the picture, so that there is no camera")
        facts = {**self.facts(), "classes": [round(float(share), 4) for share in classes]}
        progress(1.0, "Done")
        return Reconstruction(stages, painted, camera, self.picture_size, facts, tuple(remarks))

    def _seen(self, given: Input | str | Path) -> View:
        """Of the size that the network sees."""
        if not isinstance(given, np.ndarray | str | Path):
            raise InvalidParameter(f"{self.card.title} needs an image.", "Give it.")
        size = self.picture_size
        as_it_is = isinstance(given, np.ndarray) and given.shape == (size, size, 3) and given.dtype.kind == "f"
        return network_view(given, None if as_it_is else self.framing, size)

    def _painted(
        self, texture: FloatArray, faces: IntArray, n_vertices: int
    ) -> tuple[Texture | None, FloatArray | None]:
        """The texture (3, H, W) on the faces, and the colours of the vertices."""
        if self.stored.directions is None:
            return None, None
        pixels: NDArray[Any] = texture.transpose(1, 2, 0)
        if self.stored.lab:
            from ..reconstruction.lab import rgb_of

            pixels = rgb_of(pixels)
        pixels, uv = sphere_atlas(pixels, self.stored.directions, faces, self.stored.mirrored)
        return Texture(pixels, uv), colours_at(pixels, uv, faces, n_vertices)

    @classmethod
    def lesson(cls, config: TrainingConfig) -> Lesson:
        """A new network, and a dataset with pictures and masks."""
        require_torch()
        from ..reconstruction.lesson import ReconstructionLesson

        return ReconstructionLesson(config)

    def facts(self) -> Mapping[str, Any]:
        """The name, how many parameters, mean shapes and vertices there are, and what the file tells."""
        count = sum(parameter.numel() for parameter in self.network.parameters())
        kinds, vertices = self.network.mean_shapes().shape[:2]
        own = {"model": self.card.name, "title": self.card.title, "parameters": count}
        sizes = {"mean_shapes": kinds, "vertices": vertices, "outputs": self.network.outputs}
        return {**(self.stored.facts or {}), **own, **sizes}
