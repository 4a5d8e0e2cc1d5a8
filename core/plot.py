# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot on logarithmic axes, drawn with Pillow: large, then reduced, so that its lines are smooth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .mesh import FloatArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SUPERSAMPLING = 3
DECADES = 12
"""The vertical axis spans at most so many powers of ten below the highest value."""

PAPER, _STRIPE, GRID, INK, SOFT = "#ffffff", "#f3f5f8", "#dde1e7", "#22262c", "#6b7280"


@dataclass(frozen=True)
class Curve:
    """A line of the plot: x (N,) > 0, y (N,) ≥ 0 (zeros leave a gap), sRGB "#rrggbb", dashed or not."""

    label: str
    x: NDArray[Any]
    y: FloatArray
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class _Frame:
    """Where the axes lie, in pixels, and the log10 values at their ends."""

    left: float
    top: float
    right: float
    bottom: float
    x_end: float
    y_low: int
    y_high: int

    def x(self, value: Any) -> Any:
        return self.left + np.log10(value) / self.x_end * (self.right - self.left)

    def y(self, exponent: Any) -> Any:
        return self.bottom + (exponent - self.y_low) / (self.y_high - self.y_low) * (self.top - self.bottom)


def draw_log_plot(curves: list[Curve], title: str, x_label: str, y_label: str, size: tuple[int, int]) -> FloatArray:
    """(H, W, 3) sRGB in [0, 1], row 0 on top. size: (width, height) in pixels.

    x starts at 1, with a tick at each power of two and stripes between them; y has a tick at powers of ten.
    """
    from PIL import Image, ImageDraw

    width, height = size
    unit = SUPERSAMPLING * min(width / 1280.0, height / 800.0)
    image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), PAPER)
    draw = ImageDraw.Draw(image)
    frame = _frame(curves, image.size, unit)
    _draw_axes(draw, frame, unit, title, x_label, y_label)
    for curve in curves:
        _draw_curve(draw, frame, curve, unit)
    _draw_legend(draw, frame, curves, unit)
    small = image.resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64) / 255.0


def _frame(curves: list[Curve], size: tuple[int, int], unit: float) -> _Frame:
    last = max([2.0, *(float(curve.x[-1]) for curve in curves if len(curve.x))])
    positive = np.concatenate([np.zeros(0), *(curve.y[curve.y > 0] for curve in curves)])
    high = int(np.ceil(np.log10(positive.max()))) if len(positive) else 0
    low = int(np.floor(np.log10(positive.min()))) if len(positive) else -1
    low = min(max(low, high - DECADES), high - 1)
    right = size[0] - 250 * unit
    return _Frame(112 * unit, 84 * unit, right, size[1] - 84 * unit, float(np.log10(last)), low, high)


def _draw_axes(draw: ImageDraw, frame: _Frame, unit: float, title: str, x_label: str, y_label: str) -> None:
    last = 10.0**frame.x_end
    powers = [2**k for k in range(int(np.log2(last) + 1e-9) + 1)]
    for low in powers[::2]:
        right = frame.x(min(2.0 * low, last))
        draw.rectangle((frame.x(low), frame.top, right, frame.bottom), fill=_STRIPE)
    step = max(1, -(-(frame.y_high - frame.y_low) // 9))
    for exponent in range(frame.y_high, frame.y_low - 1, -step):
        y = frame.y(exponent)
        draw.line((frame.left, y, frame.right, y), fill=GRID, width=line_width(unit))
        _draw_power(draw, frame.left - 12 * unit, y, exponent, unit)
    for value in powers:
        x = frame.x(value)
        draw.line((x, frame.bottom, x, frame.bottom + 7 * unit), fill=SOFT, width=line_width(1.5 * unit))
        draw.text((x, frame.bottom + 12 * unit), str(value), INK, font(20 * unit), anchor="ma")
    draw.line((frame.left, frame.bottom, frame.right, frame.bottom), fill=SOFT, width=line_width(1.5 * unit))
    middle = 0.5 * (frame.left + frame.right)
    draw.text((middle, frame.bottom + 44 * unit), x_label, SOFT, font(20 * unit), anchor="ma")
    draw.text((frame.left, frame.top - 26 * unit), y_label, SOFT, font(20 * unit), anchor="rs")
    draw.text((middle, frame.top - 28 * unit), title, INK, font(28 * unit), anchor="ms")


def _draw_power(draw: ImageDraw, right: float, y: float, exponent: int, unit: float) -> None:
    """Ten to a power, right-aligned, centred at height y."""
    small, raised = font(14 * unit), str(exponent)
    left = right - draw.textlength(raised, small)
    draw.text((left, y - 3 * unit), raised, INK, small, anchor="ls")
    draw.text((left - 2 * unit, y + 7 * unit), "10", INK, font(20 * unit), anchor="rs")


def _draw_curve(draw: ImageDraw, frame: _Frame, curve: Curve, unit: float) -> None:
    exponents = np.log10(np.where(curve.y > 0, curve.y, 1e-300))
    visible = (curve.y > 0) & (exponents >= frame.y_low)
    points = np.stack([frame.x(curve.x), frame.y(exponents)], axis=1)
    for run in _runs(visible):
        if len(run) == 1:
            x, y = points[run[0]]
            _draw_dot(draw, x, y, 4 * unit, curve.colour)
        elif curve.dashed:
            for dash in _dashes(points[run], 9 * unit, 6 * unit):
                _draw_line(draw, dash, curve.colour, unit)
        else:
            _draw_line(draw, points[run], curve.colour, unit)


def _draw_line(draw: ImageDraw, points: FloatArray, colour: str, unit: float) -> None:
    draw.line([(x, y) for x, y in points], fill=colour, width=line_width(2.4 * unit), joint="curve")


def _draw_dot(draw: ImageDraw, x: float, y: float, radius: float, colour: str) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _runs(mask: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Indices of each unbroken stretch of True."""
    indices = np.flatnonzero(mask)
    return [run for run in np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1) if len(run)]


def _dashes(points: FloatArray, dash: float, gap: float) -> list[FloatArray]:
    """The polyline (N, 2) cut into dashes of equal length along it."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    starts = np.arange(0.0, along[-1], dash + gap)
    pieces = []
    for start in starts:
        end = min(start + dash, along[-1])
        inner = along[(along > start) & (along < end)]
        at = np.concatenate([[start], inner, [end]])
        pieces.append(np.stack([np.interp(at, along, points[:, k]) for k in range(2)], axis=1))
    return pieces


def _draw_legend(draw: ImageDraw, frame: _Frame, curves: list[Curve], unit: float) -> None:
    left, letters = frame.right + 28 * unit, font(20 * unit)
    for row, curve in enumerate(curves):
        y = frame.top + (12 + 32 * row) * unit
        line = np.array([[left, y], [left + 34 * unit, y]])
        for piece in _dashes(line, 9 * unit, 6 * unit) if curve.dashed else [line]:
            _draw_line(draw, piece, curve.colour, 1.3 * unit)
        draw.text((left + 46 * unit, y), curve.label, INK, letters, anchor="lm")


def line_width(value: float) -> int:
    """Whole pixels, at least one."""
    return max(1, round(value))


def font(size: float) -> Any:
    """The font of all plots, that many pixels high."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
