# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections through fields, and collisions between them."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.fields.collision import collide, distance_and_normal
from spherical_cow.fields.extraction import Extraction
from spherical_cow.fields.operations import offset, union
from spherical_cow.fields.section import section
from spherical_cow.fields.shapes import Ball, Block, HalfSpace
from spherical_cow.mesh import Mesh
from spherical_cow.section_colours import fitting_limit, section_colours
from spherical_cow.sphere.icosphere import icosphere


def box(size: tuple[float, float, float] = (2.0, 2.0, 2.0)) -> Mesh:
    made = trimesh.creation.box(size)
    return Mesh(np.asarray(made.vertices), np.asarray(made.faces))


def shifted(x: float, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


def test_two_balls_are_as_deep_as_their_radii_say():
    for away in (1.2, 1.9, 2.5):
        found = collide(Ball(), icosphere(16), shifted(away), Extraction(32, 2, refinement=2))
        assert found.distance == pytest.approx(away - 2.0, abs=6e-3)
        assert found.touching == (away < 2.0) and found.depth == max(-found.distance, 0.0)
        deepest = found.points[0]
        assert np.allclose(np.abs(deepest), [np.abs(deepest[0]), 0.0, 0.0], atol=0.05)
        assert np.allclose(found.normals[0], [1.0, 0.0, 0.0], atol=0.06)
        assert np.allclose(found.depths, np.sort(found.depths)[::-1])


def test_pushing_along_the_normals_parts_bodies():
    turn = trimesh.transformations.rotation_matrix(0.4, (0.2, 1.0, 0.5))
    for start in (shifted(1.1, 0.2, 0.1) @ turn, shifted(0.3, 0.4, 1.5) @ turn, shifted(-1.3, 0.1, 0.0)):
        move, depths = start.copy(), []
        while len(depths) < 8 and (found := collide(box(), box((1.5, 1.0, 1.0)), move)).depth > 1e-3:
            move[:3, 3] += (found.depth + 1e-6) * found.normals[0]
            depths.append(found.depth)
        assert 1 <= len(depths) < 8
        assert np.linalg.norm(move[:3, 3] - start[:3, 3]) >= depths[0]  # no less was needed


def test_an_edge_across_an_edge_is_found_though_no_corner_is_inside():
    bar = box((4.0, 0.2, 0.2))
    turn = trimesh.transformations.rotation_matrix(np.pi / 2.0, (0.0, 0.0, 1.0))
    turn[2, 3] = 0.15
    found = collide(bar, bar, turn)
    assert found.depth == pytest.approx(0.05, abs=1e-3)
    turn[2, 3] = 0.3
    assert collide(bar, bar, turn).distance == pytest.approx(0.1, abs=1e-6)


def test_one_in_the_other_counts_and_so_does_scale():
    small = Similarity(np.eye(3), 0.1, np.array([0.5, 0.0, 0.0]))
    found = collide(box(), icosphere(8), small)
    assert found.depth == pytest.approx(0.6, abs=5e-3)
    swapped = collide(icosphere(8), box(), small.inverse)
    assert swapped.depth == pytest.approx(10.0 * found.depth, rel=0.02)


def test_fields_that_are_no_meshes_collide_as_well():
    plate = union(Block((0.0, 0.0, 0.0), (2.0, 2.0, 0.2)), Ball((0.0, 0.0, 0.1), 0.3), 0.1)
    found = collide(plate, offset(Ball(radius=0.4), 0.1), shifted(0.0, 0.0, 0.85), Extraction(32, 2))
    assert found.depth == pytest.approx(0.05, abs=0.01)


def test_distances_come_with_their_directions():
    distance, normal = distance_and_normal(box(), np.array([[2.0, 0.0, 0.0], [0.0, 0.0, -0.9], [0.3, 1.0, 0.2]]))
    assert np.allclose(distance, [1.0, -0.1, 0.0])
    assert np.allclose(normal, [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    assert np.allclose(distance_and_normal(Ball(), np.zeros((1, 3)))[1], 0.0)


def test_what_stretches_is_refused():
    with pytest.raises(InvalidParameter, match="stretches"):
        collide(Ball(), icosphere(4), np.diag([1.0, 2.0, 1.0, 1.0]))
    with pytest.raises(InvalidParameter, match="mirrors"):
        collide(Ball(), icosphere(4), np.diag([-1.0, 1.0, 1.0, 1.0]))
    with pytest.raises(InvalidParameter):
        collide(Ball(), icosphere(4), np.full((4, 4), np.nan))
    with pytest.raises(InvalidMesh, match="not numbers"):
        distance_and_normal(Ball(), np.array([[np.inf, 0.0, 0.0]]))


@pytest.mark.parametrize("axis", "xyz")
def test_a_section_has_the_distances_of_its_plane(axis):
    block = Block((1.0, 2.0, 3.0), (2.0, 4.0, 1.0))
    found = section(block, axis, 0.25, resolution=40)
    k = "xyz".index(axis)
    points = found.points
    assert np.allclose(points[:, k], block.bounds.low[k] + 0.25 * block.size[k])
    assert np.allclose(found.values.ravel(), block.distance(points))
    others = [i for i in range(3) if i != k]
    assert np.allclose(np.ptp(points[:, others], axis=0), np.array(block.size)[others] + 2 * 0.15 * 4.0)
    assert max(found.values.shape) == 40
    normal = np.cross(*(points[found.faces[0]][[1, 3]] - points[found.faces[0]][0]))
    assert np.abs(normal[k]) > 0.0 and found.faces.max() == len(points) - 1


def test_a_section_is_refused_where_there_is_none():
    for wrong in (
        {"axis": "w"},
        {"resolution": 1},
        {"resolution": 10_000},
        {"position": np.nan},
        {"position": 7.0},
        {"margin": -1.0},
    ):
        with pytest.raises(InvalidParameter):
            section(Ball(), **wrong)
    with pytest.raises(InvalidParameter, match="no end"):
        section(HalfSpace())


def test_colours_tell_inside_from_outside_and_lines_are_where_they_belong():
    values = section(Ball(), "z", 0.5, resolution=201).values
    plain = section_colours(values, limit=1.0, lines=False)
    inside = values < -0.3
    assert (plain[inside][:, 2] > plain[inside][:, 0]).all()
    assert (plain[values > 0.2][:, 0] > plain[values > 0.2][:, 2]).all()
    ratio = section_colours(values, limit=1.0, spacing=0.25)[..., 1] / plain[..., 1]
    step = np.abs(values[100, 101] - values[100, 100])
    on_line = np.abs(values) < 0.4 * step
    assert (ratio[on_line] < 0.4).all()
    far = np.abs(values - 0.25 * np.round(values / 0.25)) > 2.5 * step
    assert np.allclose(ratio[far & (np.abs(values) > 0.01)], 1.0)
    assert fitting_limit(values) == pytest.approx(1.0)
    assert np.isfinite(section_colours(np.zeros((4, 5)))).all()
    with pytest.raises(InvalidParameter):
        section_colours(values, limit=-1.0)
