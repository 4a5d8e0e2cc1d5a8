# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrise: by the numbers of vertices, by geometry, and in the space of harmonics."""

from __future__ import annotations

import json
from pathlib import Path

import igl
import numpy as np
import pytest
from meshes import cube, ellipsoid, joined, random_rotation, real_mesh, torus
from spherical_cow.cli.main import main
from spherical_cow.codec import decode, encode
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.harmonics.container import POSITION
from spherical_cow.harmonics.transforms import synthesize
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.shape import Shape
from spherical_cow.sphere.distortion import flips
from spherical_cow.symmetric_shape import symmetrise_shape
from spherical_cow.symmetry.by_index import symmetrise_vertices
from spherical_cow.symmetry.elements import Plane
from spherical_cow.symmetry.halves import mirror_half
from spherical_cow.symmetry.harmonic import mirrored, sphere_mirror
from spherical_cow.symmetry.icospheres import mirror_icosphere
from spherical_cow.symmetry.left_right import left_right_errors
from spherical_cow.symmetry.pairs import mirror_partners
from spherical_cow.symmetry.symmetrise import averaged, by_partners, find_plane, symmetrise
from spherical_cow.symmetry.templates import template
from spherical_cow.symmetry.uv import symmetric_uvs
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
    twice = 0.5 * (mesh.vertices + X.reflect(mesh.vertices[mirror_partners(mesh, X).vertex]))
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
    expected = mirror_partners(mesh, X).vertex
    np.testing.assert_allclose(mesh.vertices[expected], X.reflect(mesh.vertices), atol=1e-12)
    bend = np.clip(mesh.vertices[:, :1], 0.0, None) ** 2  # the right half bends up and forward
    posed = mesh.with_vertices(mesh.vertices + bend * np.array([0.0, 0.5, 0.4]))
    np.testing.assert_array_equal(mirror_partners(posed, X).vertex, expected)
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
    found = mirror_partners(box, X, (polygons.ravel(), 4 * np.arange(len(polygons))))
    np.testing.assert_allclose(box.vertices[found.vertex], X.reflect(box.vertices), atol=1e-12)
    np.testing.assert_array_equal(polygons.ravel()[found.corner], found.vertex[polygons.ravel()])
    np.testing.assert_array_equal(found.corner[found.corner], np.arange(polygons.size))


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
    partner = mirror_partners(mesh, X).vertex
    assert by_partners(mesh, X, partner).n_faces == mesh.n_faces


def require_symmetric_shape(shape: Shape, plane: Plane) -> None:
    """The rebuilt surface is its own mirror image, point by point, on the mirror of its sphere."""
    normal = sphere_mirror(shape.harmonics, plane)
    directions = mirror_icosphere(6).vertices
    image = directions - 2.0 * (directions @ normal)[:, None] * normal
    points, mirrored_points = (synthesize(shape.harmonics.select(POSITION), d) for d in (directions, image))
    np.testing.assert_allclose(plane.reflect(points), mirrored_points, atol=1e-4 * np.ptp(points))


def test_mirroring_coefficients_mirrors_the_surface() -> None:
    mesh = lumpy()
    shape = encode(mesh, lmax=8)
    plane, normal = Plane(np.array([1.0, 2.0, -0.5]), 0.3), np.array([0.6, 0.0, 0.8])
    image = mirrored(shape.harmonics, plane, normal)
    directions = mirror_icosphere(3).vertices
    across = directions - 2.0 * (directions @ normal)[:, None] * normal
    values, expected = synthesize(image, directions), synthesize(shape.harmonics, across)
    np.testing.assert_allclose(values[:, :3], plane.reflect(expected[:, :3]), atol=1e-9)
    np.testing.assert_allclose(values[:, 3:], expected[:, 3:], atol=1e-9)
    twice = mirrored(image, plane, normal)
    np.testing.assert_allclose(twice.coefficients, shape.harmonics.coefficients, atol=1e-9)


def test_the_symmetric_part_of_a_symmetric_shape_is_the_shape() -> None:
    rotation = random_rotation(5)
    whole = symmetrise(real_mesh("spot_color"), "x").mesh
    mesh = whole.with_vertices(whole.vertices @ rotation.T + [0.1, 0.2, 0.3])
    shape = encode(mesh, lmax=24)
    plane = Plane.through(np.array([0.1, 0.2, 0.3]), rotation[:, 0])
    plain, found = (symmetrise_shape(shape, plane, deform_map=deform) for deform in (False, True))
    assert plain.asymmetry_rel > 10.0 * found.asymmetry_rel  # the map to the sphere is not symmetric by itself
    assert found.asymmetry_rel < 5e-4 and found.parts.match > 0.99999
    sphere, faces = found.shape.require_sphere()
    assert flips(sphere, faces) == 0
    assert np.abs(np.linalg.norm(sphere, axis=1) - 1.0).max() < 1e-12
    rebuilt, before = decode(found.shape), decode(shape)
    assert np.linalg.norm(rebuilt.vertices - before.vertices, axis=1).mean() < 1e-3 * mesh.diagonal
    assert np.abs(rebuilt.attributes["color"] - before.attributes["color"]).mean() < 0.01
    require_symmetric_shape(found.shape, plane)


def test_asymmetry_can_be_taken_away_doubled_and_turned_round() -> None:
    mesh = lumpy(12)
    shape = encode(mesh, lmax=20)
    found = symmetrise_shape(shape, "x")
    assert found.asymmetry_rel > 0.003
    require_symmetric_shape(found.at(0.0), X)
    original = decode(found.at(1.0))
    assert np.linalg.norm(original.vertices - decode(shape).vertices, axis=1).mean() < 0.002
    reach = [np.linalg.norm(decode(found.at(amount)).vertices, axis=1).max() for amount in (0.0, 1.0, 2.0)]
    assert reach[0] < reach[1] < reach[2]
    back = decode(found.at(-1.0))
    assert distances_to_surface(X.reflect(back.vertices), original).max() < 0.02
    compact = symmetrise_shape(shape.compact(), "x")
    assert compact.shape.sphere is None and compact.asymmetry_rel == pytest.approx(found.asymmetry_rel, rel=0.1)


def test_left_right_errors_are_zero_for_symmetric_meshes_and_right_for_shifted_ones() -> None:
    plane = Plane(np.array([1.0, 1.0, 0.0]), 0.5)
    result = symmetrise(lumpy(), plane)
    assert max(left_right_errors(result.mesh, plane, result.opposite).values()) < 1e-14
    ball = mirror_icosphere(8)
    tables = template(8).tables
    moved = ball.with_vertices(ball.vertices + np.array([0.05, 0.0, 0.0]))
    errors = left_right_errors(moved, X, tables.opposite)
    assert errors["mean"] == pytest.approx(0.05, rel=1e-6) and errors["max"] == pytest.approx(0.05, rel=1e-6)
    assert errors["hausdorff"] == pytest.approx(0.05, rel=0.02) and errors["surface_mean"] < errors["hausdorff"]
    rough = ball.with_vertices(ball.vertices + 0.05 * np.random.default_rng(0).standard_normal(ball.vertices.shape))
    far = igl.hausdorff(rough.vertices, ball.faces, X.reflect(rough.vertices), ball.faces)
    width = np.ptp(rough.vertices[:, 0])
    assert left_right_errors(rough, X)["hausdorff"] == pytest.approx(far / width, rel=1e-9)
    assert set(left_right_errors(moved, X)) == {"surface_mean", "hausdorff"}


@pytest.mark.parametrize("layout", ["share", "mirror"])
def test_uvs_of_halves_are_shared_or_mirrored_and_do_not_overlap(layout: str) -> None:
    ball, normal = mirror_icosphere(6), np.array([1.0, 0.0, 0.0])
    corners, start = ball.faces.ravel(), 3 * np.arange(ball.n_faces)
    uv = symmetric_uvs(ball.vertices, corners, start, normal, layout)
    assert uv.min() >= 0.0 and uv.max() <= 1.0
    partner = mirror_partners(ball, X).corner
    x = ball.vertices[ball.faces][:, :, 0]
    whole = np.repeat((x > -1e-9).all(axis=1) | (x < 1e-9).all(axis=1), 3)
    expected = uv[partner] if layout == "share" else np.stack([1.0 - uv[partner][:, 0], uv[partner][:, 1]], axis=1)
    np.testing.assert_allclose(uv[whole], expected[whole], atol=1e-12)
    a, b, c = uv.reshape(-1, 3, 2).transpose(1, 0, 2)
    area = 0.5 * np.cross(b - a, c - a)
    right, left = (x > -1e-9).all(axis=1), (x < 1e-9).all(axis=1)
    assert (area[right] > 0.0).all()  # faces outward are not turned over
    assert (area[left] < 0.0).all() == (layout == "share")
    scale = 1.0 if layout == "share" else 2.0
    assert scale * area[right].sum() == pytest.approx(np.pi / 4.0, rel=0.15)  # without those across the mirror
    with pytest.raises(InvalidParameter, match="layout"):
        symmetric_uvs(ball.vertices, corners, start, normal, "fold")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    status = main([*words, "--json"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    return json.loads(printed.out)


def test_the_command_symmetrises_meshes_shapes_and_templates(tmp_path: Path, capsys) -> None:
    mesh = lumpy()
    source, target = tmp_path / "in.ply", tmp_path / "out.ply"
    mesh.save(source)
    for mode in ("geometry", "index"):
        data = run(capsys, "symmetrise", str(source), str(target), "--plane", "1,0,0,0", "--mode", mode)
        assert data["after"]["max"] < 1e-6 and data["before"]["hausdorff"] > 0.01
        result = read_mesh(target)
        np.testing.assert_allclose(np.sort(result.vertices[:, 0]), np.sort(-result.vertices[:, 0]), atol=1e-6)
        assert "color" in result.attributes
    data = run(capsys, "symmetrize", str(source), str(target), "--mode", "template", "--kinds", "1", "average")
    expected = symmetrise_vertices(read_mesh(source).vertices, template(8).tables, [1, 3])
    np.testing.assert_allclose(read_mesh(target).vertices, expected, atol=1e-6)
    shape, result_shape = tmp_path / "in.harmonics.npz", tmp_path / "out.harmonics.npz"
    encode(mesh, lmax=8).save(shape)
    data = run(capsys, "symmetrise", str(shape), str(result_shape), "--plane", "x")
    assert data["asymmetry_rel"] > 0.001
    again = run(capsys, "symmetrise", str(result_shape), str(target), "--plane", "x")
    assert again["asymmetry_rel"] < 1e-4 and read_mesh(target).n_faces == mesh.n_faces
    run(capsys, "template", str(tmp_path / "t.npz"), "--level", "3", "--subdivisions", "1")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        assert file["opposite"].dtype.kind == "i" and len(file["right"]) == len(file["left"]) == 169
        gathered = file["refinement_index"].shape
    assert gathered == (10 * 12**2 + 2, 3)


def test_the_command_refuses_what_does_not_fit(tmp_path: Path, capsys) -> None:
    lumpy(3).save(tmp_path / "in.ply")
    uneven = lumpy(3)
    Mesh(uneven.vertices, uneven.faces[:-1]).save(tmp_path / "other.ply")
    for words in (
        ["in.ply", "out.ply", "--mode", "harmonic"],
        ["in.ply", "out.npz"],
        ["in.ply", "out.ply", "--plane", "up"],
        ["other.ply", "out.ply", "--mode", "template"],
    ):
        paths = [str(tmp_path / word) if "." in word else word for word in words]
        assert main(["symmetrise", *paths]) == 2
    assert not (tmp_path / "out.ply").exists()
    assert "template" in capsys.readouterr().err
