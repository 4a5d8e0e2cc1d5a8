# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of an axis: which rotations about it are symmetries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .elements import CONTINUOUS, HIGHEST_ORDER, Axis
from .fit import Surface, rms, turned

CLEARLY = 0.25
"""A lower order is preferred where it is better by more than this part of the threshold."""

_SAMPLES = 400
_BEYOND = range(HIGHEST_ORDER + 1, 3 * HIGHEST_ORDER + 1)


def with_order(surface: Surface, axis: Axis, threshold: float) -> Axis | None:
    """The axis with the order that says most, or None where no order's error is within the threshold.

    That is the highest, and the continuous one above all; but not where a lower order fits clearly better: an octagonal
    prism is nearly round, and has an axis of order eight. Orders above 12 count as continuous, where the surface comes
    within the threshold under every rotation.
    """
    errors: dict[tuple[int, int], float] = {}

    def error(part: int, whole: int) -> float:
        """Of the rotation by part / whole of a turn."""
        divisor = int(np.gcd(part, whole))
        key = (part // divisor, whole // divisor)
        if key not in errors:
            errors[key] = _error(surface, axis, 2.0 * np.pi * key[0] / key[1])
        return errors[key]

    def of_order(order: int) -> float:
        # Backward rotations have the same distances the other way round: half of them tell enough.
        return rms(np.array([error(k, order) for k in range(1, order // 2 + 1)]))

    first = [order for order in range(2, HIGHEST_ORDER + 1) if error(1, order) <= 2.0 * threshold]
    found = {order: e for order in first if (e := of_order(order)) <= threshold}
    if len(first) == HIGHEST_ORDER - 1:
        every = [error(2 * k + 1, 14) for k in range(3)]  # a first look
        if rms(np.array(every)) <= 1.5 * threshold:
            every += [error(2 * k + 1, 2 * order) for order in (5, 8, 11, 12) for k in range(order // 2)]
        worst = max(*every, *found.values(), 0.0)
        if rms(np.array(every)) <= threshold and _is_round(error, found, worst, threshold):
            return replace(axis, order=CONTINUOUS)
    for order in sorted(found, reverse=True):
        if not any(is_clearly_better(found[lower], found[order], threshold) for lower in found if lower < order):
            return replace(axis, order=order)
    return None


def _is_round(error, found: dict[int, float], worst: float, threshold: float) -> bool:  # type: ignore[no-untyped-def]
    """Whether no order up to 12 stands out, unless as a part of a higher one."""
    for order, least in found.items():
        if is_clearly_better(least, worst, threshold):
            multiples = [higher for higher in _BEYOND if higher % order == 0]
            if all(is_clearly_better(least, error(1, higher), threshold) for higher in multiples):
                return False
    return True


def is_clearly_better(error: float, other: float, threshold: float) -> bool:
    """Whether an error is less than another by more than `CLEARLY` of the threshold, in quadrature."""
    return bool(other**2 - error**2 > (CLEARLY * threshold) ** 2)


def _error(surface: Surface, axis: Axis, angle: float) -> float:
    points = surface.points[:_SAMPLES]
    return rms(surface.distances(turned(points, axis, np.full(len(points), angle))))
