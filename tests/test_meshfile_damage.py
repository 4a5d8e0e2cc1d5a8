# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are damaged, hostile or not there, and meshes that a file cannot hold."""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meshes import cube, octahedron, put, uv_sphere
from spherical_cow.errors import InvalidMesh, MeshFileError, OutputError, SphericalCowError
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import WRITABLE, read_mesh, write_mesh

TETRA_OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
XYZ = "float x, float y, float z"
LIST = "list uchar int vertex_indices"


def ply(form: str, *elements: str) -> bytes:
    """The header of a PLY file: "vertex 3: float x, float y" and so on."""
    lines = ["ply", f"format {form} 1.0"]
    for element in elements:
        name, _, properties = element.partition(":")
        lines += [f"element {name}", *(f"property {p.strip()}" for p in properties.split(","))]
    return "\n".join([*lines, "end_header", ""]).encode()


BAD: dict[str, str | bytes] = {
    "empty.obj": "",
    "blank.ply": "\n \n",
    "rubbish.obj": bytes(range(256)) * 40,
    "rubbish.ply": bytes(range(256)) * 40,
    "rubbish.stl": bytes(range(256)) * 40,
    "rubbish.off": bytes(range(256)) * 40,
    "rubbish.glb": bytes(range(256)) * 40,
    "magic.glb": b"glTF" + bytes(range(256)) * 40,
    "text.obj": "this is a letter, no mesh\nfor you\nvery truly\n",
    "text.stl": "solid ground\nis good\n",
    "points.obj": "v 0 0 0\nv 1 0 0\nv 0 1 0\n",
    "range.obj": TETRA_OBJ + "f 1 2 9\n",
    "zero.obj": TETRA_OBJ + "f 0 1 2\n",
    "back.obj": TETRA_OBJ + "f -1 -2 -9\n",
    "fraction.obj": TETRA_OBJ + "f 1 2 2.5\n",
    "endless.obj": TETRA_OBJ + "f 1 2 99999999999999999999\n",
    "nan_index.obj": TETRA_OBJ + "f 1 2 nan\n",
    "words.obj": TETRA_OBJ + "f one two three\n",
    "short.obj": TETRA_OBJ + "v 1 2\nf 1 2 5\n",
    "slashes.obj": TETRA_OBJ + "f 1/1/1/1 2/1/1/1 3/1/1/1\n",
    "huge.ply": ply("binary_little_endian", f"vertex {10**9}: {XYZ}", f"face {10**9}: {LIST}") + b"1234567890",
    "huge_ascii.ply": ply("ascii", f"vertex {10**12}: {XYZ}") + b"0 0 0\n",
    "negative.ply": ply("ascii", "vertex -3: float x"),
    "noformat.ply": "ply\nelement vertex 1\nproperty float x\nend_header\n0\n",
    "noxyz.ply": ply("ascii", "vertex 1: float u") + b"0\n",
    "noend.ply": "ply\nformat ascii 1.0\nelement vertex 1\n",
    "list.ply": ply("binary_little_endian", "vertex 1: char x, char y, char z", "face 1: list uint int vertex_indices")
    + b"\0\0\0\xff\xff\xff\xff\0\0\0\0",
    "later_list.ply": ply("binary_little_endian", f"vertex 1: {XYZ}", "face 2: list int int vertex_indices")
    + bytes(16)
    + b"\xff\xff\xff\xff"
    + bytes(50),
    "fraction.ply": ply("ascii", f"vertex 3: {XYZ}", f"face 1: {LIST}") + b"0 0 0 1 0 0 0 1 0 3 0 1 1.5\n",
    "lists_of_lists.ply": ply("ascii", "vertex 1: list uchar float x") + b"1 0\n",
    "huge.stl": b"\0" * 80 + struct.pack("<I", 4_000_000_000) + b"\0" * 50,
    "huge.off": "OFF\n1000000000 1000000000 0\n0 0 0\n",
    "binary.off": "OFF BINARY\n\0\0\0",
    "corners.off": "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1\n",
    "unknown.fbx": "v 0 0 0\n",
    "noending": "v 0 0 0\n",
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_no_mesh_are_refused_in_plain_words(tmp_path: Path, name: str) -> None:
    with warnings.catch_warnings(), pytest.raises(MeshFileError) as caught:
        warnings.simplefilter("error", RuntimeWarning)
        read_mesh(put(tmp_path, name, BAD[name]))
    assert caught.value.found and caught.value.remedy
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("ending", ["obj", "ply", "stl", "off", "glb"])
def test_truncated_files_never_crash(tmp_path: Path, ending: str) -> None:
    mesh = uv_sphere(6)
    whole = tmp_path / f"whole.{ending}"
    trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(whole)
    data = whole.read_bytes()
    for part in (0.02, 0.3, 0.6, 0.9):
        path = put(tmp_path, f"part.{ending}", data[: int(len(data) * part)])
        try:
            cut = read_mesh(path)
        except MeshFileError:
            continue
        # A cut between two lines of an OBJ leaves a smaller, valid file.
        assert ending == "obj" and cut.n_faces < mesh.n_faces


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_give_a_mesh_or_a_typed_error(tmp_path: Path, data: st.DataObject) -> None:
    ending = data.draw(st.sampled_from([".obj", ".ply", ".off", ".stl"]))
    path = tmp_path / f"m{ending}"
    if ending in WRITABLE:
        write_mesh(octahedron().with_attributes(color=np.eye(6)[:, :3]), path)
    else:
        trimesh.Trimesh(octahedron().vertices, octahedron().faces, process=False).export(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        read_mesh(path)
    except SphericalCowError as error:
        assert isinstance(error, MeshFileError)


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MeshFileError, match="no file"):
        read_mesh(tmp_path / "missing.obj")
    (tmp_path / "folder.obj").mkdir()
    with pytest.raises(MeshFileError, match="folder"):
        read_mesh(tmp_path / "folder.obj")
    with pytest.raises(MeshFileError):
        read_mesh("bad\0name.obj")
    with pytest.raises(MeshFileError, match="no file"):
        read_mesh("~nobody-has-this-name/m.obj")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no such devices")
def test_a_device_that_never_ends_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "m.ply").symlink_to("/dev/zero")
    with pytest.raises(MeshFileError, match="is no file"):
        read_mesh(tmp_path / "m.ply")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read anything")
def test_no_permission_to_read(tmp_path: Path) -> None:
    path = put(tmp_path, "m.obj", TETRA_OBJ)
    path.chmod(0)
    with pytest.raises(MeshFileError, match="permission"):
        read_mesh(path)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MeshFileError, match="ending"):
        write_mesh(cube(), tmp_path / "m.xyz")
    with pytest.raises(OutputError):
        write_mesh(cube(), tmp_path / "missing" / "m.ply")
    with pytest.raises(OutputError, match="name"):
        write_mesh(cube(), f"{tmp_path}/bad\0name.ply")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "mesh",
    [
        Mesh(np.zeros((0, 3)), np.zeros((0, 3), dtype=int)),
        Mesh(cube().vertices, np.zeros((0, 3), dtype=int)),
        cube().with_vertices(np.full((8, 3), np.nan)),
        cube(1e200),
    ],
    ids=["empty", "points", "nan", "large"],
)
def test_what_glb_cannot_hold_is_refused(tmp_path: Path, mesh: Mesh) -> None:
    with pytest.raises(InvalidMesh, match="GLB"):
        write_mesh(mesh, tmp_path / "m.glb")
    assert not list(tmp_path.iterdir())
