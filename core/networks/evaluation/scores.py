# SPDX-License-Identifier: GPL-3.0-or-later
"""One predicted mesh against what a data set knows of the shape, as published for Occupancy Networks."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import igl
import numpy as np
from numpy.typing import NDArray

from ...geometry.inside import contains, why_no_inside
from ...geometry.measure import face_normals
from ...geometry.sampling import sample_surface
from ...mesh import FloatArray, Mesh
from ...metrics.protocols import OCCUPANCY_POINTS, Cloud, cloud_distances

UNIT = 10.0
"""Lengths in the published tables are in tenths of the longest side of the bounding box, which is 1."""


@dataclass(frozen=True)
class Scores:
    """The numbers of one shape. iou in [0, 1]; the distances in tenths of the longest side of the true shape;
    normal_consistency up to 1."""

    iou: float
    chamfer_l1: float
    normal_consistency: float
    accuracy: float
    completeness: float

    def to_dict(self) -> dict[str, float]:
        """JSON-ready."""
        return asdict(self)


NOTHING = Scores(0.0, UNIT * math.sqrt(3.0), -1.0, UNIT * math.sqrt(3.0), UNIT * math.sqrt(3.0))
"""What a mesh without faces is given, as published."""

NAMES = tuple(NOTHING.to_dict())


def score(
    mesh: Mesh,
    points: FloatArray,
    occupied: NDArray[np.bool_],
    truth: Cloud,
    samples: int = OCCUPANCY_POINTS,
    seed: int = 0,
) -> Scores:
    """How near a mesh is to the true shape, both in the unit cube around the origin (Mescheder et al. 2019).

    points (N, 3) and whether the true shape has them inside (N,) give the intersection over union; truth: points on
    the true surface with normals; as many as `samples` are drawn on the mesh. Raises `InvalidMesh` for coordinates
    that are not numbers.
    """
    if not mesh.n_faces:
        return NOTHING
    drawn, triangle, _ = sample_surface(mesh, samples, seed)
    found = cloud_distances(truth, Cloud(drawn, face_normals(mesh)[triangle]))
    return Scores(
        overlap(inside(mesh, points), occupied),
        UNIT * found["chamfer_l1"],
        found["normal_consistency"],
        UNIT * found["accuracy"],
        UNIT * found["completeness"],
    )


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union of two sets of the same points; 1 where both are empty."""
    union = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / union) if union else 1.0


def inside(mesh: Mesh, points: FloatArray) -> NDArray[np.bool_]:
    """(N,) whether points are inside; for an open mesh, where more than half of all directions meet it."""
    if not why_no_inside(mesh):
        return contains(mesh, points)
    vertices, faces = np.ascontiguousarray(mesh.vertices), np.ascontiguousarray(mesh.faces)
    query = np.ascontiguousarray(points, dtype=np.float64)
    return np.asarray(np.abs(igl.fast_winding_number(vertices, faces, query)) > 0.5)
