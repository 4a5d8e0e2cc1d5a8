# SPDX-License-Identifier: GPL-3.0-or-later
"""The curve of a training, drawn with Pillow: the loss, and the score on the validation data. Needs no PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...mesh import FloatArray
from ...plot import GRID, INK, PAPER, SOFT, SUPERSAMPLING, font, line_width
from .log import Row

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

LOSS, SCORE = "#2b6cb0", "#d98324"
_MOST = 400
"""Points of a line; more are averaged."""
_LINES = 4

Series = tuple[list[float], list[float]]
"""Steps and values."""


def draw_curve(rows: Sequence[Row], size: tuple[int, int] = (640, 400), steps: int = 0) -> FloatArray:
    """(H, W, 3) sRGB in [0, 1], row 0 on top. The loss has its axis on the left, the score on the right.

    size: (width, height) in pixels. steps: where the axis ends, 0 for the last row.
    """
    from PIL import Image, ImageDraw

    width, height = size
    unit = SUPERSAMPLING * min(width / 640.0, height / 400.0)
    image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), PAPER)
    draw = ImageDraw.Draw(image)
    box = (76 * unit, 48 * unit, image.width - 76 * unit, image.height - 52 * unit)
    end = max(steps, rows[-1].step if rows else 1, 1)
    _draw_steps(draw, box, end, unit)
    loss = [(row.step, row.loss) for row in rows if math.isfinite(row.loss)]
    score = [(row.step, row.score) for row in rows if row.score is not None and math.isfinite(row.score)]
    for pairs, colour, name, right in ((loss, LOSS, "loss", False), (score, SCORE, "score", True)):
        if pairs:
            _draw_series(draw, box, _thinned(pairs), end, unit, colour, name, right)
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255.0


def _thinned(pairs: list[tuple[int, float]]) -> Series:
    """At most `_MOST` points, each the mean of those that it stands for."""
    array = np.asarray(pairs, dtype=np.float64)
    parts = np.array_split(array, min(len(array), _MOST))
    means = np.array([part.mean(axis=0) for part in parts])
    return means[:, 0].tolist(), means[:, 1].tolist()


def _draw_steps(draw: ImageDraw, box: tuple[float, float, float, float], end: int, unit: float) -> None:
    left, top, right, bottom = box
    for number in range(_LINES + 1):
        y = top + number / _LINES * (bottom - top)
        draw.line((left, y, right, y), fill=GRID, width=line_width(unit))
    for part in (0.0, 0.5, 1.0):
        x = left + part * (right - left)
        draw.text((x, bottom + 10 * unit), f"{round(part * end):,}", INK, font(18 * unit), anchor="ma")
    draw.text((0.75 * left + 0.25 * right, bottom + 10 * unit), "steps", SOFT, font(18 * unit), anchor="ma")


def _draw_series(
    draw: ImageDraw,
    box: tuple[float, float, float, float],
    series: Series,
    end: int,
    unit: float,
    colour: str,
    name: str,
    on_right: bool,
) -> None:
    left, top, right, bottom = box
    low, high = min(series[1]), max(series[1])
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    low, high = low - margin, high + margin
    points = [
        (left + x / end * (right - left), bottom + (y - low) / (high - low) * (top - bottom))
        for x, y in zip(*series, strict=True)
    ]
    if len(points) > 1:
        draw.line(points, fill=colour, width=line_width(3 * unit), joint="curve")
    for x, y in points if on_right or len(points) == 1 else points[-1:]:
        radius = 4 * unit
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    edge, anchor = (right + 8 * unit, "l") if on_right else (left - 8 * unit, "r")
    for number in range(_LINES + 1):
        value = high + number / _LINES * (low - high)
        y = top + number / _LINES * (bottom - top)
        draw.text((edge, y), f"{value:.3g}", colour, font(16 * unit), anchor=f"{anchor}m")
    heading = f"{name} {series[1][-1]:.4g}"
    draw.text(
        (right if on_right else left, top - 14 * unit),
        heading,
        colour,
        font(20 * unit),
        anchor="rs" if on_right else "ls",
    )
