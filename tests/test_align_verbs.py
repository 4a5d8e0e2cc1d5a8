# SPDX-License-Identifier: GPL-3.0-or-later
"""Align and normalise as verbs and as tasks: files in, files and one JSON object out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from meshes import random_rotation, uv_sphere
from spherical_cow.alignment.similarity import Similarity, angle_between
from spherical_cow.cli.main import main
from spherical_cow.codec import encode
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.measure import area, signed_volume
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.progress import silent
from spherical_cow.shape import Shape
from spherical_cow.shape_alignment import transform_shape, turn_parameters
from spherical_cow.shapefile import load_shape, save_shape
from spherical_cow.tasks import run_task
from spherical_cow.tasks.outcome import shape_array

MOTION = Similarity(random_rotation(5), 1.6, np.array([3.0, -1.0, 2.0]))


def lumpy() -> Mesh:
    mesh = uv_sphere(20)
    x, y, z = mesh.vertices.T
    radius = 1.0 + 0.3 * x + 0.25 * x * y + 0.2 * z**3 + 0.2 * np.sin(3 * y + 1.0)
    return mesh.with_vertices(mesh.vertices * radius[:, None] * [1.5, 1.0, 0.7])


@pytest.fixture(scope="module")
def shape() -> Shape:
    return encode(lumpy(), lmax=10)


@pytest.fixture
def files(tmp_path: Path, shape: Shape) -> Path:
    lumpy().save(tmp_path / "a.ply")
    MOTION.apply_to(lumpy()).save(tmp_path / "b.ply")
    save_shape(shape, tmp_path / "a.harmonics.npz")
    save_shape(transform_shape(turn_parameters(shape, random_rotation(6)), MOTION), tmp_path / "b.harmonics.npz")
    return tmp_path


def run_json(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, object]:
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("method", ["harmonic", "principal"])
def test_a_mesh_is_aligned_and_the_matrix_printed(files: Path, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = files / "out.ply"
    data = run_json(capsys, "align", files / "b.ply", files / "a.ply", out, "--scale", "--method", method)
    np.testing.assert_allclose(data["matrix"], MOTION.inverse.matrix, atol=1e-3)
    assert data["angle"] == pytest.approx(angle_between(np.eye(3), MOTION.rotation), abs=0.1)
    assert data["scale"] == pytest.approx(1.0 / 1.6, rel=1e-3)
    assert 0.0 <= data["error_rel"] < 1e-3  # type: ignore[operator]
    np.testing.assert_allclose(read_mesh(out).vertices, lumpy().vertices, atol=2e-3)


def test_coefficients_are_aligned_with_their_sphere(
    files: Path, shape: Shape, capsys: pytest.CaptureFixture[str]
) -> None:
    out = files / "out.harmonics.npz"
    words = ("align", files / "b.harmonics.npz", files / "a.harmonics.npz", out, "--scale")
    by_surfaces = run_json(capsys, *words)
    assert angle_between(np.array(by_surfaces["matrix"])[:3, :3] * 1.6, MOTION.inverse.rotation) < 0.1
    assert by_surfaces["error_rel"] < 1e-3  # type: ignore[operator]
    data = run_json(capsys, *words, "--method", "parameters")
    assert data["error_rel"] < 1e-6  # type: ignore[operator]
    assert angle_between(np.array(data["sphere_rotation"]), random_rotation(6).T) < 1e-3
    found = load_shape(out)
    np.testing.assert_allclose(found.harmonics.coefficients, shape.harmonics.coefficients, atol=1e-5)
    assert found.sphere is not None and shape.sphere is not None
    np.testing.assert_allclose(found.sphere, shape.sphere, atol=1e-5)


def test_keep_pose_turns_the_sphere_only(files: Path, shape: Shape, capsys: pytest.CaptureFixture[str]) -> None:
    turned, out = files / "turned.npz", files / "out.npz"
    save_shape(turn_parameters(shape, random_rotation(7)), turned)
    data = run_json(capsys, "align", turned, files / "a.harmonics.npz", out, "--keep-pose")
    assert data["matrix"] == np.eye(4).tolist()
    np.testing.assert_allclose(load_shape(out).harmonics.coefficients, shape.harmonics.coefficients, atol=1e-6)


def test_normalise_centres_scales_and_turns(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = files / "out.ply"
    data = run_json(capsys, "normalize", files / "b.ply", out, "--center", "bounds", "--scale", "volume", "--axes")
    mesh = read_mesh(out)
    assert signed_volume(mesh) == pytest.approx(1.0, rel=1e-5)
    np.testing.assert_allclose(mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0), 0.0, atol=1e-5)
    assert np.ptp(mesh.vertices, axis=0).argmax() == 0
    np.testing.assert_allclose(
        Similarity(np.eye(3)).apply(MOTION.apply(lumpy().vertices)) @ np.array(data["matrix"])[:3, :3].T
        + np.array(data["matrix"])[:3, 3],
        mesh.vertices,
        atol=1e-5,
    )


def test_normalised_coefficients_depend_on_nothing_but_the_shape(files: Path) -> None:
    results = []
    for name in ("a", "b"):
        out = files / f"{name}.out.npz"
        words = ["normalise", str(files / f"{name}.harmonics.npz"), str(out), "--scale", "area", "--axes", "--sphere"]
        assert main(words) == 0
        results.append(load_shape(out))
    np.testing.assert_allclose(*(r.harmonics.coefficients for r in results), atol=1e-6)
    assert results[0].source.area == pytest.approx(1.0, rel=0.02)  # the source's area, of a surface that is smoother
    assert area(lumpy()) * 1.6**2 == pytest.approx(load_shape(files / "b.harmonics.npz").source.area)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("align", "a.ply", "a.harmonics.npz", "o.ply"), "One of the two is a mesh"),
        (("align", "a.ply", "b.ply", "o.npz"), "no name of a mesh"),
        (("align", "a.harmonics.npz", "b.harmonics.npz", "o.ply"), "no name for coefficients"),
        (("align", "a.ply", "b.ply", "o.ply", "--keep-pose"), "--keep-pose"),
        (("align", "a.ply", "b.ply", "o.ply", "--starts", "0"), "0 starts"),
        (("align", "a.ply", "b.ply", "o.ply", "--method", "parameters"), "no parameter sphere"),
        (("align", "a.ply", "b.ply", "o.ply", "--overlap", "0%"), "out of range"),
        (("align", "a.harmonics.npz", "b.harmonics.npz", "o.npz", "--starts", "3"), "--starts is for meshes"),
        (("align", "a.harmonics.npz", "b.harmonics.npz", "o.npz", "--keep-pose", "--scale"), "--keep-pose forbids"),
        (("normalise", "a.ply", "o.ply", "--sphere"), "no sphere"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    files: Path, words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = [str(files / word) if word.endswith((".ply", ".npz")) else word for word in words]
    assert main(placed) == 2
    assert reason in capsys.readouterr().err
    assert not list(files.glob("o.*"))


def test_the_task_gives_the_matrix() -> None:
    target, moving = lumpy(), MOTION.apply_to(lumpy())
    arrays = {
        "vertices_moving": moving.vertices,
        "faces_moving": moving.faces,
        "vertices_target": target.vertices,
        "faces_target": target.faces,
    }
    outcome = run_task("align", arrays, {"method": "principal", "scaling": True, "starts": None}, silent)
    np.testing.assert_allclose(outcome.arrays["matrix"], MOTION.inverse.matrix, atol=1e-3)
    assert json.loads(json.dumps(outcome.data))["score"] is None


@pytest.mark.parametrize("reference", ["scene", "any_pose"])
def test_the_task_turns_spheres_as_the_objects_stand(shape: Shape, reference: str) -> None:
    turn = random_rotation(8)
    moving = transform_shape(turn_parameters(shape, turn), MOTION)
    matrix = MOTION.inverse.matrix if reference == "scene" else np.eye(4)
    arrays = {"shape_0": shape_array(moving), "reference": shape_array(shape), "matrices": matrix[None]}
    outcome = run_task("align_parameters", arrays, {"reference": reference, "count": 1}, silent)
    assert angle_between(outcome.arrays["rotations"][0], turn.T) < 1e-3
    assert outcome.data["distances_rel"][0] < 1e-6


def test_the_task_for_the_own_ellipsoid_needs_no_reference(shape: Shape) -> None:
    arrays = {"shape_0": shape_array(shape), "matrices": np.eye(4)[None]}
    outcome = run_task("align_parameters", arrays, {"reference": "ellipsoid", "count": 1}, silent)
    first = rotate(shape.harmonics, outcome.arrays["rotations"][0]).select(("x", "y", "z")).coefficients
    lengths = [np.linalg.norm(first[:, i, j]) for i, j in ((0, 1), (1, 0), (1, 1))]
    assert lengths == sorted(lengths, reverse=True) and outcome.data["distances_rel"] == [None]
    with pytest.raises(InvalidParameter):
        run_task("align_parameters", arrays, {"reference": "moon", "count": 1}, silent)
