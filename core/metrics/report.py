# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole comparison: align if wished, measure, and add the numbers of published protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..alignment.icp import Alignment
from ..errors import InvalidParameter
from ..mesh import Mesh
from ..progress import Progress, part, silent
from .comparison import SAMPLES, Comparison, compare
from .histogram import Histogram, histogram
from .overlap import POINTS, RESOLUTION
from .protocols import PROTOCOLS, Numbers, evaluate


@dataclass(frozen=True, eq=False)
class Report:
    """What was measured. a, b: the meshes as they were compared, B where the alignment has put it.

    alignment: how B was moved, or None. protocols: name → numbers.
    """

    a: Mesh
    b: Mesh
    comparison: Comparison
    alignment: Alignment | None
    protocols: Mapping[str, Numbers]

    @property
    def histogram(self) -> Histogram:
        """How the distances are spread."""
        return histogram(self.comparison)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the numbers of the comparison; `missing`, `protocols`, `alignment`."""
        found = self.alignment
        moved = None if found is None else {"error_rel": found.error_rel, "matrix": found.similarity.matrix.tolist()}
        return {
            **self.comparison.to_dict(),
            "missing": dict(self.comparison.missing),
            "protocols": {name: dict(numbers) for name, numbers in self.protocols.items()},
            "alignment": moved,
        }


def full_report(
    a: Mesh,
    b: Mesh,
    samples: int = SAMPLES,
    *,
    align: str = "none",
    scaling: bool = False,
    protocols: Sequence[str] = (),
    threshold: float | None = None,
    threshold_rel: float | None = None,
    volume: str = "points",
    points: int = POINTS,
    resolution: int = RESOLUTION,
    seed: int = 0,
    progress: Progress = silent,
) -> Report:
    """Measure the shape B against the reference A, after bringing it there if `align` says so.

    align: "none", or a method of `alignment.harmonic.align`, with the size as well where `scaling`. threshold: of the
    F-score, in the units of the meshes; threshold_rel: as a part of A's diagonal in place of it. The others as
    `compare` and `evaluate` have them, whose errors are raised too.
    """
    unknown = [name for name in protocols if name not in PROTOCOLS]
    if unknown:
        raise InvalidParameter(f"There is no protocol {unknown[0]!r}.", f"Choose from {', '.join(PROTOCOLS)}.")
    start = 0.0 if align == "none" else 0.4
    end = 0.7 if protocols else 1.0
    alignment = None
    if align != "none":
        from ..alignment.harmonic import align as find  # the transforms are only needed here

        alignment = find(b, a, align, scaling=scaling, seed=seed, progress=part(progress, 0.0, start))
        b = alignment.similarity.apply_to(b)
    if threshold_rel is not None and threshold is None:
        threshold = threshold_rel * a.diagonal
    comparison = compare(
        a,
        b,
        samples,
        threshold=threshold,
        volume=volume,
        points=points,
        resolution=resolution,
        seed=seed,
        progress=part(progress, start, end),
    )
    found: dict[str, Numbers] = {}
    for number, name in enumerate(protocols):
        progress(end + (1.0 - end) * number / len(protocols), f"Measuring as {name}")
        found[name] = evaluate(a, b, name, seed)
    return Report(a, b, comparison, alignment, found)
