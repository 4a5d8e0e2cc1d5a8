# SPDX-License-Identifier: GPL-3.0-or-later
"""What a symmetry scheme does for reconstruction at equal training: settings, numbers, table and picture of the study.

Needs no PyTorch; `reconstruction.study` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidParameter
from ...files import csv_text
from ...mesh import FloatArray
from ...plot import INK, PAPER, SOFT, font

SCHEMES = ("free", "plane", "two_planes", "rotational", "refinement")

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class StudySettings:
    """schemes: the networks that are compared; the first is what the others are compared with. seeds: trainings of
    each, with seeds from `seed` on. steps, batch, rate: of each training. views: pictures of each shape that are
    learned from, 0 for all. size: name of the widths. level: of the template. families: of made
    shapes, () for all; count: of each.

    Raises `InvalidParameter` for values out of range.
    """

    schemes: tuple[str, ...] = ("free", "plane")
    families: tuple[str, ...] = ("car",)
    seeds: int = 3
    steps: int = 360
    batch: int = 8
    rate: float = 1e-3
    views: int = 1
    size: str = "tiny"
    level: int = 4
    count: int = 40
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        unknown = [name for name in self.schemes if name not in SCHEMES]
        if unknown or len(set(self.schemes)) != len(self.schemes) or not self.schemes:
            raise InvalidParameter(
                f"The schemes {' '.join(self.schemes)} cannot be compared.", f"Choose from {', '.join(SCHEMES)}."
            )
        least = {"seeds": 1, "steps": 1, "batch": 2, "views": 0, "level": 2, "count": 3, "seed": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise InvalidParameter(f"{name} is {getattr(self, name)}.", f"Give {low} or more.")


@dataclass(frozen=True)
class Measured:
    """One training. outputs: numbers that the deformation of a shape has; texture: those of its picture. parameters: of
    the whole network, shape_parameters: of the mean shapes. mask_iou: over views that were not shown. volume_iou,
    chamfer (the mean of accuracy and completeness), asymmetry (mean distance of the mirrored surface from the surface):
    in parts of the longest side. texture_error: mean absolute difference of sRGB in [0, 1] on the true surface; NaN
    where the true colours are not known. seconds: of the training.
    """

    scheme: str
    seed: int
    parameters: int
    shape_parameters: int
    outputs: int
    texture: int
    mask_iou: float
    volume_iou: float
    chamfer: float
    asymmetry: float
    texture_error: float
    seconds: float


ERRORS = (("mask_iou", True), ("volume_iou", True), ("chamfer", False), ("asymmetry", False), ("texture_error", False))
"""Of `Measured`: what is compared, and whether more is better."""
_HEADS = ("mask IoU", "volume IoU", "Chamfer", "asymmetry", "texture")


@dataclass(frozen=True)
class Shown:
    """A shape that was held back, as pictures (H, W, 3): the input, the truth from it and from behind, and the same for
    each scheme."""

    name: str
    given: Bytes
    truth: tuple[Bytes, Bytes]
    found: dict[str, tuple[Bytes, Bytes]]


@dataclass(frozen=True)
class SymmetryStudy:
    """All trainings, examples of the first seed, and how many shapes were learned from and measured on."""

    settings: StudySettings
    rows: tuple[Measured, ...]
    shown: tuple[Shown, ...]
    shapes: int
    measured_on: int

    def mean(self, scheme: str, name: str) -> tuple[float, float]:
        """The mean of a number over the seeds, and its standard deviation."""
        values = np.array([getattr(row, name) for row in self.rows if row.scheme == scheme], dtype=np.float64)
        return float(values.mean()), float(values.std())

    def wins(self, scheme: str, name: str, more_is_better: bool) -> int:
        """In how many of the seeds a scheme is better than the first one."""
        base = {row.seed: getattr(row, name) for row in self.rows if row.scheme == self.settings.schemes[0]}
        sign = 1.0 if more_is_better else -1.0
        return sum(sign * (getattr(row, name) - base[row.seed]) > 0.0 for row in self.rows if row.scheme == scheme)

    def to_dict(self) -> dict[str, object]:
        """JSON-ready; what is not known is None."""
        means = {
            scheme: {name: _known(self.mean(scheme, name)[0]) for name, _ in ERRORS} for scheme in self.settings.schemes
        }
        wins = {
            scheme: {name: self.wins(scheme, name, more) for name, more in ERRORS}
            for scheme in self.settings.schemes[1:]
        }
        rows = [{**asdict(row), "texture_error": _known(row.texture_error)} for row in self.rows]
        told = {"shapes": self.shapes, "measured_on": self.measured_on, "settings": asdict(self.settings)}
        return {"mean": means, "better_in_seeds": wins, "rows": rows, **told}

    def csv(self) -> str:
        """A line for each training."""
        heads = [item.name for item in fields(Measured)]
        return csv_text(heads, [[getattr(row, head) for head in heads] for row in self.rows])

    def table(self) -> list[str]:
        """Lines for people: means over the seeds, and in how many of them each number is better than without."""
        first, seeds = self.settings.schemes[0], self.settings.seeds
        lines = [f"{'scheme':12}{'outputs':>9}{'texels':>9}" + "".join(f"{head:>14}" for head in _HEADS)]
        for scheme in self.settings.schemes:
            row = next(row for row in self.rows if row.scheme == scheme)
            cells = [self.mean(scheme, name) for name, _ in ERRORS]
            text = "".join(
                f"{mean:>8.4f}±{spread:.3f}" if np.isfinite(mean) else f"{'—':>14}" for mean, spread in cells
            )
            lines.append(f"{scheme:12}{row.outputs:>9,}{row.texture // 3:>9,}{text}")
        for scheme in self.settings.schemes[1:]:
            won = [f"{self.wins(scheme, name, more)} of {seeds}" for name, more in ERRORS]
            lines.append(f"{f'{scheme} better than {first}, seeds':30}" + "".join(f"{text:>14}" for text in won))
        lines.append(
            f"{self.shapes} shapes learned from, {self.measured_on} held back; Chamfer and asymmetry in longest sides."
        )
        return lines

    def picture(self, edge: int = 128) -> FloatArray:
        """(H, W, 3) sRGB: the examples in rows; input, truth, and what each scheme makes of it; see `Shown`."""
        return draw_examples(self.shown, self.settings.schemes, edge)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def draw_examples(shown: Sequence[Shown], schemes: Sequence[str], edge: int) -> FloatArray:
    """(H, W, 3) sRGB in [0, 1]; see `SymmetryStudy.picture`."""
    from PIL import Image, ImageDraw

    head, gap = edge // 4, max(edge // 16, 1)
    groups = [("input", 1), ("truth", 2), *((scheme.replace("_", " "), 2) for scheme in schemes)]
    width = sum(count * edge + gap for _, count in groups) + gap
    sheet = Image.new("RGB", (width, head + len(shown) * (edge + gap)), PAPER)
    draw = ImageDraw.Draw(sheet)
    left = gap
    starts = []
    for name, count in groups:
        starts.append(left)
        draw.text((left + 0.5 * count * edge, 0.5 * head), name, INK, font(0.14 * edge), anchor="mm")
        left += count * edge + gap
    for row, example in enumerate(shown):
        top = head + row * (edge + gap)
        cells = [(example.given,), example.truth, *(example.found[scheme] for scheme in schemes)]
        for start, pictures in zip(starts, cells, strict=True):
            for number, picture in enumerate(pictures):
                small = Image.fromarray(picture).resize((edge, edge), Image.Resampling.BILINEAR)
                sheet.paste(small, (start + number * edge, top))
        draw.line((gap, top - gap // 2, width - gap, top - gap // 2), fill=SOFT)
    return np.asarray(sheet, dtype=np.float64) / 255.0
