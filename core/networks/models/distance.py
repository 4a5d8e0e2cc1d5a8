# SPDX-License-Identifier: GPL-3.0-or-later
"""A neural distance field as a model: it is fitted to the mesh that it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Self

from ...alignment.similarity import Similarity
from ...errors import Cancelled, InvalidParameter, OutputError, SphericalCowError
from ...fields.extraction import Extraction
from ...mesh import Mesh
from ...meshfile import READABLE, read_mesh
from ...progress import Progress, part, silent
from ..checkpoints import read_checkpoint
from ..distance.settings import FitSettings, steps_for
from ..interface import Card, Input, Model
from ..runtime import require_torch
from ..training.config import TrainingConfig, options_of
from ..training.report import TrainingReport

if TYPE_CHECKING:
    from torch import Tensor

    from ..distance.field import FittedField

_ENDING = ".safetensors"
_GRID = "encoder.embeddings"


class DistanceField(Model):
    """A mesh → the surface of the network that was fitted to it; a loaded field → its surface, at any resolution."""

    card = Card(
        "distance-field",
        "Neural Distance Field",
        "mesh",
        "Knows the signed distance from one mesh, everywhere.",
        "Müller, Evans, Schied and Keller, Instant Neural Graphics Primitives, SIGGRAPH 2022",
        "A fitted field is made of your mesh alone.",
    )

    def __init__(
        self, field: FittedField | None = None, settings: FitSettings | None = None, device: str = "auto"
    ) -> None:
        """field: one that is fitted already. settings: for those to come; None for those of the field."""
        self.field = field
        self.settings = settings or (field.settings if field else None) or FitSettings()
        self.device = device

    @classmethod
    def recognises(cls, weights: Mapping[str, Tensor]) -> bool:
        """Whether there are layers on points, or on a hash grid as torch-ngp has it."""
        layers = [name for name in weights if name.startswith("backbone.0.")]
        if not layers or any(not name.startswith(("backbone.", "encoder.")) for name in weights):
            return False
        return _GRID in weights or not any(name.startswith("encoder.") for name in weights)

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """The field in a file: ours, or a network of torch-ngp as it is, which lies in [−1, 1]³."""
        require_torch()
        from ..distance.field_file import is_field, load_field, load_original

        own = Path(path).suffix == _ENDING or is_field(read_checkpoint(path).facts)
        return cls(load_field(path, device) if own else load_original(path, device), device=device)

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
        """Fit a mesh and extract the surface of its field; without one, extract that of the loaded field.

        threshold: the distance that the surface is at, in the units of the mesh; 0 as usual. seed: of the fit.
        placement: not needed, since a mesh and a field know where they are.
        """
        chosen = replace(extraction or Extraction(steps=steps_for(resolution)), resolution=resolution)
        level, field = threshold or 0.0, self.field
        if isinstance(given, Mesh):
            require_torch()
            from ..distance.fit import fit

            field = fit(given, replace(self.settings, seed=seed), part(progress, 0.0, 0.9), device=self.device)
            progress = part(progress, 0.9, 1.0)
        elif given is not None or field is None:
            raise InvalidParameter(f"{self.card.title} needs a mesh.", "Give one, or load a field.")
        return field.mesh(chosen, level, progress)

    @classmethod
    def train(cls, config: TrainingConfig, progress: Progress = silent) -> TrainingReport:
        """Fit each mesh of a folder: `OUT/name.safetensors` for each, and what is there already is kept.

        The options of the configuration are those of `FitSettings`. The report names the best one; its scores are the
        F1 near the surface. Raises `InvalidParameter` for a folder without a mesh that can be fitted.
        """
        require_torch()
        from ..distance.field_file import load_field, save_field
        from ..distance.fit import fit

        settings = replace(options_of(config, FitSettings), seed=config.seed)
        files = sorted(file for file in config.dataset.glob("*") if file.suffix.lower() in READABLE)
        _make(config.out)
        scores, losses, remarks, seconds = dict[Path, float](), list[tuple[int, float]](), list[str](), 0.0
        for number, file in enumerate(files):
            target = config.out / (file.stem + _ENDING)
            share = part(progress, number / len(files), (number + 1) / len(files))
            try:
                field = load_field(target, config.device) if target.exists() else None
                if field is None or field.settings != settings:
                    field = fit(read_mesh(file), settings, share, device=config.device, source=file.name)
                    save_field(target, field)
            except (Cancelled, OutputError):
                raise
            except SphericalCowError as error:
                remarks.append(f"{file.name}: {error}")
                continue
            assert field.report is not None
            scores[target] = field.report.f1_near
            losses.append((number + 1, field.report.losses[-1]))
            seconds += sum(field.report.seconds.values())
        if not scores:
            reason = remarks[0] if remarks else f"it needs {', '.join(READABLE)}"
            raise InvalidParameter(f"No mesh in {config.dataset} could be fitted: {reason}.", "Choose another folder.")
        best = max(scores, key=lambda target: scores[target])
        remarks.append(f"F1 near the surface is {fmean(scores.values()):.4f} in the mean over {len(scores)} meshes.")
        steps = tuple((number + 1, score) for number, score in enumerate(scores.values()))
        return TrainingReport(
            best, len(scores), scores[best], False, tuple(losses), steps, list(scores).index(best) + 1, seconds,
            tuple(remarks),
        )  # fmt: skip

    def facts(self) -> Mapping[str, Any]:
        """What the field tells of itself."""
        if self.field is None:
            return {}
        report = self.field.report
        measured = {} if report is None else {"f1_near": report.f1_near, "f1_volume": report.f1_volume}
        return {"parameters": self.field.parameters, "source": self.field.source, **measured}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another place.") from error
