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
LETTERS = 28
"""Pixels: it is looked at in a narrow panel."""

Series = tuple[list[float], list[float]]
"""Steps and values."""


def draw_curve(rows: Sequence[Row], size: tuple[int, int] = (560, 400), steps: int = 0) -> FloatArray:
    """(H, W, 3) sRGB in [0, 1], row 0 on top. The loss has its axis on the left, the score on the right.

    size: (width, height) in pixels. steps: where the axis ends, 0 for the last row.
    """
    from PIL import Image, ImageDraw

    width, height = size
    unit = SUPERSAMPLING * min(width / 560.0, height / 400.0)
    image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), PAPER)
    draw = ImageDraw.Draw(image)
    box = (100 * unit, 56 * unit, image.width - 100 * unit, image.height - 56 * unit)
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
    for x, text, colour in ((left, "0", INK), (0.5 * (left + right), "steps", SOFT), (right, f"{end:,}", INK)):
        draw.text((x, bottom + 12 * unit), text, colour, font(LETTERS * unit), anchor="ma")


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
    low, high = max(low - margin, 0.0) if low >= 0.0 else low - margin, high + margin
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
    for value, y in ((high, top), (low, bottom)):
        draw.text((edge, y), f"{value:.3g}", colour, font(LETTERS * unit), anchor=f"{anchor}m")
    heading = f"{name} {series[1][-1]:.4g}"
    draw.text(
        (right if on_right else left, top - 14 * unit),
        heading,
        colour,
        font(LETTERS * unit),
        anchor="rs" if on_right else "ls",
    )
