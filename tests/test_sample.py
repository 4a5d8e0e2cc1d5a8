# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.sample import sample_cow
from spherical_cow.topology import check


@pytest.fixture(scope="module")
def cow() -> Mesh:
    return sample_cow()


def test_the_cow_is_closed_genus_zero_and_does_not_cut_itself(cow):
    report = check(cow, self_intersections=True)
    assert report.is_genus_zero
    assert all(row.ok for row in report.rows), report.to_dict()


def test_the_cow_faces_outward(cow):
    assert signed_volume(cow) > 0


def test_the_cow_is_of_a_handy_size(cow):
    assert 6_000 <= cow.n_vertices <= 8_000
    assert np.ptp(cow.vertices, axis=0).max() == pytest.approx(2.0, rel=1e-3)
    assert len(np.unique(cow.faces)) == cow.n_vertices


def test_the_cow_has_good_triangles(cow):
    corners = cow.vertices[cow.faces]
    sides = corners - np.roll(corners, -1, axis=1)
    area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2
    quality = 4 * np.sqrt(3) * area / (sides**2).sum(axis=(1, 2))
    assert quality.mean() > 0.93
    assert quality.min() > 0.3


def test_the_cow_looks_to_minus_y_and_stands_upright(cow):
    colors = cow.attributes["color"]
    pink = (colors[:, 0] > 0.7) & (colors[:, 1] < 0.5) & (colors[:, 2] < 0.5)
    snout = cow.vertices[pink & (cow.vertices[:, 2] > 0)]
    assert snout[:, 1].mean() < -0.5
    assert abs(snout[:, 0].mean()) < 0.05


def test_the_colours_are_linear_white_and_black(cow):
    colors = cow.attributes["color"]
    assert colors.shape == (cow.n_vertices, 3)
    assert colors.min() >= 0 and colors.max() <= 1
    brightness = colors.mean(axis=1)
    assert (brightness > 0.85).mean() > 0.2
    assert (brightness < 0.03).mean() > 0.1


def test_each_call_gives_a_mesh_of_its_own(cow):
    other = sample_cow()
    assert other is not cow
    np.testing.assert_array_equal(other.vertices, cow.vertices)


def test_the_file_is_small():
    file = resources.files("spherical_cow.data").joinpath("spherical_cow.npz")
    assert len(file.read_bytes()) < 300_000
