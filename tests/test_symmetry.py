# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry: planes and axes of known solids, of real shapes made symmetric, and none where there is none."""

from __future__ import annotations

import json

import igl
import numpy as np
import pytest
import spherical_cow as sc
from meshes import real_mesh
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation
from spherical_cow.cli.main import main
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.cad.symmetry import symmetrise
from spherical_cow.repairs.traced import Traced
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.symmetry.closure import implied
from spherical_cow.symmetry.elements import CONTINUOUS, Axis, Plane, element_from_dict, images
from spherical_cow.symmetry.guides import cut, guide
from spherical_cow.tasks import run_task

X, Y, Z = np.eye(3)


def hull(points) -> Mesh:
    points = np.asarray(points, dtype=float)
    faces = ConvexHull(points).simplices
    corner = points[faces]
    inward = np.einsum("fi,fi->f", np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), corner[:, 0]) < 0
    return Mesh(points, np.where(inward[:, None], faces[:, ::-1], faces))


def prism(radius: np.ndarray, height: float = 0.8, twist: float = 0.0) -> Mesh:
    """Over a star-shaped polygon with these radii at even angles; its top may be twisted."""
    n = len(radius)
    angle = 2.0 * np.pi * np.arange(n) / n
    layers = [
        np.stack([radius * np.cos(angle + t), radius * np.sin(angle + t), np.full(n, z)], axis=1)
        for t, z in ((-twist, -height), (twist, height))
    ]
    i, j = np.arange(n), (np.arange(n) + 1) % n
    bottom, top = np.full(n, 2 * n), np.full(n, 2 * n + 1)
    sides = [np.stack([i, j, j + n], axis=1), np.stack([i, j + n, i + n], axis=1)]
    caps = [np.stack([j, i, bottom], axis=1), np.stack([i + n, j + n, top], axis=1)]
    return Mesh(np.concatenate([*layers, [[0, 0, -height], [0, 0, height]]]), np.concatenate([*sides, *caps]))


def placed(mesh: Mesh, seed: int = 3) -> Mesh:
    """Turned at random, seven times as large, and far away."""
    rotation = Rotation.random(random_state=seed).as_matrix()
    return mesh.with_vertices(7.0 * mesh.vertices @ rotation.T + np.array([5.0, -3.0, 100.0]))


CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
SOLIDS = {
    "cube": (hull(CORNERS), 9, [2] * 6 + [3] * 4 + [4] * 3),
    "box": (hull(CORNERS * [1.0, 0.7, 0.4]), 3, [2] * 3),
    "tetrahedron": (hull([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]), 6, [2] * 3 + [3] * 4),
    "prism 3": (prism(np.ones(3)), 4, [2] * 3 + [3]),
    "gear 7": (prism(np.tile([1.0, 1.0, 0.8, 0.8], 7), 0.2), 8, [2] * 7 + [7]),
    "propeller": (prism(np.tile([1.0, 0.5, 0.6, 0.7, 0.8, 0.9], 5), 0.3, 0.2), 0, [5]),
    "pyramid": (hull([[1, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0], [0, 0, 1.3]]), 4, [4]),
}
KINDS = {"box": ("two planes", 0.25), "propeller": ("rotational", 0.2), "gear 7": ("rotational", 0.071)}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids(name):
    mesh, planes, orders = SOLIDS[name]
    found = sc.symmetries(placed(mesh))
    assert len(found.planes) == planes and sorted(f.element.order for f in found.axes) == orders
    assert all(item.error < 1e-6 and item.score == 1.0 for item in (*found.planes, *found.axes))
    assert not any(item.family for item in (*found.planes, *found.axes))
    assert (found.kind, round(found.parameters, 3)) == KINDS.get(name, (found.kind, round(found.parameters, 3)))
    centre = placed(mesh).vertices.mean(axis=0) if name != "pyramid" else None
    if centre is not None and planes:
        assert max(abs(f.element.distance(centre)) for f in found.planes) < 1e-5 * found.diagonal


def test_a_prism_of_twelve_sides_is_no_cylinder_even_with_noise():
    mesh = prism(np.ones(12))
    for _ in range(3):
        mesh = midpoint_subdivide(mesh)
    noise = np.random.default_rng(1).normal(size=mesh.vertices.shape) * 0.005 * mesh.diagonal / np.sqrt(3.0)
    found = sc.symmetries(mesh.with_vertices(mesh.vertices + noise))
    assert len(found.planes) == 13 and sorted(f.element.order for f in found.axes) == [2] * 12 + [12]
    assert all(0.001 < item.error < 0.004 for item in (*found.planes, *found.axes))


def test_a_cylinder_has_a_continuous_axis_a_plane_and_families():
    found = sc.symmetries(placed(prism(np.ones(48))))
    assert found.kind == "rotational" and found.parameters == pytest.approx(0.1)
    assert sorted((f.element.order, f.family) for f in found.axes) == [(0, False), (2, True)]
    assert sorted(f.family for f in found.planes) == [False, True]
    axis = next(f.element for f in found.axes if f.element.is_continuous)
    turned = Rotation.random(random_state=3).as_matrix() @ Z
    assert abs(axis.direction @ turned) > 1.0 - 1e-6 and axis.distance(np.array([[5.0, -3.0, 100.0]]))[0] < 1e-3


def test_a_sphere_is_said_to_be_one_and_an_ellipsoid_is_not():
    ball = icosphere(12)
    assert sc.symmetries(placed(ball)).kind == "spherical"
    assert sc.symmetries(placed(ball.with_vertices(ball.vertices * [1.0, 0.8, 0.6]))).kind == "two planes"
    football = sc.symmetries(icosphere(1))  # an icosahedron: not round enough
    assert football.kind == "rotational" and len(football.planes) == 15 and len(football.axes) == 31


def test_a_part_of_a_sphere_is_none():
    ball = icosphere(24)
    height = ball.vertices[ball.faces].mean(axis=1)[:, 2]
    for part in (height > 0.0, np.abs(height) < 0.5):
        found = sc.symmetries(sc.Mesh(ball.vertices, ball.faces[part]))
        assert found.kind == "rotational"
        axis = next(axis.element for axis in found.axes if not axis.family)
        assert axis.order == CONTINUOUS and abs(axis.direction[2]) > 0.999


def made_symmetric(name: str, seed: int) -> tuple[Mesh, Plane]:
    """A real shape, one half of it mirrored at a random plane, in triangles that are not, noisy, and its plane."""
    random = np.random.default_rng(seed)
    mesh = real_mesh(name)
    cutting = Rotation.random(random_state=seed).as_matrix()
    mesh = mesh.with_vertices((mesh.vertices - mesh.vertices.mean(axis=0)) @ cutting.T)
    halves = symmetrise(Traced(mesh, mesh, np.arange(mesh.n_vertices), np.arange(mesh.n_faces)), about="origin")
    whole = halves.traced.mesh
    _, vertices, faces, *_ = _decimated(whole)
    scale, shift = np.exp(random.normal()), 20.0 * random.normal(size=3)
    pose = Rotation.random(random_state=seed + 1).as_matrix()
    moved = Mesh(scale * vertices @ pose.T + shift, faces)
    noise = random.normal(size=moved.vertices.shape) * 0.005 * moved.diagonal / np.sqrt(3.0)
    return moved.with_vertices(moved.vertices + noise), Plane.through(shift, pose[:, 0])


def _decimated(mesh: Mesh):
    result = igl.decimate(np.ascontiguousarray(mesh.vertices), np.ascontiguousarray(mesh.faces), mesh.n_faces // 3)
    arrays = [item for item in result if isinstance(item, np.ndarray)]
    return (True, *arrays)


@pytest.mark.parametrize(("name", "seed"), [("hand", 1), ("fandisk", 2)])
def test_the_plane_of_real_shapes_made_symmetric_with_noise(name, seed):
    mesh, truth = made_symmetric(name, seed)
    found = sc.symmetries(mesh)
    plane = found.planes[0].element
    cosine = float(plane.normal @ truth.normal)
    assert np.degrees(np.arccos(min(abs(cosine), 1.0))) < 0.25  # the bar is 0.5
    centre = mesh.vertices.mean(axis=0, keepdims=True)
    assert abs(plane.distance(centre) - np.sign(cosine) * truth.distance(centre))[0] < 0.001 * mesh.diagonal
    assert 0.001 < found.planes[0].error < 0.005


@pytest.mark.parametrize("name", ["hand", "fandisk", "cortex_left"])
def test_clearly_asymmetric_shapes_have_no_plane(name):
    found = sc.symmetries(real_mesh(name))
    assert found.kind == "none" and found.parameters == 1.0 and not found.planes and not found.axes
    assert found.nearest_plane is not None and found.nearest_plane.error > 0.015


def test_open_meshes_with_flipped_faces_and_handles():
    tube = prism(np.tile([1.0, 0.7, 0.9, 0.7], 2))
    sides = tube.faces[: 2 * 8]
    mixed = np.where(np.arange(16)[:, None] % 3 == 0, sides[:, ::-1], sides)
    found = sc.symmetries(Mesh(tube.vertices, mixed))
    assert len(found.planes) == 3 and [f.element.order for f in found.axes] == [2, 2, 2]


def test_the_threshold_is_a_part_of_the_diagonal():
    mesh = midpoint_subdivide(midpoint_subdivide(SOLIDS["box"][0]))
    bent = mesh.vertices + 0.12 * np.maximum(mesh.vertices[:, :1], 0.0) ** 2 * Y
    error = sc.symmetries(mesh.with_vertices(bent), 0.05)
    worst = max(f.error for f in error.planes)
    assert worst > 0.005
    for scale in (1e-6, 1e6):
        fewer = sc.symmetries(mesh.with_vertices(scale * bent), 0.9 * worst)
        assert len(fewer.planes) < len(error.planes) and fewer.planes[0].error < 1e-6


def test_what_is_unusable_is_refused():
    cube = SOLIDS["cube"][0]
    for threshold in (0.0, -1.0, 0.5, float("nan")):
        with pytest.raises(InvalidParameter):
            sc.symmetries(cube, threshold)
    with pytest.raises(InvalidMesh):
        sc.symmetries(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)))
    with pytest.raises(InvalidMesh):
        sc.symmetries(cube.with_vertices(np.where(np.arange(8)[:, None] == 2, np.nan, cube.vertices)))


def test_the_heat_map_is_the_distance_of_the_image():
    cube = midpoint_subdivide(midpoint_subdivide(hull(CORNERS)))
    pulled = cube.vertices.copy()
    corner = int(np.argmin(np.abs(pulled - [1, 1, 1]).sum(axis=1)))
    pulled[corner] *= 1.3
    mesh = cube.with_vertices(pulled)
    error = sc.symmetry_error(mesh, Plane(X, 0.0))
    assert np.argmax(error) == corner
    # The image of the corner lies beyond the corner (−1, 1, 1) of the cube, which is the nearest point.
    assert error[corner] * mesh.diagonal == pytest.approx(0.3 * np.sqrt(3.0))
    assert (error[cube.vertices[:, 2] < 0.0] < 1e-9).all()
    turned = sc.symmetry_error(mesh, Axis(Z, np.zeros(3), 4))
    assert (
        turned[corner] == pytest.approx(error[corner]) and sc.symmetry_error(cube, Axis(Z, np.zeros(3), 4)).max() < 1e-9
    )


def test_planes_and_axes_as_maps():
    points = np.random.default_rng(0).normal(size=(10, 3))
    plane = Plane(np.array([0.0, -3.0, 4.0]), 5.0)
    assert plane.normal == pytest.approx([0.0, -0.6, 0.8]) and plane.offset == pytest.approx(1.0)
    assert np.allclose(plane.reflect(plane.reflect(points)), points)
    assert np.allclose(plane.distance(plane.reflect(points)), -plane.distance(points))
    axis = Axis(np.array([1.0, 2.0, -3.0]), np.array([0.5, 0.0, 2.0]), 5)
    once = axis.rotate(points)
    assert np.allclose(axis.rotate(once, 4), points) and np.allclose(axis.distance(once), axis.distance(points))
    assert len(images(axis, points)) == 4
    for element, image in ((plane, plane.reflect(points)), (axis, once)):
        matrix = element.matrix()
        assert np.allclose(points @ matrix[:3, :3].T + matrix[:3, 3], image)
        again = element_from_dict(json.loads(json.dumps(element.to_dict())))
        assert np.allclose(again.matrix(), matrix)
    expected = Rotation.from_rotvec(0.3 * axis.direction).as_matrix()
    assert np.allclose(axis.turn(points, 0.3), (points - axis.point) @ expected.T + axis.point)


@pytest.mark.parametrize(
    "bad", [{}, {"normal": [0, 0, 0], "offset": 1}, {"direction": [0, 0, 1], "point": [0, 0, 0], "order": 13}]
)
def test_malformed_elements_are_refused(bad):
    with pytest.raises(InvalidParameter):
        element_from_dict(bad)


def test_what_elements_imply():
    def orders(elements):
        found = implied(elements)
        return sum(isinstance(e, Plane) for e in found), sorted(e.order for e in found if isinstance(e, Axis))

    def at(angle):
        return Plane(np.array([np.cos(angle), np.sin(angle), 0.0]), 0.0)

    assert orders([at(0.0), at(np.pi / 7.0)]) == (7, [7])
    assert orders([Axis(Z, np.zeros(3), 4), Axis(np.ones(3), np.zeros(3), 3)]) == (0, [2] * 6 + [3] * 4 + [4] * 3)
    assert orders([at(0.0), at(0.02), Axis(Z, np.zeros(3), 2)])[1] == [2]  # up to degrees the same
    tilted = Axis(np.array([0.5, 0.0, 0.8]), np.zeros(3), 4)
    assert orders([Axis(Z, np.zeros(3), 5), tilted]) == (0, [])  # no finite group has these two


def test_lines_that_show_them():
    cube = hull(CORNERS)
    points, edges = cut(cube, Plane(X, 0.25))
    assert np.allclose(points[:, 0], 0.25)
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1).sum()
    assert length == pytest.approx(8.0) and (np.bincount(edges.ravel()) == 2).all()
    points, edges = guide(cube, Axis(Z, np.zeros(3), 3))
    assert len(points) == 2 + 2 * 3 and edges.max() == 7 and points[:, 2].min() < -1.0 < 1.0 < points[:, 2].max()
    points, edges = guide(cube, Plane(X, 5.0))  # beside the mesh: only the frame
    assert len(points) == len(edges) == 4


def test_the_command_line(tmp_path, capsys):
    path, out = tmp_path / "box.ply", tmp_path / "heat.ply"
    midpoint_subdivide(SOLIDS["box"][0]).save(path)
    assert main(["symmetry", str(path), "--json", "--heat-map", str(out), "--element", "axis2"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["kind"] == "two planes" and len(data["planes"]) == len(data["axes"]) == 3
    assert data["heat_map"]["element"] == "axis2" and sc.load(out).attributes["color"].shape[1] == 3
    assert main(["symmetry", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("two planes") and lines[1].startswith("plane1") and "2-fold" in lines[4]
    assert main(["symmetry", str(path), "--heat-map", str(out), "--element", "plane4"]) == 2
    assert main(["symmetry", str(path), "--heat-map", str(tmp_path / "heat.txt")]) == 2
    assert main(["symmetry", str(path), "--element", "plane1"]) == 2
    assert main(["symmetry", str(path), "--threshold", "90%"]) == 2


def test_the_worker_tasks():
    cube = SOLIDS["pyramid"][0]
    arrays = {"vertices": cube.vertices, "faces": cube.faces}
    found = run_task("symmetries", arrays, {"threshold": 0.01}, lambda fraction, phase: None).data
    assert json.loads(json.dumps(found, allow_nan=False))["axes"][0]["order"] == 4
    error = run_task("symmetry_error", arrays, {"element": found["planes"][0]}, lambda fraction, phase: None)
    assert error.arrays["error"].max() < 1e-9
