# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrise: by the numbers of vertices, by geometry, and in the space of harmonics."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import cube, ellipsoid, joined, random_rotation, real_mesh, torus
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.mesh import Mesh
from spherical_cow.symmetry.elements import Plane
from spherical_cow.symmetry.halves import mirror_half
from spherical_cow.symmetry.icospheres import mirror_icosphere
from spherical_cow.symmetry.pairs import mirror_partners
from spherical_cow.symmetry.symmetrise import averaged, by_partners, find_plane, symmetrise
from spherical_cow.topology import check

X = Plane(np.array([1.0, 0.0, 0.0]), 0.0)


def lumpy(n: int = 8) -> Mesh:
    """A ball with a bump on one side, whose numbers correspond across x = 0, with a colour."""
    ball = mirror_icosphere(n)
    bump = 1.0 + 0.3 * np.exp(-4.0 * np.square(ball.vertices - [0.8, 0.5, 0.2]).sum(axis=1))
    return ball.with_vertices(ball.vertices * bump[:, None]).with_attributes(color=0.5 + 0.5 * ball.vertices)


def require_mirrored(mesh: Mesh, plane: Plane, opposite: np.ndarray) -> None:
    """Vertices, faces and attributes are their own mirror images, exactly."""
    np.testing.assert_array_equal(opposite[opposite], np.arange(mesh.n_vertices))
    np.testing.assert_allclose(plane.reflect(mesh.vertices)[opposite], mesh.vertices, atol=1e-14 * mesh.diagonal)
    faces = {tuple(np.roll(face, -face.argmin())) for face in mesh.faces}
    assert {tuple(np.roll(face, -face.argmin())) for face in opposite[mesh.faces][:, ::-1]} == faces
    for values in mesh.attributes.values():
        np.testing.assert_allclose(values[opposite], values, atol=1e-14)


@pytest.mark.parametrize("side", ["positive", "negative", "average"])
@pytest.mark.parametrize("method", ["geometry", "index"])
def test_a_symmetrised_mesh_is_its_own_mirror_image(side: str, method: str) -> None:
    rotation, mesh = random_rotation(3), lumpy()
    turned = mesh.with_vertices(mesh.vertices @ rotation.T + [1.0, 2.0, 3.0])
    plane = Plane.through(np.array([1.0, 2.0, 3.0]), rotation[:, 0])
    result = symmetrise(turned, plane, side, method)
    require_mirrored(result.mesh, plane, result.opposite)
    assert check(result.mesh).is_genus_zero
    if side != "average":
        sign = 1.0 if side == "positive" else -1.0
        kept = turned.vertices[sign * plane.distance(turned.vertices) > 1e-3]
        assert distances_to_surface(kept, result.mesh).max() < 1e-12


def test_the_average_lies_between_the_halves() -> None:
    mesh = lumpy(12)
    mean = symmetrise(mesh, X, "average", "index").mesh
    twice = 0.5 * (mesh.vertices + X.reflect(mesh.vertices[mirror_partners(mesh, X)]))
    np.testing.assert_allclose(mean.vertices, twice, atol=1e-14)
    by_geometry = symmetrise(mesh, X, "average").mesh
    heights = [np.linalg.norm(shape.vertices, axis=1).max() for shape in (mesh, mean, by_geometry)]
    assert 1.0 < heights[1] < heights[0] and heights[2] == pytest.approx(heights[1], abs=0.03)
    still = ellipsoid(level=3)
    np.testing.assert_allclose(averaged(still, X), still.vertices, atol=1e-12)


@pytest.mark.parametrize("name", ["cheburashka", "spot_color"])
def test_real_meshes_become_exactly_symmetric_and_stay_closed(name: str) -> None:
    mesh = real_mesh(name)
    plane = Plane.through(mesh.vertices.mean(axis=0), np.array([1.0, 0.05, 0.02]))
    for side in ("positive", "average"):
        result = symmetrise(mesh, plane, side)
        require_mirrored(result.mesh, plane, result.opposite)
        report = check(result.mesh, self_intersections=False)
        assert report.row("closed").ok and report.row("oriented").ok


def test_partners_follow_the_connectivity_through_a_pose() -> None:
    eye = mirror_icosphere(2)
    eyes = (eye.with_vertices(0.2 * eye.vertices + [side * 0.9, 0.6, 0.3]) for side in (1.0, -1.0))
    mesh = joined(mirror_icosphere(5), *eyes)
    expected = mirror_partners(mesh, X)
    np.testing.assert_allclose(mesh.vertices[expected], X.reflect(mesh.vertices), atol=1e-12)
    bend = np.clip(mesh.vertices[:, :1], 0.0, None) ** 2  # the right half bends up and forward
    posed = mesh.with_vertices(mesh.vertices + bend * np.array([0.0, 0.5, 0.4]))
    np.testing.assert_array_equal(mirror_partners(posed, X), expected)
    straight = symmetrise(posed, X, "negative", "index")
    np.testing.assert_allclose(straight.mesh.vertices, mesh.vertices, atol=1e-12)
    require_mirrored(symmetrise(posed, X, "average", "index").mesh, X, expected)


def test_partners_of_polygons_do_not_depend_on_their_diagonals() -> None:
    n = 4
    box = cube(1.0, n)
    box = box.with_vertices(box.vertices - 0.5)
    with pytest.raises(InvalidParameter, match="do not correspond"):
        mirror_partners(box, X)
    corners = []
    for side in range(6):
        first, second = np.split(box.faces[side * 2 * n * n : (side + 1) * 2 * n * n], 2)
        corners.append(np.column_stack([first, second[:, 2]]))
    polygons = np.concatenate(corners)
    partner = mirror_partners(box, X, (polygons.ravel(), 4 * np.arange(len(polygons))))
    np.testing.assert_allclose(box.vertices[partner], X.reflect(box.vertices), atol=1e-12)


def test_open_and_handled_meshes_can_be_symmetrised_too() -> None:
    ring = torus()
    result = symmetrise(ring, "x", "positive")
    require_mirrored(result.mesh, X, result.opposite)
    half = Mesh(ring.vertices, ring.faces[: len(ring.faces) // 2])
    cut = mirror_half(half, Plane(np.array([0.0, 0.0, 1.0]), 0.05))
    require_mirrored(cut.mesh, Plane(np.array([0.0, 0.0, 1.0]), 0.05), cut.opposite)


def test_planes_can_be_named_found_and_given_as_numbers() -> None:
    mesh = lumpy()
    assert find_plane(mesh, "y").normal.tolist() == [0.0, 1.0, 0.0]
    given = find_plane(mesh, "0,0,2,1")
    assert given.normal.tolist() == [0.0, 0.0, 1.0] and given.offset == 0.5
    assert find_plane(mesh, "1,1,0").offset == 0.0
    for text in ("w", "1,2", "a,b,c,d", "0,0,0,1", "nan,0,0,0"):
        with pytest.raises(InvalidParameter):
            find_plane(mesh, text)
    rotation, shape = random_rotation(1), symmetrise(mesh, "x").mesh
    turned = find_plane(shape.with_vertices(shape.vertices @ rotation.T))
    assert np.abs(turned.normal @ rotation[:, 0]) > 0.9999 and abs(turned.offset) < 0.01


def test_what_cannot_be_symmetrised_is_said() -> None:
    mesh = lumpy(3)
    with pytest.raises(InvalidParameter, match="Nothing lies"):
        symmetrise(mesh, "1,0,0,9")
    with pytest.raises(InvalidParameter, match="do not correspond"):
        symmetrise(real_mesh("fish"), "x", "average", "index")
    with pytest.raises(InvalidParameter, match="side"):
        symmetrise(mesh, "x", "left")
    with pytest.raises(InvalidParameter, match="method"):
        symmetrise(mesh, "x", "average", "magic")
    with pytest.raises(InvalidParameter, match="side"):
        mirror_half(mesh, X, "average")
    partner = mirror_partners(mesh, X)
    assert by_partners(mesh, X, partner).n_faces == mesh.n_faces
