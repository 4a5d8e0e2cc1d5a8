# SPDX-License-Identifier: GPL-3.0-or-later
"""The same measures under the conventions of published work, so that numbers can be set beside theirs."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ..mesh import FloatArray, IntArray, Mesh, require_usable
from .distance import SurfaceTree
from .edges import is_open
from .measure import face_normals
from .metrics import contains, f_score
from .sampling import sample_surface

OCCUPANCY_POINTS = 100_000
OCCUPANCY_PADDING = 0.1
PIXEL2MESH_THRESHOLD = 1e-4


def occupancy_networks(predicted: Mesh, truth: Mesh, seed: int = 0) -> dict[str, float]:
    """The evaluation of Occupancy Networks (Mescheder et al. 2019).

    Both meshes are moved and scaled by what brings the truth's bounding box to the unit cube around the origin, longest
    side 1. `iou` by 100,000 random points in the cube padded by 0.1; `accuracy`, `completeness` and `chamfer_l1` as
    mean distances between 100,000 points on each surface, in tenths of the longest side (the unit of the published
    tables); `normal_consistency` with absolute cosines. `iou` is NaN where a mesh is open.
    """
    require_usable(predicted)
    require_usable(truth)
    low, high = truth.vertices.min(axis=0), truth.vertices.max(axis=0)
    scale = float((high - low).max())
    one, other = (mesh.with_vertices((mesh.vertices - 0.5 * (low + high)) / scale) for mesh in (predicted, truth))
    accuracy, normals_one = _to_points(one, other, seed)
    completeness, normals_other = _to_points(other, one, seed + 2)
    return {
        "iou": _iou(one, other, seed),
        "accuracy": 10.0 * accuracy,
        "completeness": 10.0 * completeness,
        "chamfer_l1": 10.0 * 0.5 * (accuracy + completeness),
        "normal_consistency": 0.5 * (normals_one + normals_other),
    }


def _iou(one: Mesh, other: Mesh, seed: int) -> float:
    if is_open(one.faces) or is_open(other.faces):
        return float("nan")
    side = 1.0 + OCCUPANCY_PADDING
    points = side * (np.random.default_rng(seed).random((OCCUPANCY_POINTS, 3)) - 0.5)
    in_one, in_other = contains(one, points), contains(other, points)
    return float((in_one & in_other).sum() / max((in_one | in_other).sum(), 1))


def _to_points(source: Mesh, target: Mesh, seed: int) -> tuple[float, float]:
    """Mean distance of sampled points from sampled points, and mean |cosine| between their normals."""
    points, triangle, _ = sample_surface(source, OCCUPANCY_POINTS, seed)
    others, other_triangle, _ = sample_surface(target, OCCUPANCY_POINTS, seed + 1)
    distance, nearest = cKDTree(others).query(points, workers=-1)
    cosine = np.einsum(
        "ni,ni->n", face_normals(source)[triangle], face_normals(target)[other_triangle[np.asarray(nearest, np.int64)]]
    )
    return float(np.mean(distance)), float(np.abs(cosine).mean())


def pixel2mesh(vertices: FloatArray, truth: FloatArray) -> dict[str, float]:
    """The evaluation of Pixel2Mesh (Wang et al. 2018): predicted vertices (N, 3) against true points (M, 3).

    `chamfer` is the sum of the mean squared distances; `f_score` and `f_score_2` count points with a squared distance
    up to 1e-4 and 2e-4. Both sets must be in its camera units.
    """
    to_truth = np.square(np.asarray(cKDTree(truth).query(vertices)[0]))
    to_vertices = np.square(np.asarray(cKDTree(vertices).query(truth)[0]))
    scores = [
        f_score(float((to_truth <= limit).mean()), float((to_vertices <= limit).mean()))
        for limit in (PIXEL2MESH_THRESHOLD, 2.0 * PIXEL2MESH_THRESHOLD)
    ]
    return {"chamfer": float(to_truth.mean() + to_vertices.mean()), "f_score": scores[0], "f_score_2": scores[1]}


def symmetric_distances(a: Mesh, b: Mesh) -> dict[str, float]:
    """The measures of symmetric mesh reconstruction: distances of the vertices of each mesh from the other's surface.

    `max`: the larger maximum; `max_mean`: the larger mean; `mean`: the mean of the means. Each also `_rel`: over the
    difference between the largest and the smallest coordinate of A, whatever the axis.
    """
    to_b, to_a = (SurfaceTree(t).nearest(s.vertices[np.unique(s.faces)])[0] for s, t in ((a, b), (b, a)))
    values = {
        "max": float(max(to_a.max(), to_b.max())),
        "max_mean": float(max(to_a.mean(), to_b.mean())),
        "mean": 0.5 * float(to_a.mean() + to_b.mean()),
    }
    size = float(a.vertices.max() - a.vertices.min())
    return {**values, **{f"{name}_rel": value / size for name, value in values.items()}}


def mirror_errors(mesh: Mesh, opposite: IntArray, axis: int = 0) -> dict[str, float]:
    """How far vertices are from the mirror images of their partners, as parts of the size along `axis`.

    opposite: (V,) the partner of each vertex (itself on the plane); the mirror is at 0. `mean`, `max` over all
    vertices, and `hausdorff`, the largest distance of the mirrored vertices from the surface.
    """
    require_usable(mesh)
    mirrored = mesh.vertices.copy()
    mirrored[:, axis] *= -1.0
    size = float(np.ptp(mesh.vertices[:, axis]))
    gap = np.linalg.norm(mesh.vertices - mirrored[opposite], axis=1) / size
    far = SurfaceTree(mesh).nearest(mirrored[np.unique(mesh.faces)])[0].max() / size
    return {"mean": float(gap.mean()), "max": float(gap.max()), "hausdorff": float(far)}
