# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import warnings
from itertools import product

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import (
    cube,
    joined,
    octahedron,
    random_rotation,
    real_mesh,
    subdivided_sphere,
    tetrahedron,
    torus,
    uv_sphere,
)
from spherical_cow.errors import Cancelled, InvalidMesh, NotGenusZero
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh
from spherical_cow.topology import check, require_genus_zero

ROWS = (
    "closed", "manifold_edges", "manifold_vertices", "oriented", "outward", "one_component", "genus",
    "degenerate_faces", "duplicate_faces", "isolated_vertices", "self_intersections",
)  # fmt: skip


def wrong(mesh: Mesh) -> set[str]:
    return {row.name for row in check(mesh).rows if not row.ok}


def moved(mesh: Mesh, *offset: float) -> Mesh:
    return mesh.with_vertices(mesh.vertices + np.array(offset))


def with_faces(mesh: Mesh, faces: object) -> Mesh:
    return Mesh(mesh.vertices, np.asarray(faces))


def klein_bottle(n: int = 12) -> Mesh:
    grid = np.arange(n * n).reshape(n, n)
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    right = np.where(i + 1 < n, grid[(i + 1) % n, j], grid[0, (-j) % n])
    corner = np.where(i + 1 < n, grid[(i + 1) % n, (j + 1) % n], grid[0, (-j - 1) % n])
    up = grid[i, (j + 1) % n]
    quads = [a.ravel() for a in (grid, right, corner, up)]
    faces = np.concatenate([np.stack([quads[0], quads[1], quads[2]], 1), np.stack([quads[0], quads[2], quads[3]], 1)])
    return Mesh(np.random.default_rng(0).random((n * n, 3)), faces)


def two_cubes_at_a_vertex() -> Mesh:
    a, b = cube(), cube()
    faces = b.faces + 8
    corner = int(np.flatnonzero((a.vertices == 1).all(axis=1))[0])
    other = 8 + int(np.flatnonzero((b.vertices == 0).all(axis=1))[0])
    faces[faces == other] = corner
    vertices = np.concatenate([a.vertices, b.vertices + 1.0])
    keep = np.setdiff1d(np.arange(16), [other])
    number = np.full(16, -1)
    number[keep] = np.arange(15)
    return Mesh(vertices[keep], number[np.concatenate([a.faces, faces])])


@pytest.mark.parametrize(
    "mesh", [tetrahedron(), octahedron(), cube(), cube(2.0, 4), uv_sphere(12), subdivided_sphere(3)]
)
def test_good_surfaces_pass_every_row(mesh: Mesh) -> None:
    report = check(mesh)
    assert tuple(row.name for row in report.rows) == ROWS
    assert all(row.ok and row.count == 0 and not len(row.indices) for row in report.rows)
    assert report.is_genus_zero and report.reasons == () and report.remedy == ""
    assert (report.genus, report.euler, report.components) == (0, 2, 1)
    assert report.n_edges == 3 * mesh.n_faces // 2
    require_genus_zero(mesh)


def test_open_surface() -> None:
    mesh = cube(1.0, 3)
    mesh = with_faces(mesh, mesh.faces[1:-1])
    row = check(mesh).row("closed")
    assert (row.ok, row.count, row.element) == (False, len(row.indices), "edge")
    outline = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    single = trimesh.grouping.group_rows(outline.edges_sorted, require_count=1)
    expected = {tuple(e) for e in outline.edges_sorted[single].tolist()}
    assert {tuple(e) for e in row.indices.tolist()} == expected
    assert not check(mesh).is_genus_zero
    assert check(mesh).genus == 0


def test_three_faces_at_an_edge() -> None:
    mesh = cube()
    fin = Mesh(np.concatenate([mesh.vertices, [[0.5, 0.5, 2.0]]]), np.concatenate([mesh.faces, [[0, 1, 8]]]))
    row = check(fin).row("manifold_edges")
    assert row.count == 1 and row.indices.tolist() == [[0, 1]]
    assert check(fin).genus is None and not check(fin).is_genus_zero


def test_two_cubes_that_touch_at_a_vertex() -> None:
    mesh = two_cubes_at_a_vertex()
    report = check(mesh)
    corner = int(np.flatnonzero((mesh.vertices == 1).all(axis=1))[0])
    assert report.row("manifold_vertices").indices.tolist() == [corner]
    assert report.row("manifold_edges").ok and report.row("one_component").ok
    assert wrong(mesh) == {"manifold_vertices", "genus"}


def test_turned_faces() -> None:
    mesh = cube()
    faces = mesh.faces.copy()
    faces[3] = faces[3, ::-1]
    report = check(with_faces(mesh, faces))
    row = report.row("oriented")
    assert row.count == 3
    assert {tuple(e) for e in row.indices.tolist()} == {
        tuple(sorted(p)) for p in zip(faces[3], np.roll(faces[3], 1), strict=True)
    }
    assert report.row("closed").ok and not report.is_genus_zero and report.genus == 0


def test_inward_faces_do_not_hinder() -> None:
    mesh = uv_sphere(8)
    report = check(with_faces(mesh, mesh.faces[:, ::-1]))
    assert not report.row("outward").ok and report.row("outward").count == mesh.n_faces
    assert report.is_genus_zero


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_outward_is_told_far_from_the_origin(offset: float) -> None:
    assert check(moved(uv_sphere(8), offset, offset, offset)).row("outward").ok


def test_separate_parts() -> None:
    report = check(joined(uv_sphere(8), moved(cube(), 3, 0, 0), moved(tetrahedron(), 9, 0, 0)))
    row = report.row("one_component")
    assert (report.components, row.count) == (3, 3)
    assert (row.indices == np.arange(uv_sphere(8).n_faces, uv_sphere(8).n_faces + 16)).all()
    assert report.genus == 0 and not report.is_genus_zero


def test_genus_of_tori_and_the_loops_around_their_handles() -> None:
    for parts in (1, 2, 3):
        mesh = joined(*(moved(torus(12, 8), 3.0 * k, 0, 0) for k in range(parts)))
        report = check(mesh)
        assert report.genus == parts and report.row("genus").count == parts
        loops = report.row("genus").indices
        edges = {tuple(sorted(e)) for face in mesh.faces.tolist() for e in product(face, face)}
        assert {tuple(e) for e in loops.tolist()} <= edges
        # Cut along the loops, nothing that goes around a handle is left: the rest is a disc for each part.
        assert len(loops) - len(np.unique(loops)) == parts


def test_genus_of_an_open_torus_and_of_one_sided_surfaces() -> None:
    ring = torus(12, 8)
    report = check(with_faces(ring, ring.faces[1:]))
    assert report.genus == 1
    assert not check(klein_bottle()).row("oriented").ok
    assert not check(klein_bottle()).is_genus_zero


def test_degenerate_faces_do_not_hinder() -> None:
    mesh = midpoint_subdivide(tetrahedron())
    vertices = mesh.vertices.copy()
    vertices[4] = vertices[0]
    report = check(Mesh(vertices, mesh.faces))
    assert report.row("degenerate_faces").count == 2
    assert report.is_genus_zero


def test_a_sliver_with_collinear_corners_is_degenerate() -> None:
    mesh = Mesh([[0, 0, 0], [1, 0, 0], [0.3, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]])
    assert check(mesh).row("degenerate_faces").indices.tolist() == [0]
    rotated = mesh.with_vertices((mesh.vertices @ random_rotation(3).T) * 1e-9 + 1e-3)
    assert 0 in check(rotated).row("degenerate_faces").indices


def test_a_face_that_names_a_vertex_twice() -> None:
    mesh = cube()
    report = check(with_faces(mesh, np.concatenate([mesh.faces, [[0, 0, 1], [2, 2, 2]]])))
    assert report.row("degenerate_faces").indices.tolist() == [12, 13]
    assert not report.row("manifold_edges").ok and not report.is_genus_zero


def test_duplicate_faces() -> None:
    mesh = cube()
    extra = np.array([mesh.faces[4][::-1], mesh.faces[4], mesh.faces[7]])
    report = check(with_faces(mesh, np.concatenate([mesh.faces, extra])))
    assert report.row("duplicate_faces").indices.tolist() == [12, 13, 14]
    assert not report.is_genus_zero


def test_a_pillow_of_two_triangles_is_no_sphere() -> None:
    pillow = Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 1]])
    assert wrong(pillow) == {"duplicate_faces"}
    assert not check(pillow).is_genus_zero


def test_isolated_vertices() -> None:
    mesh = Mesh(np.concatenate([cube().vertices, [[5, 5, 5]]]), cube().faces)
    assert check(mesh).row("isolated_vertices").indices.tolist() == [8]
    assert not check(mesh).is_genus_zero


def test_an_empty_mesh_is_reported_and_refused() -> None:
    for mesh in (
        Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)),
        Mesh(np.zeros((2, 3)), np.zeros((0, 3), int)),
    ):
        assert not check(mesh).is_genus_zero and "no faces" in check(mesh).reasons[0]
        with pytest.raises(InvalidMesh):
            require_genus_zero(mesh)


def test_not_a_number_is_reported_and_refused() -> None:
    vertices = uv_sphere(6).vertices.copy()
    vertices[3] = np.nan
    mesh = Mesh(vertices, uv_sphere(6).faces)
    assert check(mesh).row("degenerate_faces").indices.tolist() == np.flatnonzero((mesh.faces == 3).any(1)).tolist()
    report = check(mesh)
    assert report.row("finite").indices.tolist() == [3]
    assert not report.is_genus_zero and "not numbers" in report.reasons[0]
    with pytest.raises(InvalidMesh, match="not numbers"):
        require_genus_zero(mesh)


def test_infinite_coordinates_give_no_warnings() -> None:
    vertices = cube().vertices.copy()
    vertices[0] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not check(Mesh(vertices, cube().faces)).is_genus_zero
        assert check(cube(1e200)).is_genus_zero


def test_the_error_names_every_reason_and_the_repair() -> None:
    ring = torus(12, 8)
    mesh = joined(with_faces(ring, ring.faces[1:]), moved(cube(), 5, 0, 0))
    with pytest.raises(NotGenusZero) as caught:
        require_genus_zero(mesh)
    text = str(caught.value)
    for words in (
        "open (3 boundary edges around 1 hole)",
        "2 separate parts",
        "genus is 1",
        "Repair mends it",
        "fill",
    ):
        assert words in text
    assert caught.value.reasons == list(check(mesh).reasons)


def test_the_report_is_json_ready_and_says_counts() -> None:
    data = json.loads(json.dumps(check(torus()).to_dict()))
    assert data["is_genus_zero"] is False and data["genus"] == 1
    assert [row["name"] for row in data["rows"]] == list(ROWS)
    assert all(row["text"] and row["text"][0].isupper() for row in data["rows"])
    assert "self_intersections" not in [row.name for row in check(torus(), self_intersections=False).rows]
    with pytest.raises(KeyError):
        check(torus(), self_intersections=False).row("self_intersections")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_vertices_faces_and_corners_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    mesh = joined(torus(8, 5), moved(two_cubes_at_a_vertex(), 4, 0, 0))
    mesh = with_faces(mesh, mesh.faces[3:])
    to = random.permutation(mesh.n_vertices)
    faces = np.roll(to[mesh.faces], seed % 3, axis=1)[random.permutation(mesh.n_faces)]
    shuffled = Mesh(mesh.vertices[np.argsort(to)], faces)
    a, b = check(mesh), check(shuffled)
    assert (a.genus, a.euler, a.components, a.reasons) == (b.genus, b.euler, b.components, b.reasons)
    for row in ("manifold_vertices", "isolated_vertices"):
        assert set(to[a.row(row).indices]) == set(b.row(row).indices)


def test_progress_can_stop_the_check() -> None:
    def stop(fraction: float, phase: str) -> None:
        if "self-intersections" in phase:
            raise Cancelled

    with pytest.raises(Cancelled):
        check(uv_sphere(8), progress=stop)


# Real meshes


@pytest.mark.parametrize("name", ["homer", "fandisk", "scorpion_low", "cortex_left", "hand", "spot_color"])
def test_real_surfaces_of_genus_zero(name: str) -> None:
    mesh = real_mesh(name)
    report = check(mesh)
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert report.is_genus_zero == (other.is_watertight and other.euler_number == 2) is True
    assert not (wrong(mesh) - {"self_intersections"})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("p_torus", "genus is 1"),
        ("p_gear7", "genus is 7"),
        ("eight", "genus is 2"),
        ("p_bowtie", "1 vertex not manifold"),
        ("p_nested_shell", "2 separate parts"),
        ("p_moebius", "open"),
        ("p_flipped30", "same side"),
        ("p_degen_dup", "20 duplicate faces"),
        ("p_one_triangle", "3 boundary edges"),
        ("broken/stanford_bunny", "5 holes"),
        ("suzanne", "3 separate parts"),
    ],
)
def test_real_broken_meshes(name: str, words: str) -> None:
    report = check(real_mesh(name), self_intersections=False)
    assert not report.is_genus_zero
    assert words in "; ".join(report.reasons)
