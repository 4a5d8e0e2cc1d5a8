# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a training is, and how long it will take, in words."""

from __future__ import annotations

import time
from collections import deque

WINDOW = 30.0
"""The rate is that of the last so many seconds."""


class Meter:
    """Steps per second and time left, over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def words(self, step: int, steps: int, loss: float) -> str:
        """As "Step 1,200 of 5,000, loss 0.231, 12.3 steps/s, 5 min left"."""
        now = time.monotonic()
        self._seen.append((now, step))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW:
            self._seen.popleft()
        text = f"Step {step:,} of {steps:,}, loss {loss:.4g}"
        begin, first = self._seen[0]
        if step <= first or now <= begin:
            return text
        rate = (step - first) / (now - begin)
        return f"{text}, {_rate(rate)}, {duration((steps - step) / rate)} left"


def _rate(rate: float) -> str:
    return f"{rate:.3g} steps/s" if rate >= 1.0 else f"{1.0 / rate:.3g} s a step"


def duration(seconds: float) -> str:
    """As "45 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(seconds / 60.0)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
