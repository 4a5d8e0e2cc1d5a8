# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.measure import corner_angles, unique_edges
from spherical_cow.geometry.spherical import spherical_areas
from spherical_cow.sphere.distortion import flips
from spherical_cow.sphere.icosphere import icosahedron, icosphere


def test_the_icosahedron_is_regular() -> None:
    vertices, faces = icosahedron()
    edges = unique_edges(faces)
    lengths = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    assert len(edges) == 30
    np.testing.assert_allclose(lengths, 4.0 / np.sqrt(10.0 + 2.0 * np.sqrt(5.0)), rtol=1e-12)


@pytest.mark.parametrize("frequency", [1, 2, 3, 7, 10, 64])
def test_counts_closed_surface_and_orientation(frequency: int) -> None:
    sphere = icosphere(frequency)
    assert sphere.n_vertices == 10 * frequency**2 + 2
    assert sphere.n_faces == 20 * frequency**2
    assert len(unique_edges(sphere.faces)) == 30 * frequency**2
    np.testing.assert_allclose(np.linalg.norm(sphere.vertices, axis=1), 1.0, rtol=1e-14)
    assert flips(sphere.vertices, sphere.faces) == 0
    areas = spherical_areas(sphere.vertices, sphere.faces)
    assert abs(areas.sum() - 4.0 * np.pi) < 1e-10


def test_triangles_are_even() -> None:
    sphere = icosphere(32)
    areas = spherical_areas(sphere.vertices, sphere.faces)
    assert areas.max() / areas.min() < 1.7
    assert np.degrees(corner_angles(sphere).min()) > 45.0


def test_every_vertex_has_five_or_six_neighbours() -> None:
    valence = np.bincount(icosphere(9).faces.ravel())
    assert sorted(set(valence)) == [5, 6]
    assert np.count_nonzero(valence == 5) == 12


@pytest.mark.parametrize("frequency", [0, -1, 1001])
def test_a_frequency_out_of_range_is_refused(frequency: int) -> None:
    with pytest.raises(InvalidParameter, match="out of range"):
        icosphere(frequency)
