# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of how alike two shapes are: Chamfer distance, F-score, normal consistency, intersection over union.

`distance.compare` has the distances between surfaces; the conventions of published benchmarks are in `protocols`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import igl
import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidMesh, InvalidParameter
from ..mesh import FloatArray, Mesh, require_usable
from ..progress import Progress, part, silent
from .distance import SurfaceTree
from .edges import is_open
from .measure import area, face_normals, oriented_outward, signed_volume
from .sampling import sample_surface

_INSIDE = 0.5
"""Winding number above which a point is inside."""


@dataclass(frozen=True)
class Metrics:
    """How the surface B differs from A. Lengths in the units of the meshes; `_rel` as parts of A's diagonal.

    accuracy, completeness: mean distance of points of B from A, and of points of A from B.
    chamfer_l1: half their sum. chamfer_l2: sum of the mean squared distances.
    hausdorff: largest distance of either. threshold: distance up to which a point counts as matched.
    precision, recall, f_score: share of points of B near A, of A near B, and their harmonic mean, in [0, 1].
    normal_consistency: mean |cosine| of the angle between normals at nearest points, both ways, in [0, 1].
    iou: volume of the intersection over that of the union, in [0, 1]; None where a mesh is open.
    """

    accuracy: float
    completeness: float
    chamfer_l1: float
    chamfer_l2: float
    hausdorff: float
    chamfer_l1_rel: float
    hausdorff_rel: float
    threshold: float
    precision: float
    recall: float
    f_score: float
    normal_consistency: float
    iou: float | None
    volume_a: float
    volume_b: float
    area_a: float
    area_b: float
    samples: int

    def to_dict(self) -> dict[str, float | None]:
        """All numbers by name, JSON-ready."""
        return asdict(self)


def measure(
    a: Mesh,
    b: Mesh,
    samples: int = 100_000,
    *,
    threshold_rel: float = 0.01,
    seed: int = 0,
    progress: Progress = silent,
) -> Metrics:
    """Compare two shapes where they are; align them first if they should be.

    samples: random points on each surface, and points in the box around both for the volumes. threshold_rel: of the
    F-score, as a part of A's diagonal. Distances are exact, from points to the surface.
    Raises `InvalidMesh` for an unusable mesh, and `InvalidParameter` for settings out of range.
    """
    if samples < 1 or not threshold_rel > 0.0:
        raise InvalidParameter(
            f"Cannot measure with {samples} samples and a threshold of {threshold_rel:g}.",
            "Give at least 1 sample, and a threshold above 0.",
        )
    require_usable(a)
    require_usable(b)
    progress(0.0, "Measuring distances")
    to_b, normals_ab = _one_way(a, b, samples, seed)
    progress(0.35, "Measuring distances")
    to_a, normals_ba = _one_way(b, a, samples, seed + 1)
    progress(0.7, "Measuring volumes")
    closed = not (is_open(a.faces) or is_open(b.faces))
    overlap = intersection_over_union(a, b, samples, seed=seed, progress=part(progress, 0.7, 1.0)) if closed else None
    threshold = threshold_rel * a.diagonal
    precision, recall = float((to_a <= threshold).mean()), float((to_b <= threshold).mean())
    chamfer = 0.5 * float(to_a.mean() + to_b.mean())
    hausdorff = float(max(to_a.max(), to_b.max()))
    progress(1.0, "Measured")
    return Metrics(
        accuracy=float(to_a.mean()),
        completeness=float(to_b.mean()),
        chamfer_l1=chamfer,
        chamfer_l2=float(np.square(to_a).mean() + np.square(to_b).mean()),
        hausdorff=hausdorff,
        chamfer_l1_rel=chamfer / a.diagonal,
        hausdorff_rel=hausdorff / a.diagonal,
        threshold=threshold,
        precision=precision,
        recall=recall,
        f_score=f_score(precision, recall),
        normal_consistency=0.5 * float(normals_ab.mean() + normals_ba.mean()),
        iou=overlap,
        volume_a=signed_volume(a),
        volume_b=signed_volume(b),
        area_a=area(a),
        area_b=area(b),
        samples=samples,
    )


def f_score(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall, 0 where both are 0 (Knapitsch et al. 2017)."""
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0.0 else 0.0


def contains(mesh: Mesh, points: FloatArray) -> NDArray[np.bool_]:
    """(N,) whether points (N, 3) are inside a closed mesh, by its generalised winding number (Jacobson et al. 2013).

    Where shells overlap or are nested the union counts. Raises `InvalidMesh` for an open mesh.
    """
    require_usable(mesh)
    if is_open(mesh.faces):
        raise InvalidMesh("The mesh is open: it has no inside.", "Repair it first; Clean fills its holes.")
    outward = oriented_outward(mesh)
    centre, scale = mesh.vertices.mean(axis=0), mesh.diagonal
    vertices = np.ascontiguousarray((outward.vertices - centre) / scale)
    query = np.ascontiguousarray((points - centre) / scale)
    winding = igl.fast_winding_number(vertices, np.ascontiguousarray(outward.faces), query)
    return np.asarray(winding > _INSIDE)


def intersection_over_union(
    a: Mesh, b: Mesh, samples: int = 100_000, *, seed: int = 0, progress: Progress = silent
) -> float:
    """Volume of the intersection over that of the union, in [0, 1], by points evenly spread in the box around both.

    The points are an additive sequence (Roberts 2018), shifted by `seed`, so that the error falls nearly as
    1 / samples. Raises `InvalidMesh` for an open mesh.
    """
    low = np.minimum(a.vertices.min(axis=0), b.vertices.min(axis=0))
    high = np.maximum(a.vertices.max(axis=0), b.vertices.max(axis=0))
    points = low + (high - low) * _evenly_spread(samples, seed)
    progress(0.1, "Measuring volumes")
    in_a = contains(a, points)
    progress(0.5, "Measuring volumes")
    in_b = contains(b, points)
    union = int((in_a | in_b).sum())
    return float((in_a & in_b).sum() / union) if union else 0.0


def _evenly_spread(count: int, seed: int) -> FloatArray:
    """(count, 3) points in the unit cube: multiples of (1/g, 1/g², 1/g³) modulo 1, g⁴ = g + 1."""
    steps = 1.2207440846057596 ** -np.arange(1.0, 4.0)
    return np.asarray((np.random.default_rng(seed).random(3) + np.arange(1, count + 1)[:, None] * steps) % 1.0)


def _one_way(source: Mesh, target: Mesh, samples: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """(N,) distances of random points of `source` from `target`, and |cosines| between the normals there."""
    points, triangle, _ = sample_surface(source, samples, seed)
    order = np.argsort(triangle, kind="stable")
    distance, nearest, _ = SurfaceTree(target).nearest(points[order])
    cosine = np.einsum("ni,ni->n", face_normals(source)[triangle[order]], face_normals(target)[nearest])
    return distance, np.abs(cosine)
