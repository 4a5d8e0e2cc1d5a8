# SPDX-License-Identifier: GPL-3.0-or-later
"""Two shapes, measured against each other where they are: every number from one set of samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from ..errors import InvalidParameter
from ..geometry.inside import why_no_inside
from ..geometry.measure import area, signed_volume
from ..mesh import Mesh, require_usable
from ..progress import Progress, part, silent
from .oneway import OneWay, measure_one_way
from .overlap import POINTS, RESOLUTION, intersection_over_union, voxel_iou

SAMPLES = 50_000
THRESHOLD_REL = 0.01
VOLUMES = ("points", "grid", "none")
_APART = ("forward", "backward", "missing")


@dataclass(frozen=True)
class Comparison:
    """How the surface B differs from the reference A.

    Lengths are in the units of the meshes; `_rel`: over the bounding-box diagonal of A. `_forward`: from A to B;
    `_backward`: from B to A; without either: both ways.

    mean, rms, percentile_95: over random points, uniform by area. Both ways: the average of the means, the root of the
    mean square of all, the larger percentile. hausdorff: the largest over the random points and all vertices.
    chamfer_l1: half the sum of both means, so the same as `mean`. chamfer_l2: sum of the mean squared distances.
    symmetric_max, symmetric_max_mean, symmetric_mean: over the vertices of A from B and of B from A, the larger
    maximum, the larger mean, the mean of the means; `_minmax`: over the difference between the largest and the smallest
    coordinate of A, whatever the axis. These are the measures of symmetric mesh reconstruction.
    normal_angle: mean angle between the normals at a point and at its nearest point, in degrees;
    normal_consistency: mean |cosine| of it, in [0, 1], both ways.
    precision, recall, f_score: share of B within `threshold` of A, of A within it of B, and their harmonic mean.
    iou: volume of the intersection over that of the union, in [0, 1].
    samples: random points a side. missing: the name of each number that is None → the reason.
    forward, backward: the distances themselves.
    """

    mean: float
    mean_forward: float
    mean_backward: float
    rms: float
    rms_forward: float
    rms_backward: float
    percentile_95: float
    percentile_95_forward: float
    percentile_95_backward: float
    hausdorff: float
    hausdorff_forward: float
    hausdorff_backward: float
    mean_rel: float
    mean_forward_rel: float
    mean_backward_rel: float
    rms_rel: float
    rms_forward_rel: float
    rms_backward_rel: float
    percentile_95_rel: float
    percentile_95_forward_rel: float
    percentile_95_backward_rel: float
    hausdorff_rel: float
    hausdorff_forward_rel: float
    hausdorff_backward_rel: float
    chamfer_l1: float
    chamfer_l2: float
    symmetric_max: float
    symmetric_max_mean: float
    symmetric_mean: float
    symmetric_max_minmax: float
    symmetric_max_mean_minmax: float
    symmetric_mean_minmax: float
    normal_angle: float
    normal_consistency: float
    threshold: float
    precision: float
    recall: float
    f_score: float
    iou: float | None
    volume_a: float | None
    volume_b: float | None
    area_a: float
    area_b: float
    diagonal_a: float
    samples: int
    missing: Mapping[str, str]
    forward: OneWay = field(repr=False, compare=False)
    backward: OneWay = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, float | None]:
        """All numbers by name, JSON-ready; None for those that `missing` names."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in _APART}


def compare(
    a: Mesh,
    b: Mesh,
    samples: int = SAMPLES,
    seed: int = 0,
    *,
    threshold: float | None = None,
    volume: str = "points",
    points: int = POINTS,
    resolution: int = RESOLUTION,
    progress: Progress = silent,
) -> Comparison:
    """Measure the shape B against the reference A, where they are; see `Comparison`.

    samples: random points on each surface; distances from them and from all vertices to the other's triangles are
    exact. threshold: of the F-score, in the units of the meshes; None for 1 % of A's diagonal. volume: how the
    intersection over union is measured: "points" (as many as `points`, evenly spread), "grid" (voxels, `resolution`
    along the longest side), or "none". The same seed gives the same numbers.

    An open mesh has no volume: that and the intersection over union are then None, and `missing` says why.
    Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers, and
    `InvalidParameter` for settings out of range.
    """
    _require_settings(samples, threshold, volume)
    require_usable(a)
    require_usable(b)
    # In units of A's diagonal about its middle, so that far-away or tiny coordinates cost no digits.
    centre, scale = a.vertices.mean(axis=0), a.diagonal
    near_a, near_b = (mesh.with_vertices((mesh.vertices - centre) / scale) for mesh in (a, b))
    progress(0.0, "Measuring from A to B")
    forward = measure_one_way(near_a, near_b, samples, seed)
    progress(0.35, "Measuring from B to A")
    backward = measure_one_way(near_b, near_a, samples, seed + 1)
    progress(0.7, "Measuring volumes")
    missing = _missing(a, b, volume)
    overlap = None
    if "iou" not in missing:
        inner = part(progress, 0.7, 1.0)
        if volume == "grid":
            overlap = voxel_iou(near_a, near_b, resolution, inner)
        else:
            overlap = intersection_over_union(near_a, near_b, points, seed=seed, progress=inner)
    limit = THRESHOLD_REL if threshold is None else threshold / scale
    precision, recall = backward.share_within(limit), forward.share_within(limit)
    relative = _both_ways(forward, backward)
    chamfer_l2 = forward.mean_square + backward.mean_square
    symmetric = symmetric_distances(forward, backward)
    size = float(a.vertices.max() - a.vertices.min())
    progress(1.0, "Compared")
    return Comparison(
        **{name: value * scale for name, value in relative.items()},
        **{f"{name}_rel": value for name, value in relative.items()},
        chamfer_l1=relative["mean"] * scale,
        chamfer_l2=chamfer_l2 * scale**2,
        **{name: value * scale for name, value in symmetric.items()},
        **{f"{name}_minmax": value * scale / size for name, value in symmetric.items()},
        normal_angle=0.5 * (forward.normal_angle + backward.normal_angle),
        normal_consistency=0.5 * (forward.normal_consistency + backward.normal_consistency),
        threshold=limit * scale,
        precision=precision,
        recall=recall,
        f_score=f_score(precision, recall),
        iou=overlap,
        volume_a=None if "volume_a" in missing else signed_volume(a),
        volume_b=None if "volume_b" in missing else signed_volume(b),
        area_a=area(a),
        area_b=area(b),
        diagonal_a=scale,
        samples=samples,
        missing=missing,
        forward=forward.scaled(scale),
        backward=backward.scaled(scale),
    )


def f_score(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall, 0 where both are 0 (Knapitsch et al. 2017)."""
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0.0 else 0.0


def symmetric_distances(forward: OneWay, backward: OneWay) -> dict[str, float]:
    """The measures of symmetric mesh reconstruction, over vertices: see `Comparison`."""
    return {
        "symmetric_max": max(forward.vertex_max, backward.vertex_max),
        "symmetric_max_mean": max(forward.vertex_mean, backward.vertex_mean),
        "symmetric_mean": 0.5 * (forward.vertex_mean + backward.vertex_mean),
    }


def _require_settings(samples: int, threshold: float | None, volume: str) -> None:
    if samples < 1:
        raise InvalidParameter(f"Cannot compare with {samples} samples.", "Give at least 1; 50000 is usual.")
    if threshold is not None and not 0.0 < threshold < np.inf:
        raise InvalidParameter(f"The threshold {threshold:g} is no distance.", "Give a positive number.")
    if volume not in VOLUMES:
        raise InvalidParameter(f"Volumes cannot be measured by {volume!r}.", f"Choose from {', '.join(VOLUMES)}.")


def _missing(a: Mesh, b: Mesh, volume: str) -> dict[str, str]:
    """What cannot be measured → why."""
    reasons = {name: why_no_inside(mesh) for name, mesh in (("A", a), ("B", b))}
    found = {f"volume_{name.lower()}": f"{name} has no volume: {reason}" for name, reason in reasons.items() if reason}
    if found:
        return {"iou": "; ".join(found.values()), **found}
    return {"iou": "it was not asked for"} if volume == "none" else {}


def _both_ways(forward: OneWay, backward: OneWay) -> dict[str, float]:
    one, other = (float(np.percentile(way.at_samples, 95.0)) for way in (forward, backward))
    return {
        "mean": 0.5 * (forward.mean + backward.mean),
        "mean_forward": forward.mean,
        "mean_backward": backward.mean,
        "rms": float(np.sqrt(0.5 * (forward.mean_square + backward.mean_square))),
        "rms_forward": float(np.sqrt(forward.mean_square)),
        "rms_backward": float(np.sqrt(backward.mean_square)),
        "percentile_95": max(one, other),
        "percentile_95_forward": one,
        "percentile_95_backward": other,
        "hausdorff": max(forward.largest, backward.largest),
        "hausdorff_forward": forward.largest,
        "hausdorff_backward": backward.largest,
    }
