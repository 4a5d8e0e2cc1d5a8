# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures of published work under their own conventions, so that numbers can be set beside theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..errors import InvalidParameter
from ..geometry.inside import contains, why_no_inside
from ..geometry.measure import face_normals
from ..geometry.sampling import sample_surface
from ..mesh import FloatArray, Mesh, require_usable
from .comparison import f_score, symmetric_distances
from .oneway import measure_one_way

Numbers = dict[str, float | None]

OCCUPANCY_POINTS = 100_000
OCCUPANCY_PADDING = 0.1
PIXEL2MESH_POINTS = 10_000
PIXEL2MESH_THRESHOLD = 1e-4
"""Of the squared distance, in a space where ShapeNet's unit diagonal is 0.57 long."""
PIXEL2MESH_DIAGONAL = 0.57
MESH_RCNN_POINTS = 10_000
MESH_RCNN_THRESHOLDS = (0.1, 0.3, 0.5)
DEEPSDF_POINTS = 30_000


@dataclass(frozen=True)
class Cloud:
    """Points (N, 3) of a surface with the unit normals (N, 3) there."""

    points: FloatArray
    normals: FloatArray


@dataclass(frozen=True)
class Protocol:
    """One convention. run: (truth A, prediction B, seed) → its numbers."""

    text: str
    run: Callable[[Mesh, Mesh, int], Numbers]


def evaluate(a: Mesh, b: Mesh, protocol: str, seed: int = 0) -> Numbers:
    """The numbers of a published protocol (a name of `PROTOCOLS`) for the prediction B of the true shape A.

    None where a number cannot be had, because a mesh is open. Raises `InvalidParameter` for an unknown name, and
    `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers.
    """
    if protocol not in PROTOCOLS:
        raise InvalidParameter(f"There is no protocol {protocol!r}.", f"Choose from {', '.join(PROTOCOLS)}.")
    require_usable(a)
    require_usable(b)
    return PROTOCOLS[protocol].run(a, b, seed)


def occupancy_networks(truth: Mesh, prediction: Mesh, seed: int = 0) -> Numbers:
    """The evaluation of Occupancy Networks (Mescheder et al. 2019).

    Both meshes are moved and scaled by what brings the truth's bounding box to the unit cube around the origin, longest
    side 1. `iou` by 100,000 random points in that cube padded by 0.1 in all; the rest as `cloud_distances` between
    100,000 random points on each surface. `chamfer_l1` and its halves are in tenths of the longest side, the unit of
    the published tables.
    """
    one, other = _in_unit_box(truth, truth), _in_unit_box(prediction, truth)
    found = cloud_distances(_cloud(one, OCCUPANCY_POINTS, seed), _cloud(other, OCCUPANCY_POINTS, seed + 1))
    lengths = {name: 10.0 * found[name] for name in ("accuracy", "completeness", "chamfer_l1")}
    consistency = found["normal_consistency"]
    return {"iou": _cube_iou(one, other, seed), **lengths, "normal_consistency": consistency}


def cloud_distances(truth: Cloud, prediction: Cloud) -> dict[str, float]:
    """Nearest-point measures of two clouds, as Occupancy Networks defines them.

    accuracy: mean distance of predicted points from true ones; completeness: the other way; chamfer_l1: their mean;
    chamfer_l2: the mean of the mean squared distances; normal_consistency: the mean of both mean |cosines|.
    """
    accuracy, index = cKDTree(truth.points).query(prediction.points, workers=-1)
    completeness, back = cKDTree(prediction.points).query(truth.points, workers=-1)
    cosines = (
        np.einsum("ni,ni->n", prediction.normals, truth.normals[np.asarray(index, np.int64)]),
        np.einsum("ni,ni->n", truth.normals, prediction.normals[np.asarray(back, np.int64)]),
    )
    return {
        "accuracy": float(np.mean(accuracy)),
        "completeness": float(np.mean(completeness)),
        "chamfer_l1": 0.5 * float(np.mean(accuracy) + np.mean(completeness)),
        "chamfer_l2": 0.5 * float(np.square(accuracy).mean() + np.square(completeness).mean()),
        "normal_consistency": 0.5 * sum(float(np.abs(cosine).mean()) for cosine in cosines),
    }


def pixel2mesh(truth: Mesh, prediction: Mesh, seed: int = 0) -> Numbers:
    """The evaluation of Pixel2Mesh (Wang et al. 2018): the predicted vertices against 10,000 points of the truth.

    Both are scaled by what makes the truth's diagonal 0.57, as its training data is scaled from ShapeNet's unit
    diagonal; then `cloud_scores`.
    """
    factor = PIXEL2MESH_DIAGONAL / truth.diagonal
    vertices = prediction.vertices[np.unique(prediction.faces)]
    points = sample_surface(truth, PIXEL2MESH_POINTS, seed)[0]
    return {**cloud_scores(factor * points, factor * vertices)}


def cloud_scores(truth: FloatArray, vertices: FloatArray) -> dict[str, float]:
    """Pixel2Mesh's numbers for true points (M, 3) and predicted vertices (N, 3), both in its camera units.

    chamfer: the sum of the mean squared distances; f_score and f_score_2 count points with a *squared* distance up to
    1e-4 and 2e-4.
    """
    to_truth = np.square(np.asarray(cKDTree(truth).query(vertices)[0]))
    to_vertices = np.square(np.asarray(cKDTree(vertices).query(truth)[0]))
    scores = [
        f_score(float((to_truth <= limit).mean()), float((to_vertices <= limit).mean()))
        for limit in (PIXEL2MESH_THRESHOLD, 2.0 * PIXEL2MESH_THRESHOLD)
    ]
    return {"chamfer": float(to_truth.mean() + to_vertices.mean()), "f_score": scores[0], "f_score_2": scores[1]}


def mesh_rcnn(truth: Mesh, prediction: Mesh, seed: int = 0) -> Numbers:
    """The evaluation of Mesh R-CNN on ShapeNet and Pix3D (Gkioxari, Malik and Johnson 2019).

    Both are scaled by what makes the longest side of the truth's bounding box 10; 10,000 points on each. `chamfer`: the
    sum of the mean squared distances; `normal_consistency` with absolute cosines; `f_score_0_1`, `f_score_0_3`,
    `f_score_0_5` at these distances.
    """
    factor = 10.0 / float(np.ptp(truth.vertices, axis=0).max())
    one, other = (mesh.with_vertices(factor * mesh.vertices) for mesh in (truth, prediction))
    clouds = _cloud(one, MESH_RCNN_POINTS, seed), _cloud(other, MESH_RCNN_POINTS, seed + 1)
    found = cloud_distances(*clouds)
    to_truth = np.asarray(cKDTree(clouds[0].points).query(clouds[1].points)[0])
    to_prediction = np.asarray(cKDTree(clouds[1].points).query(clouds[0].points)[0])
    scores: Numbers = {
        f"f_score_{limit:g}".replace(".", "_"): f_score(
            float((to_truth < limit).mean()), float((to_prediction < limit).mean())
        )
        for limit in MESH_RCNN_THRESHOLDS
    }
    return {"chamfer": 2.0 * found["chamfer_l2"], "normal_consistency": found["normal_consistency"], **scores}


def deepsdf(truth: Mesh, prediction: Mesh, seed: int = 0) -> Numbers:
    """The evaluation of DeepSDF (Park et al. 2019): 30,000 points on each surface, in the units of the meshes.

    `chamfer`: the sum of the mean squared distances (the published tables show 1,000 times as much).
    """
    found = cloud_distances(_cloud(truth, DEEPSDF_POINTS, seed), _cloud(prediction, DEEPSDF_POINTS, seed + 1))
    return {"chamfer": 2.0 * found["chamfer_l2"]}


def symmetric_reconstruction(truth: Mesh, prediction: Mesh, seed: int = 0) -> Numbers:
    """The measures of symmetric mesh reconstruction: see `Comparison`, whose `symmetric_…` numbers these are."""
    found = symmetric_distances(
        measure_one_way(truth, prediction, 1, seed), measure_one_way(prediction, truth, 1, seed)
    )
    size = float(truth.vertices.max() - truth.vertices.min())
    return {**found, **{f"{name}_minmax": value / size for name, value in found.items()}}


PROTOCOLS: Mapping[str, Protocol] = {
    "occupancy-networks": Protocol(
        "unit box of the truth; 100,000 points; Chamfer-L1 in tenths of the longest side", occupancy_networks
    ),
    "pixel2mesh": Protocol(
        "vertices against 10,000 points, diagonal 0.57; squared Chamfer, F-score at τ and 2τ", pixel2mesh
    ),
    "mesh-rcnn": Protocol(
        "longest side 10; 10,000 points; squared Chamfer, normals, F-score at 0.1, 0.3 and 0.5", mesh_rcnn
    ),
    "deepsdf": Protocol("30,000 points, units as they are; squared Chamfer", deepsdf),
    "symmetric-mcmr": Protocol(
        "vertices from surfaces, also over the largest less the smallest coordinate", symmetric_reconstruction
    ),
}


def _in_unit_box(mesh: Mesh, truth: Mesh) -> Mesh:
    low, high = truth.vertices.min(axis=0), truth.vertices.max(axis=0)
    return mesh.with_vertices((mesh.vertices - 0.5 * (low + high)) / float((high - low).max()))


def _cube_iou(one: Mesh, other: Mesh, seed: int) -> float | None:
    if why_no_inside(one) or why_no_inside(other):
        return None
    side = 1.0 + OCCUPANCY_PADDING
    points = side * (np.random.default_rng(seed).random((OCCUPANCY_POINTS, 3)) - 0.5)
    in_one, in_other = contains(one, points), contains(other, points)
    return float((in_one & in_other).sum() / max((in_one | in_other).sum(), 1))


def _cloud(mesh: Mesh, count: int, seed: int) -> Cloud:
    points, triangle, _ = sample_surface(mesh, count, seed)
    return Cloud(points, face_normals(mesh)[triangle])
