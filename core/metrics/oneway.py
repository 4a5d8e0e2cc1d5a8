# SPDX-License-Identifier: GPL-3.0-or-later
"""From one surface to another: exact distances at random points and at all vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry.distance import nearest_on_surface
from ..geometry.measure import face_normals
from ..geometry.sampling import sample_surface
from ..mesh import FloatArray, Mesh


@dataclass(frozen=True, eq=False)
class OneWay:
    """Distances of a surface with V vertices from another one.

    at_samples: (N,) at random points, uniform by area; angle: (N,) between the normals there and at the nearest points,
    in radians. at_vertices: (V,). used: (V,) whether a vertex has faces; one without is no part of the surface.
    """

    at_samples: FloatArray
    angle: FloatArray
    at_vertices: FloatArray
    used: NDArray[np.bool_]

    @property
    def mean(self) -> float:
        """The average over the surface."""
        return float(self.at_samples.mean())

    @property
    def mean_square(self) -> float:
        """The average of the square over the surface."""
        return float(np.square(self.at_samples).mean())

    @property
    def largest(self) -> float:
        """Over samples and vertices: a lower bound of the one-sided Hausdorff distance, exact at vertices."""
        return max(float(self.at_samples.max()), self.vertex_max)

    @property
    def vertex_max(self) -> float:
        """Over the vertices of the surface."""
        return float(self.at_vertices[self.used].max())

    @property
    def vertex_mean(self) -> float:
        """Over the vertices of the surface, each counting the same."""
        return float(self.at_vertices[self.used].mean())

    @property
    def normal_angle(self) -> float:
        """Mean angle between the normals, in degrees."""
        return float(np.degrees(self.angle).mean())

    @property
    def normal_consistency(self) -> float:
        """Mean |cosine| of that angle, in [0, 1]."""
        return float(np.abs(np.cos(self.angle)).mean())

    def share_within(self, threshold: float) -> float:
        """Which part of the surface is not farther than `threshold`, in [0, 1]."""
        return float((self.at_samples <= threshold).mean())

    def scaled(self, factor: float) -> OneWay:
        """The same in another unit of length."""
        return OneWay(factor * self.at_samples, self.angle, factor * self.at_vertices, self.used)


def measure_one_way(source: Mesh, target: Mesh, samples: int, seed: int) -> OneWay:
    """From `source` to the surface `target`, in their units."""
    points, triangle, _ = sample_surface(source, samples, seed)
    order = np.argsort(triangle, kind="stable")  # neighbours in memory are found faster one after the other
    points, triangle = points[order], triangle[order]
    distance, nearest, _ = nearest_on_surface(np.concatenate([points, source.vertices]), target)
    normal, other = face_normals(source)[triangle], face_normals(target)[nearest[:samples]]
    sine = np.linalg.norm(np.cross(normal, other), axis=1)
    angle = np.arctan2(sine, np.einsum("ni,ni->n", normal, other))
    used = np.zeros(source.n_vertices, dtype=bool)
    used[source.faces] = True
    return OneWay(distance[:samples], angle, distance[samples:], used)
