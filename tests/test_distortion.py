# SPDX-License-Identifier: GPL-3.0-or-later
"""Angle and area distortion of maps that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import ellipsoid, octahedron, subdivided_sphere
from spherical_cow.geometry.spherical import orientation, spherical_areas
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.distortion import (
    angle_distortion,
    area_distortion,
    flips,
    mean_angle_distortion,
    mean_area_distortion,
)


def house(height: float) -> Mesh:
    """An octahedron whose upper corner is at `height`."""
    vertices = octahedron().vertices.copy()
    vertices[4, 2] = height
    return octahedron().with_vertices(vertices)


def moebius(points: np.ndarray, a: float) -> tuple[np.ndarray, np.ndarray]:
    """The sphere pulled along z by a conformal map, and how much that multiplies area at each point (N,)."""
    z = points[:, 2]
    scale = 1.0 / (1.0 + a * z)
    pulled = np.stack([*(np.sqrt(1.0 - a**2) * points[:, :2].T * scale), (z + a) * scale], axis=1)
    return pulled, (1.0 - a**2) * scale**2


def test_angles_of_a_stretched_octahedron() -> None:
    height = 2.0
    apex = np.degrees(np.arccos(height**2 / (1.0 + height**2)))
    found = angle_distortion(house(height), octahedron().vertices)
    # The apex changes by 60° − apex, the two others by half of that.
    np.testing.assert_allclose(found[:4], abs(apex - 60.0) * 2.0 / 3.0)
    np.testing.assert_allclose(found[4:], 0.0, atol=1e-12)
    upper, lower = 0.5 * np.sqrt(2.0) * np.sqrt(height**2 + 0.5), 0.5 * np.sqrt(3.0)
    expected = found[0] * upper / (upper + lower)
    assert mean_angle_distortion(house(height), octahedron().vertices) == pytest.approx(expected)


def test_areas_of_a_stretched_octahedron() -> None:
    upper, lower = 0.5 * np.sqrt(2.0) * np.sqrt(2.0**2 + 0.5), 0.5 * np.sqrt(3.0)
    mean = 0.5 * (upper + lower)
    found = area_distortion(house(2.0), octahedron().vertices)
    np.testing.assert_allclose(found, np.array([mean, mean, mean, mean, upper, lower]) / mean)
    expected = (upper * abs(np.log(mean / upper)) + lower * abs(np.log(mean / lower))) / (upper + lower)
    assert mean_area_distortion(house(2.0), octahedron().vertices) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e6])
def test_a_sphere_on_itself_is_not_distorted(scale: float) -> None:
    sphere = subdivided_sphere(3)
    mesh = sphere.with_vertices(scale * sphere.vertices)
    assert mean_angle_distortion(mesh, sphere.vertices) == pytest.approx(0.0, abs=1e-9)
    assert mean_area_distortion(mesh, sphere.vertices) == pytest.approx(0.0, abs=0.02)
    assert flips(sphere.vertices, sphere.faces) == 0


@pytest.mark.parametrize("a", [0.3, -0.6])
def test_a_moebius_map_keeps_angles_and_has_its_known_factor(a: float) -> None:
    sphere = subdivided_sphere(5)
    pulled, factor = moebius(sphere.vertices, a)
    np.testing.assert_allclose(np.linalg.norm(pulled, axis=1), 1.0)
    assert mean_angle_distortion(sphere, pulled) < 0.8
    np.testing.assert_allclose(area_distortion(sphere, pulled) * factor, 1.0, rtol=0.02)
    coarse = subdivided_sphere(3)
    assert mean_angle_distortion(sphere, pulled) < 0.5 * mean_angle_distortion(coarse, moebius(coarse.vertices, a)[0])


def test_area_distortion_of_an_ellipsoid_at_its_poles() -> None:
    axes = np.array([1.0, 0.7, 0.5])
    mesh, sphere = ellipsoid(tuple(axes), 5), subdivided_sphere(5).vertices
    found = area_distortion(mesh, sphere)
    # dA on the ellipsoid over dA on the sphere is the product of the two other half-axes at an end of an axis.
    ends = [int(np.argmax(sphere[:, k])) for k in range(3)]
    products = axes.prod() / axes
    np.testing.assert_allclose(found[ends] / found[ends[0]], products / products[0], rtol=0.01)


def test_turned_and_collapsed_triangles_are_flips() -> None:
    sphere, faces = octahedron().vertices.copy(), octahedron().faces.copy()
    faces[2] = faces[2, ::-1]
    assert flips(sphere, faces) == 1
    sphere[4] = sphere[0]  # four triangles lose their area or turn
    assert flips(sphere, octahedron().faces) == int(np.count_nonzero(orientation(sphere, octahedron().faces) <= 0)) >= 2
    sphere[4] = np.nan
    assert flips(sphere, octahedron().faces) == 4


@pytest.mark.parametrize("level", [0, 2, 5])
def test_spherical_areas_sum_to_the_sphere(level: int) -> None:
    mesh = subdivided_sphere(level)
    areas = spherical_areas(mesh.vertices, mesh.faces)
    assert areas.sum() == pytest.approx(4.0 * np.pi, rel=1e-12)
    assert spherical_areas(mesh.vertices, mesh.faces[:, ::-1]).sum() == pytest.approx(-4.0 * np.pi, rel=1e-12)
    if level == 0:
        np.testing.assert_allclose(areas, np.pi / 2.0)
