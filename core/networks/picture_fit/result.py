# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit to pictures gives: the mesh with its texture, the cameras, and how well they agree with the pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...datasets.arrays import Camera
from ..reconstructed import Reconstruction


@dataclass(frozen=True)
class FitReport:
    """How well a fit agrees with its pictures.

    iou, psnr: of each picture, beside the result drawn from the same place: of the outlines, and in decibels of the
    colours within both outlines. steps: that were done. best_step: of which the result is. seconds: by what was done.
    self_intersections: faces of the result that meet others. started_from: one of `settings.STARTS`. stopped: whether
    it was stopped before its end.
    """

    iou: tuple[float, ...]
    psnr: tuple[float, ...]
    steps: int
    best_step: int
    seconds: dict[str, float]
    self_intersections: int
    started_from: str
    stopped: bool = False

    @property
    def mean_iou(self) -> float:
        """The mean over the pictures."""
        return sum(self.iou) / len(self.iou)

    @property
    def mean_psnr(self) -> float:
        """The mean over the pictures."""
        return sum(self.psnr) / len(self.psnr)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, with the means."""
        return {**asdict(self), "mean_iou": self.mean_iou, "mean_psnr": self.mean_psnr}


@dataclass(frozen=True)
class PictureFit:
    """reconstruction: the mesh, the texture, and the camera of the first picture. cameras: of all, as they are now, in
    pixels of the pictures as they were given. iou: mean over the pictures, of the outlines. report: see `FitReport`;
    None for what a fit has so far."""

    reconstruction: Reconstruction
    cameras: tuple[Camera, ...]
    iou: float
    report: FitReport | None = None
