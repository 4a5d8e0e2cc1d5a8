# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of a picture: stages on one mesh, cameras that can be placed, textured files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.datasets.arrays import Camera
from spherical_cow.datasets.pinhole import pinhole
from spherical_cow.errors import InvalidMesh, InvalidParameter, MeshFileError
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.meshfile.color import srgb_to_linear
from spherical_cow.meshfile.textured import textured_files, write_textured_obj
from spherical_cow.networks.reconstructed import Reconstruction
from spherical_cow.networks.stages import carried
from spherical_cow.sphere.icosphere import icosphere


def rotation(seed: int) -> np.ndarray:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return turn * np.sign(np.linalg.det(turn))


def bent(mesh: Mesh, seed: int) -> Mesh:
    return mesh.with_vertices(mesh.vertices + 0.1 * np.random.default_rng(seed).normal(size=mesh.vertices.shape))


def test_an_earlier_stage_has_its_own_surface_on_the_last_mesh() -> None:
    first = bent(icosphere(2), 0)
    second = bent(midpoint_subdivide(first), 1)
    third = bent(midpoint_subdivide(second), 2)
    one, two, three = carried([first, second, third])
    assert three is third.vertices and len(one) == len(two) == third.n_vertices
    assert np.array_equal(one[: first.n_vertices], first.vertices)
    assert np.array_equal(two[: second.n_vertices], second.vertices)
    for points, stage in ((one, first), (two, second)):
        assert distances_to_surface(points, stage).max() < 1e-9
        assert distances_to_surface(stage.vertices, Mesh(points, third.faces)).max() < 1e-9
    same = carried([first, bent(first, 5)])
    assert np.array_equal(same[0], first.vertices), "as fine as before: nothing to carry"


def test_stages_that_do_not_follow_one_another_are_refused() -> None:
    first = icosphere(2)
    finer = midpoint_subdivide(first)
    with pytest.raises(InvalidParameter, match="middles of the edges"):
        carried([first, icosphere(4)])
    with pytest.raises(InvalidParameter, match="follows one of"):
        carried([finer, first])


def test_a_placed_camera_sees_what_the_matrix_says() -> None:
    turn, size = rotation(3), 224
    matrix = np.array([[300.0, 0.0, 100.0], [0.0, 300.0, 130.0], [0.0, 0.0, 1.0]])
    world = np.concatenate([1.7 * turn, [[0.1], [-0.2], [4.0]]], axis=1)
    camera, points = Camera(matrix, world), np.random.default_rng(0).normal(size=(20, 3)) * 0.3
    placed = pinhole(camera, size)
    assert np.allclose(placed.pose[:3, :3] @ placed.pose[:3, :3].T, np.eye(3))
    assert np.linalg.det(placed.pose[:3, :3]) == pytest.approx(1.0)
    seen = (np.linalg.inv(placed.pose) @ np.c_[points, np.ones(20)].T).T
    across = placed.focal * seen[:, :2] / -seen[:, 2:3] - placed.shift  # in edges, from the middle, y up
    assert np.allclose((across * [1.0, -1.0] + 0.5) * size, camera.project(points)[0])
    for wrong in (Camera(matrix, -world), Camera(matrix * np.nan, world), Camera(np.zeros((3, 3)), world)):
        with pytest.raises(InvalidParameter, match="no camera"):
            pinhole(wrong, size)


def test_a_moved_result_is_seen_as_before() -> None:
    camera = Camera(np.diag([200.0, 200.0, 1.0]), np.column_stack([rotation(2), [0.0, 0.1, 3.0]]))
    far = icosphere(2)
    result = Reconstruction((icosphere(1), far.with_vertices(far.vertices * [0.2, 0.3, 0.1] - 0.8)), camera=camera)
    for other in (result.moved(Similarity(rotation(1), 2.5, np.array([3.0, -1.0, 2.0]))), result.of_unit_size()):
        for before, after in zip(result.stages, other.stages, strict=True):
            assert np.abs(after.vertices - before.vertices).max() > 0.1
            assert np.allclose(other.camera.project(after.vertices)[0], camera.project(before.vertices)[0])
        assert np.allclose(
            pinhole(other.camera, 224).pose[:3, :3].T @ pinhole(other.camera, 224).pose[:3, :3], np.eye(3)
        )
    unit = result.of_unit_size().mesh.vertices
    assert np.ptp(unit, axis=0).max() == pytest.approx(1.0) and np.allclose(unit.max(axis=0), -unit.min(axis=0))
    with pytest.raises(InvalidParameter, match="shrunk to a point"):
        Reconstruction((far.with_vertices(far.vertices * 0.0),)).of_unit_size()


def painted() -> tuple[Mesh, np.ndarray, np.ndarray]:
    """A mesh on which each face has its own pixel of a picture of 5 × 4."""
    mesh = icosphere(1)
    pixels = np.rint(np.random.default_rng(0).random((4, 5, 3)) * 255.0) / 255.0
    row, column = np.divmod(np.arange(20), 5)
    middles = np.stack([(column + 0.5) / 5, 1.0 - (row + 0.5) / 4], axis=1)
    return mesh, pixels, middles[:, None] + np.array([[0.0, 0.02], [0.01, 0.0], [-0.01, 0.0]])


@pytest.mark.parametrize("name", ["ball.obj", "a ball.obj"])
def test_a_textured_file_is_read_by_others(name: str, tmp_path: Path) -> None:
    mesh, pixels, uv = painted()
    files = write_textured_obj(mesh, pixels, uv, tmp_path / name)
    assert files == list(textured_files(tmp_path / name)) and all(file.is_file() for file in files)
    assert sorted(tmp_path.iterdir()) == sorted(files) and not any(" " in file.name for file in files[1:])
    read = trimesh.load(tmp_path / name, process=False, force="mesh")
    assert np.array_equal(read.vertices[read.faces], mesh.vertices[mesh.faces])
    assert np.allclose(read.visual.uv[read.faces], uv, atol=1e-9)
    image = np.asarray(read.visual.material.image.convert("RGB")) / 255.0
    assert np.array_equal(image, pixels)
    faces = read.visual.uv[read.faces].mean(axis=1)
    column, row = np.floor(faces * [5, 4]).astype(int).T
    assert np.array_equal(image[3 - row, column], pixels.reshape(20, 3)), "each face has its own pixel"


def test_a_textured_file_is_read_by_us(tmp_path: Path) -> None:
    mesh, pixels, uv = painted()
    again = read_mesh(write_textured_obj(mesh, np.full_like(pixels, 0.4), uv, tmp_path / "ball.obj")[0])
    assert np.array_equal(again.vertices, mesh.vertices) and np.array_equal(again.faces, mesh.faces)
    assert np.allclose(again.attributes["color"], srgb_to_linear(np.array(0.4)))


def test_what_cannot_be_a_textured_file_is_refused(tmp_path: Path) -> None:
    mesh, pixels, uv = painted()
    with pytest.raises(MeshFileError, match=r"ball\.ply"):
        write_textured_obj(mesh, pixels, uv, tmp_path / "ball.ply")
    for wrong in (uv[1:], uv * np.nan):
        with pytest.raises(InvalidMesh, match="do not fit"):
            write_textured_obj(mesh, pixels, wrong, tmp_path / "ball.obj")
    assert not list(tmp_path.iterdir())
