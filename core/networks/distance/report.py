# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a fitted field agrees with its mesh. Needs no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signs = NDArray[np.bool_]

_OTHERS = ("parameters", "bytes", "seconds", "losses")


@dataclass(frozen=True)
class FitReport:
    """Measured on points that the network has not seen, after its numbers were rounded to half precision.

    f1_near, f1_volume: F1 of inside against outside, near the surface (noise 0.01) and in the cube. error_near,
    error_volume: mean |difference| of the distances, in the units of the source; `_rel` as a part of its diagonal.
    chamfer: mean of both mean distances between the extracted surface and the source; −1 where nothing was extracted.
    seconds: wall time of points, training, judging. process_seconds: processor time of training. losses: of each epoch.
    """

    f1_near: float
    f1_volume: float
    error_near: float
    error_near_rel: float
    error_volume: float
    error_volume_rel: float
    chamfer: float
    chamfer_rel: float
    parameters: int
    bytes: int
    seconds: dict[str, float] = field(default_factory=dict)
    process_seconds: float = 0.0
    losses: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def report_from(data: Mapping[str, Any]) -> FitReport | None:
    """The report in plain data; None where it is none."""
    try:
        plain = {each.name: float(data[each.name]) for each in fields(FitReport) if each.name not in _OTHERS}
        return FitReport(
            **plain,
            parameters=int(data["parameters"]),
            bytes=int(data["bytes"]),
            seconds={str(stage): float(value) for stage, value in data["seconds"].items()},
            losses=tuple(float(loss) for loss in data["losses"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def f1_score(found: Signs, truth: Signs) -> float:
    """2 · both / (found + truth), of which points are inside; 1 where none is in either."""
    total = int(found.sum()) + int(truth.sum())
    return 2.0 * int((found & truth).sum()) / total if total else 1.0
