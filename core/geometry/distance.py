# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact point-to-surface distances, and how far two surfaces are from each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import igl
import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, IntArray, Mesh, require_usable
from ..progress import Progress, silent
from .measure import area, face_normals, signed_volume
from .sampling import sample_surface


@dataclass(frozen=True)
class Comparison:
    """How far surfaces A and B are from each other; no alignment.

    mean, rms: over area-weighted random samples; hausdorff: the largest over the samples and all vertices.
    `_forward`: from A to B; `_backward`: from B to A; without either: both ways (mean: the average; rms: of
    the mean square; hausdorff: the larger). `_rel`: over the bounding-box diagonal of A, otherwise in the
    units of the meshes. normal_angle: mean angle between the normals at a sample and at its nearest point,
    in degrees, both ways. samples: a side. volume is signed: positive for outward faces.
    """

    mean: float
    mean_forward: float
    mean_backward: float
    rms: float
    rms_forward: float
    rms_backward: float
    hausdorff: float
    hausdorff_forward: float
    hausdorff_backward: float
    mean_rel: float
    mean_forward_rel: float
    mean_backward_rel: float
    rms_rel: float
    rms_forward_rel: float
    rms_backward_rel: float
    hausdorff_rel: float
    hausdorff_forward_rel: float
    hausdorff_backward_rel: float
    normal_angle: float
    volume_a: float
    volume_b: float
    area_a: float
    area_b: float
    diagonal_a: float
    samples: int

    def to_dict(self) -> dict[str, float]:
        """All numbers by name, JSON-ready."""
        return asdict(self)


class SurfaceTree:
    """A surface prepared for many nearest-point queries (a tree of boxes, by libigl).

    Computed about the centre of the mesh in units of its diagonal, so that far-away or tiny coordinates cost
    no digits. Triangles without area count as the segments or points that they are.
    """

    def __init__(self, mesh: Mesh) -> None:
        """Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers."""
        require_usable(mesh)
        self._centre, self._scale = mesh.vertices.mean(axis=0), mesh.diagonal
        self._vertices = np.ascontiguousarray((mesh.vertices - self._centre) / self._scale)
        self._faces = mesh.faces
        self._tree = igl.AABB()
        self._tree.init(self._vertices, self._faces)

    def nearest(self, points: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """(distance (N,), triangle (N,), nearest point (N, 3)) of each of `points` (N, 3), exact."""
        if not len(points):
            return np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 3))
        query = np.ascontiguousarray((np.asarray(points, dtype=np.float64) - self._centre) / self._scale)
        _, triangle, nearest = self._tree.squared_distance(self._vertices, self._faces, query)
        # From the nearest point: the squared distance loses half of the digits near the surface.
        distance = np.linalg.norm(query - nearest, axis=1)
        triangle = np.asarray(triangle, dtype=np.int64).ravel()
        return distance * self._scale, triangle, nearest * self._scale + self._centre


def nearest_on_surface(points: FloatArray, mesh: Mesh) -> tuple[FloatArray, IntArray, FloatArray]:
    """As `SurfaceTree.nearest`, for one query."""
    return SurfaceTree(mesh).nearest(points)


def distances_to_surface(points: FloatArray, mesh: Mesh) -> FloatArray:
    """(N,) exact unsigned distance of each of `points` (N, 3) to the surface, in its units."""
    return nearest_on_surface(points, mesh)[0]


def compare(a: Mesh, b: Mesh, samples: int = 50_000, seed: int = 0, progress: Progress = silent) -> Comparison:
    """Distances between the surfaces A and B; see `Comparison`. The same seed gives the same numbers.

    Raises `InvalidMesh` for a mesh that is empty, has no area or coordinates that are not numbers, and
    `InvalidParameter` for fewer than one sample.
    """
    if samples < 1:
        raise InvalidParameter(f"Cannot compare with {samples} samples.", "Give at least 1; 50000 is usual.")
    require_usable(a)
    require_usable(b)
    centre, scale = a.vertices.mean(axis=0), a.diagonal
    near_a, near_b = (m.with_vertices((m.vertices - centre) / scale) for m in (a, b))
    progress(0.0, "Measuring from A to B")
    forward = _one_way(near_a, near_b, samples, seed)
    progress(0.5, "Measuring from B to A")
    backward = _one_way(near_b, near_a, samples, seed + 1)
    progress(1.0, "Compared")
    relative = _both_ways(forward, backward)
    return Comparison(
        **{name: value * scale for name, value in relative.items()},
        **{f"{name}_rel": value for name, value in relative.items()},
        normal_angle=0.5 * (forward.normal_angle + backward.normal_angle),
        volume_a=signed_volume(a),
        volume_b=signed_volume(b),
        area_a=area(a),
        area_b=area(b),
        diagonal_a=scale,
        samples=samples,
    )


@dataclass(frozen=True)
class _OneWay:
    mean: float
    mean_square: float
    largest: float
    normal_angle: float


def _one_way(source: Mesh, target: Mesh, samples: int, seed: int) -> _OneWay:
    """From samples and vertices of `source` to the surface `target`, in their units."""
    points, triangle, _ = sample_surface(source, samples, seed)
    order = np.argsort(triangle, kind="stable")  # neighbours in memory are found faster one after the other
    points, triangle = points[order], triangle[order]
    used = np.unique(source.faces)  # a vertex without faces is no part of the surface
    distance, nearest, _ = nearest_on_surface(np.concatenate([points, source.vertices[used]]), target)
    sampled = distance[:samples]
    normal, other = face_normals(source)[triangle], face_normals(target)[nearest[:samples]]
    sine = np.linalg.norm(np.cross(normal, other), axis=1)
    angle = np.arctan2(sine, np.einsum("ni,ni->n", normal, other))
    return _OneWay(
        mean=float(sampled.mean()),
        mean_square=float(np.square(sampled).mean()),
        largest=float(distance.max()),
        normal_angle=float(np.degrees(angle).mean()),
    )


def _both_ways(forward: _OneWay, backward: _OneWay) -> dict[str, float]:
    return {
        "mean": 0.5 * (forward.mean + backward.mean),
        "mean_forward": forward.mean,
        "mean_backward": backward.mean,
        "rms": float(np.sqrt(0.5 * (forward.mean_square + backward.mean_square))),
        "rms_forward": float(np.sqrt(forward.mean_square)),
        "rms_backward": float(np.sqrt(backward.mean_square)),
        "hausdorff": max(forward.largest, backward.largest),
        "hausdorff_forward": forward.largest,
        "hausdorff_backward": backward.largest,
    }
