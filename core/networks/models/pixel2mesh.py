# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel2Mesh as a model: a picture → an ellipsoid, bent in stages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ...errors import ImageError, InvalidParameter, SphericalCowError
from ...mesh import FloatArray, Mesh
from ...progress import Progress, silent
from ..checkpoints import put_weights, read_checkpoint
from ..inputs.images import network_view
from ..inputs.pictures import bytes_of
from ..interface import Card, Input, PictureModel
from ..reconstructed import Reconstruction
from ..runtime import chosen_device, free_memory, in_words, require_torch

if TYPE_CHECKING:
    from torch import Tensor

    from ..pixel2mesh.network import Pixel2Mesh
    from ..pixel2mesh.variants import Variant
    from ..training.config import TrainingConfig
    from ..training.lesson import Lesson

_LICENCE = (
    "The authors of the network give their weights for research only; those of its versions for PyTorch give no terms."
    " They were trained on ShapeNet, whose terms hold."
)


class Pixel2MeshModel(PictureModel):
    """One image → a mesh in three stages, or as many as its checkpoint has."""

    card = Card(
        "pixel2mesh",
        "Pixel2Mesh",
        "image",
        "Bends an ellipsoid, in stages from coarse to fine, to the object in one image of 224 × 224.",
        "Wang, Zhang, Li, Fu, Liu and Jiang, Pixel2Mesh, ECCV 2018",
        _LICENCE,
    )
    picture_size = 224

    def __init__(
        self, network: Pixel2Mesh, facts: Mapping[str, Any] | None = None, remarks: tuple[str, ...] = ()
    ) -> None:
        self.network, self._facts, self.remarks = network, facts or {}, remarks
        self.picture_size = network.camera.size
        self.trained_fill = self.fill_told(self._facts)

    @classmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether there are the graph convolutions and an encoder, by the names of any of the published codes."""
        from ..pixel2mesh.originals import is_pixel2mesh

        return is_pixel2mesh(weights)

    @classmethod
    def told(cls, path: Path, weights: Mapping[str, Tensor]) -> Mapping[str, Any]:
        """Which of the published networks it is, or "own", and the vertices of its stages; nothing where it is damaged
        or lacks its template, of which `load` will say more."""
        from ..pixel2mesh.originals import recognised_at

        try:
            with in_words():
                original = recognised_at(path, weights)
        except SphericalCowError:
            return {}
        return {"variant": original.kind, "stages": ", ".join(str(level.size) for level in original.template.levels)}

    @classmethod
    def load(
        cls,
        path: str | Path,
        device: str = "auto",
        template: str | Path | None = None,
        switches: Variant | None = None,
    ) -> Self:
        """The network with the weights of a file, ours or the authors'; which one it is, the weights tell.

        template: a `face1.obj` or `info_ellipsoid.dat`, for a network of the authors' code that begins with another
        ellipsoid than theirs; without it, one beside the checkpoint is looked at where the weights do not suffice.
        switches: what no weights tell (the camera, `activated`, `normalised`), for a network that was trained with
        other options than any of `VARIANTS`; widths are those of the weights.
        """
        require_torch()
        from ..pixel2mesh.originals import OURS, network_of, recognised_at

        chosen, path = chosen_device(device), Path(path)
        with in_words():
            checkpoint = read_checkpoint(path)
            original = recognised_at(path, checkpoint.weights, template, switches)
            network = network_of(original)
            put_weights(original.weights, network, path.name, OURS)
            facts = {"variant": original.kind, **checkpoint.facts}
            return cls(network.to(chosen).eval(), facts, original.remarks)

    def reconstruct(self, given: Input | str | Path, *, seed: int = 0, progress: Progress = silent) -> Reconstruction:
        """The meshes of all stages, coarse to fine, in the units of the network, and the camera that sees them.

        given: an image (H, W, …) or its file. Without textures; nothing is random.
        """
        progress(0.0, "Looking at the picture")
        torch = require_torch()
        from ..pixel2mesh.seen import camera_of

        device = next(self.network.parameters()).device
        with in_words(), torch.no_grad():
            try:
                stages = self.network(torch.from_numpy(self._seen(given)).to(device))
                bent = [stage[0].double().cpu().numpy() for stage in stages.bent]
            finally:
                free_memory(device)
        meshes = tuple(Mesh(v, level.faces) for v, level in zip(bent, self.network.template.levels, strict=True))
        camera = camera_of(self.network.camera)
        progress(1.0, "Done")
        return Reconstruction(meshes, None, camera, self.network.camera.size, self.facts(), self.remarks)

    def rebuilt(self, given: Input | str | Path) -> FloatArray | None:
        """The picture (H, W, 3) in [0, 1] that the network makes again of what it saw; None where it cannot."""
        torch = require_torch()
        device = next(self.network.parameters()).device
        with in_words(), torch.no_grad():
            picture = self.network(torch.from_numpy(self._seen(given)).to(device)).picture
        return None if picture is None else picture[0].permute(1, 2, 0).double().cpu().numpy()

    def published_view(self, given: str | Path | NDArray[Any]) -> FloatArray:
        """The picture (H, W, 3) that the published code makes of an image before the network sees it, to be given to
        `reconstruct`: only what is wholly transparent becomes white, and half-transparent pixels keep their colours.

        given: a file, or bytes (H, W, 3 or 4). Raises `ImageError`, and `InvalidParameter` for anything else.
        """
        require_torch()
        from ..pixel2mesh.published import published_view

        network_view(self._image(given))  # says so if it is no image
        if isinstance(given, np.ndarray):
            pixels = bytes_of(given)
            if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
                raise ImageError(f"An image of the shape {pixels.shape} has no colours.", "Give (H, W, 3 or 4).")
        else:
            with Image.open(given) as image:
                pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))
        dark = self.network.camera.sampling == "tensorflow"
        return published_view(pixels, self.picture_size, dark_border=dark).transpose(1, 2, 0).astype(np.float64)

    def _image(self, given: Input | str | Path) -> NDArray[Any] | str | Path:
        if not isinstance(given, np.ndarray | str | Path):
            raise InvalidParameter(
                f"{self.card.title} needs an image.", "Give a file, or an array (height, width, channels)."
            )
        return given

    def _seen(self, given: Input | str | Path) -> NDArray[np.float32]:
        """(1, 3, H, W)."""
        return np.ascontiguousarray(
            network_view(self._image(given), size=self.picture_size).pixels.transpose(2, 0, 1)[None], np.float32
        )

    @classmethod
    def lesson(cls, config: TrainingConfig) -> Lesson:
        """A new network, and a dataset in the layout of the Occupancy Networks, or the published data."""
        require_torch()
        from ..pixel2mesh.lesson import Pixel2MeshLesson

        return Pixel2MeshLesson(config)

    def facts(self) -> Mapping[str, Any]:
        """The name, how many parameters and vertices there are, and what the file tells."""
        count = sum(parameter.numel() for parameter in self.network.parameters())
        sizes = ", ".join(str(level.size) for level in self.network.template.levels)
        own = {"model": self.card.name, "title": self.card.title, "parameters": count, "stages": sizes}
        return {**self._facts, **own}
