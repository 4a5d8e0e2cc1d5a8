# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from fractions import Fraction
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
from scipy.optimize import linprog
from spherical_cow.errors import Cancelled, InvalidMesh, NotGenusZero
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import Mesh
from spherical_cow.topology import check, require_genus_zero
from spherical_cow.topology.intersections import intersecting_faces
from spherical_cow.topology.predicates import side, turn

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
    faces = np.concatenate(
        [np.stack([quads[0], quads[1], quads[2]], 1), np.stack([quads[0], quads[2], quads[3]], 1)]
    )
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
    assert (
        check(mesh).row("degenerate_faces").indices.tolist()
        == np.flatnonzero((mesh.faces == 3).any(1)).tolist()
    )
    with pytest.raises(InvalidMesh, match="not numbers"):
        require_genus_zero(mesh)


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
        "Make Genus 0",
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


# Self-intersections


def brute_force(mesh: Mesh) -> set[int]:
    """Faces that meet another with which they share no vertex, by linear programming."""
    corners = mesh.vertices[mesh.faces]
    found = set()
    for f in range(mesh.n_faces):
        for g in range(f):
            if set(mesh.faces[f]) & set(mesh.faces[g]):
                continue
            equal = np.zeros((5, 6))
            equal[:3, :3], equal[:3, 3:], equal[3, :3], equal[4, 3:] = corners[f].T, -corners[g].T, 1, 1
            if linprog(np.zeros(6), A_eq=equal, b_eq=[0, 0, 0, 1, 1], bounds=[(0, None)] * 6).status == 0:
                found |= {f, g}
    return found


@pytest.mark.parametrize("seed", range(4))
def test_triangle_soup_against_linear_programming(seed: int) -> None:
    random = np.random.default_rng(seed)
    centre = random.random((30, 1, 3))
    soup = Mesh(
        (centre + 0.2 * random.standard_normal((30, 3, 3))).reshape(-1, 3), np.arange(90).reshape(-1, 3)
    )
    expected = brute_force(soup)
    assert 3 < len(expected) < 30
    assert set(intersecting_faces(soup)) == expected


def test_two_tetrahedra_that_pass_through_each_other() -> None:
    pair = joined(tetrahedron(), moved(tetrahedron(), 0.3, 0.1, 0.05))
    assert set(intersecting_faces(pair)) == brute_force(pair) != set()
    assert wrong(joined(tetrahedron(), moved(tetrahedron(), 3, 0, 0))) == {"one_component"}
    assert not len(
        intersecting_faces(joined(tetrahedron(), tetrahedron().with_vertices(0.2 * tetrahedron().vertices)))
    )


TRIANGLE = [[0.0, 0, 0], [4, 0, 0], [0, 4, 0]]


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        ([[1, 1, -1], [1, 1, 1], [2, 5, 1]], True),  # pierced
        ([[1, 1, 0], [1, 1, 1], [2, 2, 1]], True),  # a corner on the face
        ([[2, -1, -1], [2, -1, 1], [2, 0, 0]], True),  # a corner on an edge
        ([[1, 1, 0], [2, 1, 0], [1, 2, 0]], True),  # inside, in the same plane
        ([[-9, -9, 0], [30, -9, 0], [-9, 30, 0]], True),  # around it, in the same plane
        ([[3, 3, 0], [9, 3, 0], [3, 9, 0]], False),  # beside it, in the same plane
        ([[1, 1, 1], [3, 1, 1], [1, 3, 1]], False),  # above
        ([[5, 5, -1], [5, 5, 1], [6, 6, 0]], False),  # through its plane, outside
        ([[1, 1, 1e-300], [2, 1, 1], [1, 2, 1]], False),  # as near as you like
    ],
)
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_pairs_of_triangles(other: list[list[float]], meets: bool, axes: tuple[int, int, int]) -> None:
    mesh = Mesh(np.array(TRIANGLE + other)[:, axes], [[0, 1, 2], [3, 4, 5]])
    assert intersecting_faces(mesh).tolist() == ([0, 1] if meets else [])


@pytest.mark.parametrize(
    ("corners", "meets"),
    [
        ([[1, 1, 0], [1, 1, 1]], True),  # the opposite edge touches the face
        ([[2, 2, -1], [2, 2, 1]], True),  # the opposite edge crosses the edge
        ([[-1, 0, 0], [0, -1, 0]], False),  # only the vertex, in the same plane
        ([[9, 1, 0], [9, 2, 0]], True),  # overlap in the same plane
        ([[0, 0, 1], [1, 1, 1]], False),  # only the vertex
    ],
)
def test_triangles_that_share_a_vertex(corners: list[list[float]], meets: bool) -> None:
    mesh = Mesh(TRIANGLE + corners, [[0, 1, 2], [3, 0, 4]])
    assert intersecting_faces(mesh).tolist() == ([0, 1] if meets else [])


@pytest.mark.parametrize(
    ("corner", "meets"),
    [([4, 4, 0], False), ([1, 1, 0], True), ([-1, -1, 0], True), ([1, 1, 0.1], False), ([9, 9, -1], False)],
)
def test_triangles_that_share_an_edge_meet_when_folded(corner: list[float], meets: bool) -> None:
    mesh = Mesh([*TRIANGLE, corner], [[0, 1, 2], [2, 1, 3]])
    assert intersecting_faces(mesh).tolist() == ([0, 1] if meets else [])


def test_flat_and_seamed_surfaces_have_no_self_intersections() -> None:
    for seed in range(3):
        box = cube(1.0, 6)
        box = box.with_vertices(box.vertices @ random_rotation(seed).T + 7.0)
        assert not len(intersecting_faces(box))
        apart = Mesh(box.vertices[box.faces.ravel()], np.arange(3 * box.n_faces).reshape(-1, 3))
        assert not len(intersecting_faces(apart))


def test_a_dent_pushed_through_the_other_side() -> None:
    mesh = uv_sphere(16)
    vertices = mesh.vertices.copy()
    vertices[-2] = [0.05, 0.02, -1.5]  # the north pole, through the south
    found = intersecting_faces(Mesh(vertices, mesh.faces))
    ring = np.flatnonzero((mesh.faces == mesh.n_vertices - 2).any(axis=1))
    assert set(ring) <= set(found) and len(found) > len(ring)


def test_scale_and_offset_do_not_matter() -> None:
    pair = joined(subdivided_sphere(2), moved(subdivided_sphere(2), 0.5, 0.25, 0.125))
    expected = intersecting_faces(pair)
    assert len(expected)
    for scale, offset in ((2.0**-30, 0.0), (2.0**20, 0.0), (1.0, 2.0**20)):
        moved_pair = pair.with_vertices(pair.vertices * scale + offset)
        found = intersecting_faces(moved_pair)
        assert len(np.setxor1d(found, expected)) <= (0 if offset == 0 else 2)


def exact_sign(rows: list[list[Fraction]]) -> int:
    if len(rows) == 2:
        value = rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    else:
        a, b, c = rows
        value = sum(
            a[i] * (b[(i + 1) % 3] * c[(i + 2) % 3] - b[(i + 2) % 3] * c[(i + 1) % 3]) for i in range(3)
        )  # type: ignore[assignment]
    return (value > 0) - (value < 0)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["plain", "grid", "far", "mixed"]))
def test_signs_are_exact(seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    p = random.standard_normal((4, 3))
    s, t = random.random(2)
    p[3] = p[0] + s * (p[1] - p[0]) + t * (p[2] - p[0])  # nearly in the plane
    if kind == "grid":
        p = np.round(p * 4) / 4 * 1.1
    elif kind == "far":
        p += 1000.0
    elif kind == "mixed":
        p *= 10.0 ** random.integers(-8, 8, (4, 1))
    exact = [[Fraction(float(x)) for x in row] for row in p]
    assert side(*p) == exact_sign([[x - y for x, y in zip(row, exact[3], strict=True)] for row in exact[:3]])
    a, b, c = exact[:3]
    assert turn(*p[:3], 0, 2) == exact_sign([[a[0] - c[0], a[2] - c[2]], [b[0] - c[0], b[2] - c[2]]])
    assert turn(p[0], p[1], (p[0] + p[1]) / 2, 0, 1) == exact_sign(
        [
            [x - Fraction(float(y)) for x, y in zip(row[:2], (p[0] + p[1])[:2] / 2, strict=True)]
            for row in (a, b)
        ]
    )


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
