# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meshes import cube, octahedron, put, real_mesh, real_mesh_path, tetrahedron, torus, uv_sphere
from PIL import Image
from spherical_cow.errors import MeshFileError
from spherical_cow.geometry.measure import area, signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import READABLE, WRITABLE, neuro, read_mesh, write_mesh
from spherical_cow.meshfile.color import linear_to_srgb, srgb_to_linear
from spherical_cow.topology import check

TETRA_OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n"


def colored(mesh: Mesh) -> Mesh:
    return mesh.with_attributes(color=np.random.default_rng(1).random((mesh.n_vertices, 3)))


# Round trips


@pytest.mark.parametrize("ending", [ending for ending in WRITABLE if ending not in neuro.ENDINGS])
@pytest.mark.parametrize("mesh", [tetrahedron(), cube(2.0, 3), uv_sphere(9), torus()], ids=str)
def test_round_trip_keeps_order_and_colours(tmp_path: Path, ending: str, mesh: Mesh) -> None:
    mesh = colored(mesh)
    path = tmp_path / f"mesh{ending}"
    mesh.save(path)
    back = read_mesh(path)
    np.testing.assert_array_equal(back.faces, mesh.faces)
    np.testing.assert_allclose(back.vertices, mesh.vertices, rtol=0, atol=1e-7 if ending == ".glb" else 0)
    stored, wanted = linear_to_srgb(back.attributes["color"]), linear_to_srgb(mesh.attributes["color"])
    np.testing.assert_allclose(stored, wanted, rtol=0, atol={".obj": 1e-6, ".ply": 0.51 / 255, ".glb": 0.03}[ending])


@pytest.mark.parametrize("ending", [ending for ending in WRITABLE if ending not in neuro.ENDINGS])
def test_trimesh_reads_what_we_write(tmp_path: Path, ending: str) -> None:
    mesh = colored(uv_sphere(8))
    write_mesh(mesh, tmp_path / f"mesh{ending}")
    other = trimesh.load_mesh(tmp_path / f"mesh{ending}", process=False, maintain_order=True)
    np.testing.assert_allclose(other.vertices, mesh.vertices, atol=1e-6)
    np.testing.assert_array_equal(other.faces, mesh.faces)


@pytest.mark.parametrize("ending", ["ply", "stl", "off", "glb", "obj"])
def test_we_read_what_trimesh_writes(tmp_path: Path, ending: str) -> None:
    mesh = torus(16, 8)
    trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(tmp_path / f"mesh.{ending}")
    back = read_mesh(tmp_path / f"mesh.{ending}")
    assert (back.n_vertices, back.n_faces) == (mesh.n_vertices, mesh.n_faces)
    assert check(back).genus == 1
    assert area(back) == pytest.approx(area(mesh), rel=1e-5)
    assert signed_volume(back) == pytest.approx(signed_volume(mesh), rel=1e-5)
    if ending != "stl":
        np.testing.assert_allclose(back.vertices, mesh.vertices, atol=1e-6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(-1e300, 1e300), min_size=12, max_size=12), st.sampled_from([".obj", ".ply"]))
def test_obj_and_ply_keep_every_digit(tmp_path: Path, numbers: list[float], ending: str) -> None:
    mesh = Mesh(np.array(numbers).reshape(4, 3), tetrahedron().faces)
    write_mesh(mesh, tmp_path / f"mesh{ending}")
    np.testing.assert_array_equal(read_mesh(tmp_path / f"mesh{ending}").vertices, mesh.vertices)


def test_srgb_is_its_own_inverse_and_as_the_standard_says() -> None:
    values = np.linspace(0.0, 1.0, 257)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-7)
    assert srgb_to_linear(np.array(0.5)) == pytest.approx(0.21404114, abs=1e-8)


# OBJ


def test_obj_polygons_negative_indices_comments_and_continued_lines(tmp_path: Path) -> None:
    text = (
        "# a cube\nmtllib none.mtl\no cube\n"
        + "".join(f"v {x} {y} {z} # corner\n" for x in (0, 1) for y in (0, 1) for z in (0, 1))
        + "vn 0 0 1\nf 1//1 2//1 4//1 3//1\nf -4 -2 \\\n -1 -3\nf 1 5 6 2\nf 3 4 8 7\nf 1 3 7 5\nf 2 6 8 4\n"
    )
    mesh = read_mesh(put(tmp_path, "cube.obj", text))
    assert (mesh.n_vertices, mesh.n_faces) == (8, 12)
    assert abs(signed_volume(mesh)) == pytest.approx(1.0)
    assert check(mesh).is_genus_zero


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_obj_line_endings_and_tabs(tmp_path: Path, newline: str) -> None:
    text = TETRA_OBJ.replace("\n", newline).replace("f ", "f\t")
    assert read_mesh(put(tmp_path, "t.obj", text)).n_faces == 4


def test_obj_vertex_colours(tmp_path: Path) -> None:
    text = TETRA_OBJ.replace("v 1 0 0", "v 1 0 0 0.5 0 1").replace("v 0 0 0", "v 0 0 0 0 0 0")
    color = read_mesh(put(tmp_path, "t.obj", text)).attributes["color"]
    np.testing.assert_allclose(color, [[0, 0, 0], [0.21404114, 0, 1], [1, 1, 1], [1, 1, 1]], atol=1e-6)


def seamed_obj() -> str:
    """An octahedron whose upper faces have one uv, its lower faces another."""
    mesh = octahedron()
    lines = ["mtllib paint.mtl", *(f"v {x} {y} {z}" for x, y, z in mesh.vertices)]
    lines += ["vt 0.25 0.5", "vt 0.75 0.5", "usemtl paint"]
    lines += [f"f {a}/{uv} {b}/{uv} {c}/{uv}" for (a, b, c), uv in zip(mesh.faces + 1, [1] * 4 + [2] * 4, strict=True)]
    return "\n".join(lines)


def two_tone(folder: Path) -> None:
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8], pixels[:, 8:] = [255, 0, 0], [0, 0, 128]
    Image.fromarray(pixels).save(folder / "two tone.png")


def test_obj_texture_is_averaged_over_the_uv_corners_in_linear_light(tmp_path: Path) -> None:
    two_tone(tmp_path)
    put(tmp_path, "paint.mtl", "newmtl paint\nKd 1 1 1\nmap_Kd -s 1 1 1 two tone.png\n")
    mesh = read_mesh(put(tmp_path, "o.obj", seamed_obj()))
    assert mesh.n_vertices == 6 and check(mesh).is_genus_zero
    red, blue = np.array([1.0, 0, 0]), np.array([0, 0, srgb_to_linear(np.array(128 / 255))])
    np.testing.assert_allclose(mesh.attributes["color"][4], red, atol=1e-9)
    np.testing.assert_allclose(mesh.attributes["color"][5], blue, atol=1e-9)
    np.testing.assert_allclose(mesh.attributes["color"][:4], np.tile((red + blue) / 2, (4, 1)), atol=1e-9)


@pytest.mark.parametrize("material", [None, "newmtl paint\nmap_Kd missing.png\n", "newmtl other\nKd 1 0 0\n", "\xff"])
def test_obj_without_its_texture_has_no_colour(tmp_path: Path, material: str | None) -> None:
    if material is not None:
        put(tmp_path, "paint.mtl", material)
    assert "color" not in read_mesh(put(tmp_path, "o.obj", seamed_obj())).attributes


def test_obj_with_a_damaged_texture_says_so(tmp_path: Path) -> None:
    put(tmp_path, "paint.mtl", "newmtl paint\nmap_Kd t.png\n")
    put(tmp_path, "t.png", b"\x89PNG\r\n\x1a\n but no more")
    with pytest.raises(MeshFileError, match=r"t\.png"):
        read_mesh(put(tmp_path, "o.obj", seamed_obj()))


# Welding


def cut_apart(mesh: Mesh) -> Mesh:
    """Every triangle with its own three vertices."""
    return Mesh(mesh.vertices[mesh.faces.ravel()], np.arange(3 * mesh.n_faces).reshape(-1, 3))


@pytest.mark.parametrize("ending", [".obj", ".ply"])
def test_a_closed_surface_cut_along_seams_is_welded_in_order(tmp_path: Path, ending: str) -> None:
    mesh = colored(cut_apart(cube(1.0, 2)))
    write_mesh(mesh, tmp_path / f"m{ending}")
    welded = read_mesh(tmp_path / f"m{ending}")
    assert welded.n_vertices == 26 and check(welded).is_genus_zero
    first = [int(np.flatnonzero((mesh.vertices == v).all(axis=1))[0]) for v in welded.vertices]
    assert first == sorted(first)
    same = (mesh.vertices == welded.vertices[0]).all(axis=1)
    mean = srgb_to_linear(np.rint(linear_to_srgb(mesh.attributes["color"][same]) * 255) / 255).mean(axis=0)
    np.testing.assert_allclose(welded.attributes["color"][0], mean, atol=1e-5 if ending == ".ply" else 0.01)


def test_vertices_that_only_touch_are_not_welded(tmp_path: Path) -> None:
    box, open_box = cube(), Mesh(cube().vertices, cube().faces[:-2])
    pair = Mesh(np.concatenate([box.vertices, box.vertices + 1.0]), np.concatenate([box.faces, box.faces + 8]))
    for mesh in (pair, cut_apart(open_box)):
        write_mesh(mesh, tmp_path / "m.ply")
        assert read_mesh(tmp_path / "m.ply").n_vertices == mesh.n_vertices


@pytest.mark.parametrize("binary", [True, False])
def test_stl_is_always_welded(tmp_path: Path, binary: bool) -> None:
    box = Mesh(cube(1.0, 2).vertices, cube(1.0, 2).faces[:-2])
    kind = "stl" if binary else "stl_ascii"
    trimesh.Trimesh(box.vertices, box.faces, process=False).export(tmp_path / "m.stl", file_type=kind)
    assert read_mesh(tmp_path / "m.stl").n_vertices == 26


def test_glb_split_at_normals_is_welded_and_placed(tmp_path: Path) -> None:
    apart = cut_apart(cube())
    scene = trimesh.Scene()
    move = np.eye(4)
    move[:3, 3] = [5, 0, 0]
    scene.add_geometry(trimesh.Trimesh(apart.vertices, apart.faces, process=False), transform=move)
    scene.export(tmp_path / "m.glb")
    mesh = read_mesh(tmp_path / "m.glb")
    assert mesh.n_vertices == 8 and check(mesh).is_genus_zero
    np.testing.assert_allclose(mesh.vertices.min(axis=0), [5, 0, 0])


def test_glb_texture(tmp_path: Path) -> None:
    mesh = cube()
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8], pixels[:, 8:] = [255, 0, 0], [0, 0, 128]
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=Image.fromarray(pixels))
    uv = np.stack([0.25 + 0.5 * mesh.vertices[:, 0], np.full(8, 0.5)], axis=1)
    visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    trimesh.Trimesh(mesh.vertices, mesh.faces, visual=visual, process=False).export(tmp_path / "m.glb")
    back = read_mesh(tmp_path / "m.glb")
    blue = [0, 0, srgb_to_linear(np.array(128 / 255))]
    expected = np.where(back.vertices[:, :1] > 0.5, blue, [1.0, 0, 0])
    np.testing.assert_allclose(back.attributes["color"], expected, atol=1e-9)


# PLY and OFF by hand


def test_ply_ascii_with_polygons_strips_and_other_properties(tmp_path: Path) -> None:
    text = (
        "ply\nformat ascii 1.0\ncomment x\n"
        "element vertex 5\nproperty float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty float quality\n"
        "element face 2\nproperty list uchar int vertex_index\nproperty int group\n"
        "element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
        "0 0 0 255 0 0 1\n1 0 0 0 255 0 1\n1 1 0 0 0 255 1\n0 1 0 0 0 0 1\n0 0 1 255 255 255 1\n"
        "4 0 1 2 3 7\n3 0 1 4 8\n8 0 1 2 3 -1 2 3 4\n"
    )
    mesh = read_mesh(put(tmp_path, "m.ply", text))
    expected = [[0, 1, 2], [0, 2, 3], [0, 1, 4], [0, 1, 2], [2, 1, 3], [2, 3, 4]]
    assert mesh.faces.tolist() == expected
    np.testing.assert_allclose(mesh.attributes["color"][:3], np.eye(3))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mixed", [False, True])
def test_ply_binary_of_both_byte_orders(tmp_path: Path, order: str, mixed: bool) -> None:
    name = {"<": "little", ">": "big"}[order]
    faces = [[0, 1, 2, 3], [0, 1, 2]] if mixed else [[0, 1, 2, 3], [3, 2, 1, 0]]
    header = (
        f"ply\nformat binary_{name}_endian 1.0\nelement vertex 4\nproperty double x\nproperty float y\n"
        f"property short z\nelement face {len(faces)}\nproperty list uchar uint vertex_indices\n"
        "property list uchar float texcoord\nproperty uchar flag\nend_header\n"
    ).encode()
    body = b"".join(struct.pack(order + "dfh", *v) for v in [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 5)])
    for face in faces:
        body += struct.pack(f"{order}B{len(face)}I", len(face), *face) + struct.pack(order + "BffB", 2, 0.5, 0.5, 1)
    mesh = read_mesh(put(tmp_path, "m.ply", header + body))
    assert mesh.vertices[3].tolist() == [0, 1, 5]
    assert mesh.faces.tolist()[:2] == [[0, 1, 2], [0, 2, 3]]
    assert mesh.n_faces == (3 if mixed else 4)


@pytest.mark.parametrize(
    ("header", "columns", "color"),
    [
        ("OFF", "", None),
        ("COFF", " 255 0 128 255", [1, 0, 0.2158605]),
        ("COFF", " 1.0 0.0 0.5 1.0", [1, 0, 0.2140411]),
        ("CNOFF", " 0 0 1 255 0 0 255", [1, 0, 0]),
        ("OFF # a comment\n", "", None),
    ],
)
def test_off_and_its_colours(tmp_path: Path, header: str, columns: str, color: list[float] | None) -> None:
    rows = "".join(f"{x} {y} {z}{columns}\n" for x, y, z in [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    mesh = read_mesh(put(tmp_path, "m.off", f"{header}\n4 2 0\n{rows}4 0 1 2 3 255 0 0\n3 2 1 0\n"))
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [2, 1, 0]]
    if color is None:
        assert "color" not in mesh.attributes
    else:
        np.testing.assert_allclose(mesh.attributes["color"][0], color, atol=1e-6)


def test_off_with_the_counts_glued_to_the_keyword(tmp_path: Path) -> None:
    mesh = read_mesh(put(tmp_path, "m.off", "OFF3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"))
    assert mesh.n_faces == 1


@pytest.mark.parametrize("corner", ["{}/", "{}/1/", "{}//", "{}/1/1", "{}//1"])
def test_obj_corners_with_empty_numbers(tmp_path: Path, corner: str) -> None:
    lines = [[corner.format(i) for i in line.split()[1:]] for line in TETRA_OBJ.splitlines() if line[0] == "f"]
    faces = "".join(f"f {' '.join(line)}\n" for line in lines)
    mesh = read_mesh(put(tmp_path, "t.obj", "vt 0 0\nvn 0 0 1\n" + TETRA_OBJ.partition("f")[0] + faces))
    np.testing.assert_array_equal(mesh.faces, read_mesh(put(tmp_path, "plain.obj", TETRA_OBJ)).faces)


def test_obj_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_mesh(put(tmp_path, "t.obj", "\ufeff" + TETRA_OBJ)).n_vertices == 4


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_ply_line_endings(tmp_path: Path, newline: str) -> None:
    write_mesh(tetrahedron(), tmp_path / "t.ply")
    header, end, body = (tmp_path / "t.ply").read_bytes().partition(b"end_header\n")
    header, end = ((part.replace(b"\n", newline.encode())) for part in (header, end))
    mesh = read_mesh(put(tmp_path, "other.ply", header + end + body))
    np.testing.assert_array_equal(mesh.vertices, tetrahedron().vertices)


@pytest.mark.parametrize("offset", [1e6, -1e9])
def test_glb_keeps_digits_far_from_the_origin(tmp_path: Path, offset: float) -> None:
    mesh = uv_sphere(9)
    write_mesh(mesh.with_vertices(mesh.vertices + offset), tmp_path / "m.glb")
    back = read_mesh(tmp_path / "m.glb")
    np.testing.assert_allclose(back.vertices - offset, mesh.vertices, rtol=0, atol=1e-6)


# Real files


def test_spot_is_one_closed_mesh_with_its_texture() -> None:
    mesh = real_mesh("spot_color")
    assert (mesh.n_vertices, mesh.n_faces) == (2930, 5856)
    assert check(mesh, self_intersections=False).is_genus_zero
    lines = real_mesh_path("spot_color").read_text().splitlines()
    stored = [[float(x) for x in line.split()[1:]] for line in lines if line.startswith("v ")]
    np.testing.assert_array_equal(mesh.vertices, stored)
    color = mesh.attributes["color"]
    assert color.min() >= 0 and color.max() <= 1 and color.std(axis=0).min() > 0.1


@pytest.mark.parametrize("name", ["homer", "suzanne", "p_nan"])
def test_real_ply_as_trimesh_reads_it(name: str) -> None:
    mesh = real_mesh(name)
    other = trimesh.load_mesh(real_mesh_path(name), process=False)
    np.testing.assert_array_equal(mesh.vertices, other.vertices)
    np.testing.assert_array_equal(mesh.faces, other.faces)


def test_every_ending_is_tested() -> None:
    assert set(READABLE) - set(neuro.ENDINGS) == {".obj", ".ply", ".stl", ".off", ".coff", ".glb", ".gltf"}
