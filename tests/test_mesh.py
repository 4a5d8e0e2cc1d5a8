# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from meshes import cube, tetrahedron
from spherical_cow.errors import InvalidMesh
from spherical_cow.mesh import Mesh, require_usable

TRIANGLE = ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])


def test_array_likes_become_contiguous_arrays() -> None:
    mesh = Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], {"height": [1, 2, 3]})
    assert mesh.vertices.dtype == np.float64 and mesh.vertices.flags.c_contiguous
    assert mesh.faces.dtype == np.int64
    assert mesh.attributes["height"].dtype == np.float64
    assert (mesh.n_vertices, mesh.n_faces) == (3, 1)


def test_a_reversed_view_of_the_faces_is_copied() -> None:
    mesh = cube()
    assert Mesh(mesh.vertices, mesh.faces[:, ::-1]).faces.flags.c_contiguous


@pytest.mark.parametrize(
    ("vertices", "faces"),
    [
        (TRIANGLE[0], [[0, 1, 3]]),
        (TRIANGLE[0], [[0, 1, -1]]),
        (TRIANGLE[0], [[0.0, 1.0, 2.0]]),
        (TRIANGLE[0], [[0, 1, 2, 0]]),
        (TRIANGLE[0], [0, 1, 2]),
        ([[0, 0], [1, 0], [0, 1]], TRIANGLE[1]),
        ([0.0, 1.0, 2.0], TRIANGLE[1]),
        ([["a", "b", "c"]], TRIANGLE[1]),
    ],
)
def test_arrays_that_are_no_mesh_are_refused(vertices: object, faces: object) -> None:
    with pytest.raises(InvalidMesh) as caught:
        Mesh(vertices, faces)  # type: ignore[arg-type]
    assert caught.value.found and caught.value.remedy


@pytest.mark.parametrize("values", [[1.0, 2.0], np.zeros((3, 2, 2)), 1.0])
def test_attributes_must_have_one_row_per_vertex(values: object) -> None:
    with pytest.raises(InvalidMesh, match="color"):
        Mesh(*TRIANGLE, {"color": values})  # type: ignore[dict-item]


def test_attributes_cannot_be_changed_in_place() -> None:
    mesh = tetrahedron().with_attributes(height=np.zeros(4))
    with pytest.raises(TypeError):
        mesh.attributes["height"] = np.ones(4)  # type: ignore[index]
    assert set(mesh.with_attributes(width=np.ones(4)).attributes) == {"height", "width"}
    assert "width" not in mesh.attributes


def test_with_vertices_keeps_faces_and_attributes() -> None:
    mesh = tetrahedron().with_attributes(height=np.arange(4.0))
    moved = mesh.with_vertices(mesh.vertices + 1.0)
    assert (moved.faces == mesh.faces).all()
    assert (moved.attributes["height"] == np.arange(4.0)).all()
    with pytest.raises(InvalidMesh):
        mesh.with_vertices(np.zeros((3, 3)))


def test_diagonal() -> None:
    assert cube(2.0).diagonal == pytest.approx(2.0 * np.sqrt(3.0))
    assert Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)).diagonal == 0.0


@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1.0), (0.0, 1e-9), (-1e6, 1e-3), (0.0, 1e9)])
def test_far_and_tiny_meshes_are_usable(offset: float, scale: float) -> None:
    mesh = cube()
    require_usable(mesh.with_vertices(mesh.vertices * scale + offset))


def unusable() -> dict[str, Mesh]:
    vertices, faces = cube().vertices, cube().faces
    with_nan, with_infinity = vertices.copy(), vertices.copy()
    with_nan[2, 1], with_infinity[0, 0] = np.nan, np.inf
    return {
        "it has no vertices": Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)),
        "no faces": Mesh(vertices, np.zeros((0, 3), int)),
        "not numbers": Mesh(with_nan, faces),
        "1 of 8 vertices": Mesh(with_infinity, faces),
        "no area": Mesh(np.ones_like(vertices), faces),
        "lines": Mesh(vertices * [1, 0, 0], faces),
        "too large": Mesh(vertices * 1e200, faces),
        "too small": Mesh(vertices * 1e-200, faces),
    }


@pytest.mark.parametrize("words", unusable())
def test_unusable_meshes_are_refused_in_plain_words(words: str) -> None:
    with pytest.raises(InvalidMesh, match=words) as caught:
        require_usable(unusable()[words])
    assert caught.value.remedy
