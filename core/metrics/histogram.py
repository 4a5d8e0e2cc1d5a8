# SPDX-License-Identifier: GPL-3.0-or-later
"""How the distances between two shapes are spread: counted, and drawn with Pillow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..mesh import FloatArray
from ..plot import GRID, INK, PAPER, SOFT, SUPERSAMPLING, font, line_width
from .comparison import Comparison

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

BINS = 50
_TAIL = 3.0
"""The axis ends at so many times the 95th percentile, if the largest distance is farther still."""
_COLOURS = {"A to B": "#2b6cb0", "B to A": "#d98324"}


@dataclass(frozen=True)
class Histogram:
    """Shares of the surfaces by distance, in `bins` equal steps from 0 to `end` (in the units of the meshes).

    forward: (bins,) of A, by the distance from B; backward: of B; each in [0, 1]. What is farther than `end` is in
    neither: `farther` (both ways), so that each sums to 1 with its part of it. mean, percentile_95, largest: both ways.
    """

    end: float
    forward: tuple[float, ...]
    backward: tuple[float, ...]
    farther: tuple[float, float]
    mean: float
    percentile_95: float
    largest: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `histogram_from` is the inverse."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def histogram_from(data: Mapping[str, Any]) -> Histogram:
    """The inverse of `Histogram.to_dict`."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return Histogram(**values)


def histogram(comparison: Comparison, bins: int = BINS) -> Histogram:
    """Count the sampled distances of a comparison."""
    ways = comparison.forward.at_samples, comparison.backward.at_samples
    largest = max(float(way.max()) for way in ways)
    end = min(largest, _TAIL * comparison.percentile_95) or largest or 1e-12 * comparison.diagonal_a
    shares = [np.histogram(way, bins, (0.0, end))[0] / len(way) for way in ways]
    return Histogram(
        end,
        tuple(shares[0].tolist()),
        tuple(shares[1].tolist()),
        (float((ways[0] > end).mean()), float((ways[1] > end).mean())),
        comparison.mean,
        comparison.percentile_95,
        comparison.hausdorff,
    )


def draw_histogram(
    counted: Histogram, title: str = "Distances between the surfaces", size: tuple[int, int] = (1280, 800)
) -> FloatArray:
    """(H, W, 3) sRGB in [0, 1], row 0 on top: both directions as steps, the mean and the 95th percentile as lines.

    size: (width, height) in pixels.
    """
    from PIL import Image, ImageDraw

    width, height = size
    unit = SUPERSAMPLING * min(width / 1280.0, height / 800.0)
    image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), PAPER)
    draw = ImageDraw.Draw(image)
    frame = _Frame(counted, image.size, unit)
    _draw_axes(draw, frame, title)
    for label, shares in zip(_COLOURS, (counted.forward, counted.backward), strict=True):
        _draw_steps(draw, frame, np.asarray(shares), _COLOURS[label])
    _draw_marks(draw, frame, counted)
    _draw_legend(draw, frame, counted)
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255.0


class _Frame:
    """Where the axes lie, in pixels."""

    def __init__(self, counted: Histogram, size: tuple[int, int], unit: float) -> None:
        self.unit, self.end = unit, counted.end
        self.left, self.top = 120 * unit, 96 * unit
        self.right, self.bottom = size[0] - 48 * unit, size[1] - 92 * unit
        highest = max(*counted.forward, *counted.backward, 1e-9)
        self.y_step = _round_step(highest / 5.0)
        self.y_end = self.y_step * int(np.ceil(highest / self.y_step - 1e-9))

    def x(self, value: float) -> float:
        return self.left + value / self.end * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom + share / self.y_end * (self.top - self.bottom)


def _round_step(raw: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(raw))
    return float(power * next(factor for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * (1.0 - 1e-9)))


def _draw_axes(draw: ImageDraw, frame: _Frame, title: str) -> None:
    unit = frame.unit
    for share in np.arange(0.0, frame.y_end + 0.5 * frame.y_step, frame.y_step):
        y = frame.y(float(share))
        draw.line((frame.left, y, frame.right, y), fill=GRID, width=line_width(unit))
        draw.text((frame.left - 12 * unit, y), f"{share:.3g}" if share else "0", INK, font(22 * unit), anchor="rm")
    step = _round_step(frame.end / 6.0)
    for value in np.arange(0.0, frame.end * (1.0 + 1e-9), step):
        x = frame.x(float(value))
        draw.line((x, frame.bottom, x, frame.bottom + 7 * unit), fill=SOFT, width=line_width(1.5 * unit))
        draw.text((x, frame.bottom + 13 * unit), f"{value:.4g}", INK, font(22 * unit), anchor="ma")
    middle = 0.5 * (frame.left + frame.right)
    draw.text((middle, frame.bottom + 50 * unit), "distance", SOFT, font(22 * unit), anchor="ma")
    draw.text((frame.left, frame.top - 22 * unit), "share of the surface", SOFT, font(22 * unit), anchor="ls")
    draw.text((middle, frame.top - 34 * unit), title, INK, font(30 * unit), anchor="ms")


def _draw_steps(draw: ImageDraw, frame: _Frame, shares: FloatArray, colour: str) -> None:
    edges = np.linspace(0.0, frame.end, len(shares) + 1).repeat(2)[1:-1]
    points = [(frame.x(x), frame.y(y)) for x, y in zip(edges.tolist(), shares.repeat(2).tolist(), strict=True)]
    outline = [(frame.left, frame.bottom), *points, (frame.right, frame.bottom)]
    draw.line(outline, fill=colour, width=line_width(3 * frame.unit), joint="curve")


def _draw_marks(draw: ImageDraw, frame: _Frame, counted: Histogram) -> None:
    unit = frame.unit
    for row, (label, value) in enumerate((("mean", counted.mean), ("95 %", counted.percentile_95))):
        x = frame.x(value)
        draw.line((x, frame.bottom, x, frame.top), fill=SOFT, width=line_width(1.5 * unit))
        y = frame.top + (16 + 30 * row) * unit
        right = x > 0.8 * frame.right
        draw.text((x + (-8 if right else 8) * unit, y), label, SOFT, font(20 * unit), anchor="rm" if right else "lm")


def _draw_legend(draw: ImageDraw, frame: _Frame, counted: Histogram) -> None:
    unit, y = frame.unit, frame.top + 96 * frame.unit
    lines = [
        *((label, colour) for label, colour in _COLOURS.items()),
        (f"mean {counted.mean:.4g}", None),
        (f"95 % within {counted.percentile_95:.4g}", None),
        (f"largest {counted.largest:.4g}", None),
    ]
    if max(counted.farther):
        lines.append((f"{max(counted.farther):.2%} farther than {counted.end:.4g}", None))
    for text, colour in lines:
        if colour:
            x = frame.right - 20 * unit
            draw.line((x - 40 * unit, y, x, y), fill=colour, width=line_width(4 * unit))
        draw.text((frame.right - (72 if colour else 20) * unit, y), text, INK, font(22 * unit), anchor="rm")
        y += 34 * unit
