# SPDX-License-Identifier: GPL-3.0-or-later
"""DeepSDF as a model: a mesh → the shape that its best code stands for; nothing → a new shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ...alignment.similarity import Similarity
from ...errors import CheckpointError, InvalidParameter
from ...fields.extraction import Extraction
from ...mesh import Mesh
from ...meshfile import READABLE, read_mesh
from ...progress import Progress, part, silent
from ..deepsdf.codes_file import PREFIX
from ..deepsdf.layout import layout_of
from ..deepsdf.originals import open_codes, read_sample_folder
from ..deepsdf.samples import placements, sample_distances
from ..deepsdf.settings import PRESETS, CodesSettings, FitCodeSettings
from ..interface import Card, Input, Model
from ..runtime import chosen_device, in_words, require_torch
from ..training.config import filled

if TYPE_CHECKING:
    from torch import Tensor

    from ..deepsdf.codes import ShapeCodes
    from ..training.config import TrainingConfig
    from ..training.lesson import Lesson

_BESIDE = ("codes", "centres", "scales")


class DeepSdf(Model):
    """A decoder with the codes of the shapes that it has learned."""

    card = Card(
        "deepsdf",
        "DeepSDF: Shape Codes",
        "mesh",
        "Finds the code whose shape is most like a mesh; without one, makes a new shape for each seed.",
        "Park, Florence, Straub, Newcombe and Lovegrove, DeepSDF, CVPR 2019",
        "The authors published no weights; their code is under the terms of MIT.",
    )

    def __init__(self, codes: ShapeCodes, device: str = "cpu") -> None:
        self.codes, self.device = codes, device

    @classmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether there is a decoder, and nothing but codes beside it."""
        own = {name.removeprefix(PREFIX): tuple(value.shape) for name, value in weights.items() if name not in _BESIDE}
        try:
            return bool(layout_of(own).code)
        except CheckpointError:
            return False

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """Our file, or an experiment of the original: its folder, or its `ModelParameters/….pth`."""
        return cls(open_codes(path), chosen_device(device))

    def predict(
        self,
        given: Input = None,
        resolution: int = 128,
        threshold: float | None = None,
        seed: int = 0,
        *,
        extraction: Extraction | None = None,
        placement: Similarity | None = None,
        progress: Progress = silent,
    ) -> Mesh:
        """A mesh is fitted (800 steps, as published) and found again in its own place; nothing gives a new shape.

        threshold: the distance on the surface, in the units of the mesh; 0 where there is none. placement: where the
        cube around the origin with edges of 1 lies, in which the shape then fills the sphere.
        """
        require_torch()
        from ..deepsdf.learning.decoder import distances_on, network_of
        from ..deepsdf.learning.train import fit_code

        place = None if placement is None else (np.zeros(3), 2.0)  # a cube of 1 is one of 2 in the decoder's space
        if given is None:
            placed = self.codes.random(seed)
            placed = placed if place is None else replace(placed, centre=place[0], scale=place[1])
        elif isinstance(given, Mesh):
            settings, seen = FitCodeSettings(seed=seed), given
            if placement is not None:
                seen = placement.inverse.apply_to(given)
            placed = fit_code(self.codes, seen, settings, self.device, part(progress, 0.0, 0.7), place=place).placed
        else:
            raise InvalidParameter(f"{self.card.title} sees a mesh, or nothing.", "Give a mesh.")
        chosen = replace(extraction or Extraction(), resolution=resolution)
        with in_words():
            network = network_of(self.codes.decoder.layout, self.codes.weights, self.codes.tanhs).to(self.device)
            distances = distances_on(network, placed.code)
            level = (threshold or 0.0) / (1.0 if placement is None else placement.scale)
            mesh = self.codes.mesh(placed, chosen, part(progress, 0.7, 1.0), level=level, distances=distances)
        return mesh if placement is None else placement.apply_to(mesh)

    @classmethod
    def lesson(cls, config: TrainingConfig) -> Lesson:
        """Codes of the meshes in a folder, or of the samples in a data source of the original (`SdfSamples`).

        The options are `preset` and the fields of `CodesSettings`; the batch is shapes, and the learning rate that of
        the decoder. Raises `InvalidParameter` for a folder with neither.
        """
        require_torch()
        from ..deepsdf.learning.lesson import CodesLesson

        settings = settings_of(config)
        files = sorted(one for one in config.dataset.glob("*") if one.suffix.lower() in READABLE)
        if files:
            meshes = [read_mesh(file) for file in files]
            centres, scales = placements(meshes, common_size=settings.common_size)
            samples = {
                file.stem: sample_distances(mesh, centre, float(scale), settings.samples, settings.seed + number)
                for number, (file, mesh, centre, scale) in enumerate(zip(files, meshes, centres, scales, strict=True))
            }
        else:
            samples = read_sample_folder(config.dataset)
            centres, scales = np.zeros((len(samples), 3)), np.ones(len(samples))
        steps_per_epoch = -(-len(samples) // settings.shapes)
        chosen = replace(settings, epochs=max(-(-config.steps // steps_per_epoch), 1))
        return CodesLesson(list(samples.values()), list(samples), (centres, scales), chosen)

    def facts(self) -> Mapping[str, Any]:
        """How many members there are, and how long their codes are."""
        return {"members": len(self.codes.names), "code": self.codes.decoder.layout.code}


def settings_of(config: TrainingConfig) -> CodesSettings:
    """The settings that a configuration asks for. Raises `InvalidParameter` for options that are not known."""
    options = dict(config.options)
    name = str(options.pop("preset", "small"))
    if name not in PRESETS:
        raise InvalidParameter(f"There is no preset {name!r}.", f"Choose from {', '.join(PRESETS)}.")
    own = {"shapes": config.batch, "rate": config.learning_rate, "seed": config.seed}
    taken = next((key for key in options if key in own or key == "epochs"), None)
    if taken is not None:
        raise InvalidParameter(f"{taken} is not an option of its own.", "Give batch, learning_rate, seed and steps.")
    return filled(CodesSettings, {**asdict(PRESETS[name]), **options, **own}, f"The options of {DeepSdf.card.name}")
