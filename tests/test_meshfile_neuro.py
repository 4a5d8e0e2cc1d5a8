# SPDX-License-Identifier: GPL-3.0-or-later
"""GIFTI and FreeSurfer surfaces, and their spheres as maps."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from spherical_cow.cli.main import main
from spherical_cow.codec import encode
from spherical_cow.errors import InvalidParameter, MapFailed, MeshFileError, MissingLibrary
from spherical_cow.interchange import open_shape
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh, write_mesh
from spherical_cow.sphere.icosphere import icosphere

nibabel = pytest.importorskip("nibabel")

SPHERE = icosphere(8)
BRAIN = Mesh(
    SPHERE.vertices * [40.0, 60.0, 30.0] + [1.0, 2.0, 3.0],
    SPHERE.faces,
    {"color": 0.5 + 0.4 * SPHERE.vertices},
)


@pytest.mark.parametrize("name", ["lh.surf.gii", "lh.pial", "rh.white", "lh.sphere.reg"])
def test_surfaces_come_back(tmp_path: Path, name: str) -> None:
    write_mesh(BRAIN, tmp_path / name)
    again = read_mesh(tmp_path / name)
    np.testing.assert_allclose(again.vertices, BRAIN.vertices, rtol=1e-6)
    np.testing.assert_array_equal(again.faces, BRAIN.faces)
    if name.endswith(".gii"):
        np.testing.assert_allclose(again.attributes["color"], BRAIN.attributes["color"], atol=1e-6)


def test_files_of_nibabels_own_are_read_and_ours_by_it(tmp_path: Path) -> None:
    gifti = nibabel.gifti
    arrays = [
        gifti.GiftiDataArray(BRAIN.vertices.astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
        gifti.GiftiDataArray(BRAIN.faces.astype(np.int32), intent="NIFTI_INTENT_TRIANGLE"),
        gifti.GiftiDataArray(np.full((len(BRAIN.vertices), 4), 255, np.uint8), intent="NIFTI_INTENT_RGBA_VECTOR"),
    ]
    nibabel.save(gifti.GiftiImage(darrays=arrays), tmp_path / "a.surf.gii")
    assert read_mesh(tmp_path / "a.surf.gii").attributes["color"] == pytest.approx(np.ones((len(BRAIN.vertices), 3)))
    write_mesh(BRAIN, tmp_path / "lh.pial")
    points, faces = nibabel.freesurfer.read_geometry(tmp_path / "lh.pial")
    np.testing.assert_allclose(points, BRAIN.vertices, rtol=1e-6)
    np.testing.assert_array_equal(faces, BRAIN.faces)


@pytest.mark.parametrize("name", ["a.surf.gii", "lh.pial"])
def test_damaged_files_are_refused(tmp_path: Path, name: str) -> None:
    write_mesh(BRAIN, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    for bad in (b"", b"no", data[:200], data[: len(data) // 2], b"\xff\xff\xfe" + b"\n" * 30):
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(MeshFileError):
            read_mesh(tmp_path / name)
    nibabel.save(nibabel.gifti.GiftiImage(), tmp_path / "b.gii")
    with pytest.raises(MeshFileError, match="not one surface"):
        read_mesh(tmp_path / "b.gii")


def test_without_nibabel_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mesh(BRAIN, tmp_path / "lh.pial")
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(MissingLibrary, match="pip install nibabel"):
        read_mesh(tmp_path / "lh.pial")


def test_a_sphere_beside_a_surface_is_its_map(tmp_path: Path) -> None:
    write_mesh(BRAIN, tmp_path / "lh.pial")
    write_mesh(SPHERE.with_vertices(100.0 * SPHERE.vertices), tmp_path / "lh.sphere")
    words = ["encode", "lh.pial", "lh.npz", "--lmax", "8", "--sphere", "lh.sphere"]
    assert main([str(tmp_path / word) if word.startswith("lh") else word for word in words]) == 0
    shape = open_shape(tmp_path / "lh.npz")
    assert shape.certificate.method == "given" and shape.certificate.flips == 0
    np.testing.assert_allclose(shape.require_sphere()[0], SPHERE.vertices, atol=1e-6)
    # an ellipsoid over its own sphere has degree 1 only
    assert np.abs(shape.harmonics.select("xyz").coefficients[:, 2:, 2:]).max() < 0.2
    write_mesh(icosphere(7), tmp_path / "lh.sphere")
    assert main([str(tmp_path / word) if word.startswith("lh") else word for word in words]) == 2


def test_maps_that_are_none_are_refused() -> None:
    turned = SPHERE.vertices.copy()
    turned[0] = -turned[0]
    with pytest.raises(MapFailed, match="turned over"):
        encode(BRAIN, 4, sphere=turned)
    with pytest.raises(MapFailed, match="mirrored"):
        encode(BRAIN, 4, sphere=SPHERE.vertices * [1.0, 1.0, -1.0])
    with pytest.raises(InvalidParameter, match="places"):
        encode(BRAIN, 4, sphere=SPHERE.vertices[:-1])
    with pytest.raises(InvalidParameter, match="centre"):
        encode(BRAIN, 4, sphere=np.zeros_like(SPHERE.vertices))
