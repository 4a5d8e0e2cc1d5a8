# SPDX-License-Identifier: GPL-3.0-or-later
"""How codes are learned, and how one is fitted to a new shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import InvalidParameter
from .layout import Layout, layout


@dataclass(frozen=True)
class CodesSettings:
    """How a decoder and its codes are learned.

    code, width, hidden, skip: the decoder, see `layout`. epochs: how often each shape is looked at. samples: distances
    worked out for each shape; of those, per_shape are drawn each time. shapes: looked at together in a step.
    rate: of Adam for the decoder, twice as high for the codes; halved after each quarter of the epochs. clamp:
    distances beyond it count as it. regularisation: what the length of a code costs, growing over the first twentieth
    of the epochs. bound: codes are not longer. common_size: all shapes are scaled alike, so that sizes are learned;
    else each fills the sphere. seed: of all that is random.

    The defaults are the published ones. Raises `InvalidParameter` for what cannot be learned with.
    """

    code: int = 256
    width: int = 512
    hidden: int = 8
    skip: int = 4
    dropout: float = 0.2
    epochs: int = 2000
    samples: int = 500_000
    per_shape: int = 16_384
    shapes: int = 64
    rate: float = 5e-4
    clamp: float = 0.1
    regularisation: float = 1e-4
    bound: float = 1.0
    common_size: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        _ = self.layout
        for name in ("epochs", "samples", "per_shape", "shapes"):
            if getattr(self, name) < 1 or (name in ("samples", "per_shape") and getattr(self, name) < 100):
                raise InvalidParameter(f"{name} is {getattr(self, name)}.", "Give more.")
        for name in ("rate", "clamp", "bound"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise InvalidParameter(f"{name} is {getattr(self, name):g}.", "Give a number above 0.")
        if not 0.0 <= self.dropout < 1.0 or not self.regularisation >= 0.0 or self.seed < 0:
            raise InvalidParameter("dropout, regularisation or seed is out of range.", "Give 0, say.")

    @property
    def layout(self) -> Layout:
        """The decoder's arrangement."""
        return layout(self.code, self.width, self.hidden, self.skip)

    def rate_factor(self, epoch: int) -> float:
        """What the learning rates are multiplied by."""
        return float(0.5 ** (4 * epoch // self.epochs))

    def warming(self, epoch: int) -> float:
        """The part of the regularisation that is in force."""
        return min(1.0, (epoch + 1) / (0.05 * self.epochs))


PRESETS: Mapping[str, CodesSettings] = {
    "tiny": CodesSettings(16, 64, 4, 2, 0.0, 2500, 60_000, 256, 16, 5e-3),
    "small": CodesSettings(32, 128, 4, 2, 0.0, 2500, 120_000, 512, 16, 3e-3),
    "published": CodesSettings(),
}
"""By name: two for processors, and the one of the paper, which wants a graphics card and hundreds of shapes."""


@dataclass(frozen=True)
class FitCodeSettings:
    """How the code of a new shape is found: steps of Adam with a learning rate that falls to a tenth halfway, samples
    drawn in each, and what the square of the code costs. As published."""

    steps: int = 800
    per_step: int = 8000
    samples: int = 100_000
    rate: float = 5e-3
    clamp: float = 0.1
    regularisation: float = 1e-4
    deviation: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or min(self.per_step, self.samples) < 100 or self.seed < 0:
            raise InvalidParameter("A code cannot be fitted with so few steps or samples.", "Give more.")


def preset(name: str, **changes: Any) -> CodesSettings:
    """A preset with some settings changed. Raises `InvalidParameter` for an unknown name, or what cannot be."""
    if name not in PRESETS:
        raise InvalidParameter(f"There is no preset {name!r}.", f"Choose from {', '.join(PRESETS)}.")
    return replace(PRESETS[name], **changes)
