# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh with a texture from pictures: what is recovered of known objects, and what is refused."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets.arrays import Camera
from spherical_cow.errors import Cancelled, ImageError, InvalidParameter
from spherical_cow.geometry.inside import contains
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.networks.picture_fit.cameras import (
    cameras_from,
    find_object,
    looking,
    read_camera_file,
    turntable,
    with_cameras,
)
from spherical_cow.networks.picture_fit.hull import hull_of, middle_of
from spherical_cow.networks.picture_fit.mending import without_crossings
from spherical_cow.networks.picture_fit.settings import PictureFitSettings, settings_from
from spherical_cow.networks.picture_fit.shots import Shot, cut_out, shot_from, shots_from
from spherical_cow.symmetry.templates import template
from spherical_cow.tasks import run_task
from spherical_cow.topology import check

torch = pytest.importorskip("torch")

from spherical_cow.networks.picture_fit.learning import fit as learning  # noqa: E402
from spherical_cow.networks.picture_fit.learning.fit import fit_pictures  # noqa: E402
from spherical_cow.networks.picture_fit.learning.shape import Shape, smoothed  # noqa: E402
from spherical_cow.networks.rendering.camera import stacked  # noqa: E402
from spherical_cow.networks.rendering.paint import UvTexture, VertexColours  # noqa: E402
from spherical_cow.networks.rendering.render import render  # noqa: E402

SIZE = 64
SMALL = PictureFitSettings(level=5, steps=12, resolution=40, texture_size=64)
QUICK = replace(SMALL, level=4, steps=4, resolution=32, texture_size=32)


def bumpy() -> tuple[Mesh, np.ndarray]:
    """A closed object without symmetry, about 1 large, and sRGB colours of its vertices."""
    sphere = template(12).mesh
    x, y, z = sphere.vertices.T
    radius = 0.36 + 0.09 * np.sin(2.5 * x + 1.0) * np.cos(2.0 * z) + 0.07 * y * z + 0.05 * np.cos(3.0 * y + x)
    colour = 0.5 + 0.35 * np.stack([np.sin(3.0 * x), np.sin(3.5 * y + 1.0), np.cos(3.0 * z)], axis=1)
    return Mesh(sphere.vertices * radius[:, None], sphere.faces), colour


def around(count: int, size: int = SIZE, first: float = 10.0, elevations=(25.0, -15.0)) -> list[Camera]:
    matrix = np.array([[1.7 * size, 0.0, size / 2], [0.0, 1.7 * size, size / 2], [0.0, 0.0, 1.0]])
    step = 360.0 / count
    return [Camera(matrix, looking(first + step * k, elevations[k % len(elevations)], 2.0)) for k in range(count)]


def photographed(mesh: Mesh, colour: np.ndarray, cameras: list[Camera], size: int = SIZE) -> list[Shot]:
    finer = [Camera(np.diag([2.0, 2.0, 1.0]) @ camera.matrix, camera.world) for camera in cameras]
    picture = render(
        torch.from_numpy(mesh.vertices).float(),
        torch.from_numpy(mesh.faces),
        stacked(finer, 2 * size),
        2 * size,
        paint=VertexColours(torch.from_numpy(colour).float()),
        background=0.0,
    )
    mask = torch.nn.functional.avg_pool2d(picture.mask[:, None], 2)
    pixels = (torch.nn.functional.avg_pool2d(picture.colour, 2) / mask.clamp_min(1e-3)).clamp(0.0, 1.0)
    pixels = pixels.permute(0, 2, 3, 1).double().numpy()
    masks = mask[:, 0].clamp(0.0, 1.0).double().numpy()
    return [Shot(p, m, c) for p, m, c in zip(pixels, masks, cameras, strict=True)]


@pytest.fixture(scope="module")
def scene():
    mesh, colour = bumpy()
    cameras = around(8)
    return mesh, colour, cameras, photographed(mesh, colour, cameras)


@pytest.fixture(scope="module")
def fitted(scene):
    seen = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(learning, "_PREVIEW", 0.0)  # every time
        fit = fit_pictures(scene[3], SMALL, on_best=seen.append)
    return fit, seen


def seen_again(fit, cameras, shots):
    """(IoU, PSNR) of the result drawn through cameras, beside the pictures."""
    made, found = fit.reconstruction, []
    size = len(shots[0].mask)
    texture = UvTexture(
        torch.from_numpy(np.moveaxis(made.texture.pixels, 2, 0).copy()).float(),
        torch.from_numpy(made.texture.uv).float(),
    )
    points, faces = torch.from_numpy(made.mesh.vertices).float(), torch.from_numpy(made.mesh.faces)
    picture = render(points, faces, stacked(cameras, size), size, paint=texture, background=0.0, closed=True)
    for number, shot in enumerate(shots):
        own, wanted = picture.mask[number].numpy() > 0.5, shot.mask > 0.5
        both = own & (shot.mask > 0.99) & (picture.mask[number].numpy() > 0.99)
        colours = picture.colour[number].permute(1, 2, 0).numpy()
        error = np.square(colours - shot.pixels)[both].mean()
        found.append(((own & wanted).sum() / (own | wanted).sum(), -10.0 * np.log10(error)))
    return np.mean(found, axis=0)


def volume_iou(a: Mesh, b: Mesh) -> float:
    points = np.random.default_rng(0).uniform(-0.55, 0.55, (8000, 3))
    first, second = contains(a, points), contains(b, points)
    return float((first & second).sum() / (first | second).sum())


def test_eight_pictures_give_the_object_and_its_colours_back(scene, fitted):
    mesh, colour, cameras, shots = scene
    fit, _ = fitted
    iou, psnr = seen_again(fit, cameras, shots)
    assert iou >= 0.95 and psnr >= 24.0
    assert fit.report.mean_iou >= 0.95 and fit.report.mean_psnr >= 24.0
    assert abs(fit.report.mean_psnr - psnr) < 3.0  # of the result as it is drawn, not of the equations it comes from
    assert volume_iou(mesh, fit.reconstruction.mesh) >= 0.9
    other = around(3, first=40.0, elevations=(5.0, 40.0, -35.0))  # which no picture was taken from
    iou, psnr = seen_again(fit, other, photographed(mesh, colour, other))
    assert iou >= 0.93 and psnr >= 22.0


def test_the_result_is_a_sphere_without_crossings_and_has_a_texture(fitted):
    fit, _ = fitted
    made = fit.reconstruction
    assert check(made.mesh).genus == 0 and fit.report.self_intersections == 0
    assert made.mesh.attributes["color"].shape == (made.mesh.n_vertices, 3)
    assert made.texture.uv.shape == (made.mesh.n_faces, 3, 2)
    assert made.texture.uv.min() >= 0.0 and made.texture.uv.max() <= 1.0
    assert made.texture.pixels.shape[0] == SMALL.texture_size


def test_what_is_shown_becomes_better(fitted):
    _, seen = fitted
    assert len(seen) > 1 and all(item.report is None and item.reconstruction.texture is not None for item in seen)
    agreements = [item.iou for item in seen]
    assert agreements == sorted(set(agreements))


def test_the_same_pictures_give_the_same_result(scene):
    few = replace(QUICK, level=3, steps=4, start="sphere")
    one, other = (fit_pictures(scene[3][:2], few).reconstruction for _ in range(2))
    np.testing.assert_array_equal(one.mesh.vertices, other.mesh.vertices)
    np.testing.assert_array_equal(one.texture.pixels, other.texture.pixels)


def test_a_stop_keeps_the_best_and_before_the_start_gives_nothing(scene):
    def stop(fraction, phase):
        if phase.startswith("Step 3"):
            raise Cancelled

    fit = fit_pictures(scene[3][:3], replace(QUICK, steps=5, start="sphere"), progress=stop)
    assert fit.report.stopped and fit.report.steps == 3 and fit.report.mean_iou > 0.7

    def stop_late(fraction, phase):
        told.append(fraction)
        if "round 3" in phase:
            raise Cancelled

    told: list[float] = []
    fit = fit_pictures(scene[3][:3], replace(QUICK, steps=1, start="sphere"), progress=stop_late)
    assert fit.report.stopped and fit.report.steps == 1 and told == sorted(told)
    assert fit.report.mean_psnr > 15.0 and fit.reconstruction.texture.pixels.shape[0] == QUICK.texture_size

    def at_once(fraction, phase):
        raise Cancelled

    with pytest.raises(Cancelled):
        fit_pictures(scene[3][:2], QUICK, progress=at_once)


def nudged(shot: Shot, turn: np.ndarray) -> Shot:
    """The shot with its camera turned about the origin by a small rotation vector."""
    x, y, z = turn
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    near = np.linalg.solve(np.eye(3) - 0.5 * skew, np.eye(3) + 0.5 * skew)
    world = shot.camera.world
    return replace(shot, camera=Camera(shot.camera.matrix, np.column_stack([near @ world[:, :3], world[:, 3]])))


def test_cameras_that_are_a_little_wrong_are_mended(scene):
    _, _, cameras, shots = scene
    random = np.random.default_rng(3)
    wrong = [nudged(s, np.radians(3.0) * random.standard_normal(3) * (k > 0)) for k, s in enumerate(shots)]
    moved = fit_pictures(wrong, replace(SMALL, steps=30, resolution=44, refine_cameras=True, color_weight=2.0))

    def errors(found):
        """Degrees, but for a turn that all have in common, which no picture could tell."""
        turns = [b.world[:, :3].T @ a.world[:, :3] for a, b in zip(found, cameras, strict=True)]
        left, _, right = np.linalg.svd(np.sum(turns, axis=0))
        cosines = [(np.trace((left @ right).T @ turn) - 1.0) / 2.0 for turn in turns]
        return np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))

    assert errors(moved.cameras).mean() < 0.75 * errors([shot.camera for shot in wrong]).mean()
    assert moved.report.mean_iou > 0.96


def test_a_symmetric_shape_is_symmetric_where_it_stands(scene):
    mesh, colour = bumpy()
    half = mesh.vertices.copy()
    half[:, 0] = np.abs(half[:, 0])
    tables = template(12).tables
    half[tables.left] = half[tables.opposite[tables.left]] * [-1.0, 1.0, 1.0]
    half[tables.middle, 0] = 0.0
    moved = Mesh(half + np.array([0.15, 0.0, 0.0]), mesh.faces)
    fit = fit_pictures(photographed(moved, colour, around(4)), replace(SMALL, steps=6, symmetry="plane"))
    points = fit.reconstruction.mesh.vertices
    own = template(SMALL.level).tables
    middle = points[own.middle, 0]
    assert np.ptp(middle) < 1e-5 and abs(middle.mean() - 0.15) < 0.02
    mirrored = points[own.opposite] * [-1.0, 1.0, 1.0] + [2.0 * middle.mean(), 0.0, 0.0]
    np.testing.assert_allclose(mirrored, points, atol=1e-5)
    assert fit.report.mean_iou > 0.93


def test_a_shape_of_revolution_is_round():
    sphere = template(10).mesh
    vase = sphere.vertices * [0.3, 0.5, 0.3]
    vase[:, [0, 2]] *= (1.0 + 0.4 * np.sin(6.0 * vase[:, 1]))[:, None]
    mesh = Mesh(vase, sphere.faces)
    fit = fit_pictures(
        photographed(mesh, np.full_like(vase, 0.5), around(3)), replace(SMALL, steps=8, symmetry="rotational")
    )
    points = fit.reconstruction.mesh.vertices
    centre = points[:, [0, 2]].mean(axis=0)
    radius = np.linalg.norm(points[:, [0, 2]] - centre, axis=1)
    for height in np.linspace(-0.3, 0.3, 5):
        near = np.abs(points[:, 1] - height) < 0.02
        assert radius[near].std() < 0.04
    assert fit.report.mean_iou > 0.93


def test_one_picture_of_a_disc_is_a_ball_with_the_same_colours_behind():
    row, column = np.mgrid[:SIZE, :SIZE] + 0.5
    alpha = (np.hypot(row - 32.0, column - 32.0) < 20.0).astype(float)
    colours = np.stack([column / SIZE, np.full_like(column, 0.3), np.full_like(column, 0.6)], axis=2)
    fit = fit_pictures([shot_from(np.dstack([colours, alpha]))], replace(QUICK, steps=5))
    points = fit.reconstruction.mesh.vertices
    extent = np.ptp(points, axis=0)
    assert extent[2] == pytest.approx(extent[0], rel=0.15) and extent[1] == pytest.approx(extent[0], rel=0.1)
    red = fit.reconstruction.mesh.attributes["color"][:, 0]
    left, right = points[:, 0] < -0.25 * extent[0], points[:, 0] > 0.25 * extent[0]
    for side in (points[:, 2] > 0.1, points[:, 2] < -0.1):
        assert red[side & left].mean() < red[side & right].mean() - 0.05
    assert any("one side" in remark for remark in fit.reconstruction.remarks)


def test_a_cut_out_sees_the_same_points():
    mesh, colour = bumpy()
    shot = photographed(mesh, colour, around(1))[0]
    cut = cut_out(shot, shot.camera, 96)
    pixels = np.rint(cut.camera.project(mesh.vertices)[0] - 0.5).astype(int)
    assert (cut.mask[pixels[:, 1], pixels[:, 0]] > 0.05).mean() > 0.97
    touched = np.zeros(cut.mask.shape, bool)
    touched[pixels[:, 1], pixels[:, 0]] = True
    rows, columns = np.nonzero(cut.mask > 0.5)
    found = np.nonzero(touched)
    assert abs(rows.min() - found[0].min()) <= 2 and abs(columns.max() - found[1].max()) <= 2


def test_beyond_the_picture_nothing_is_known():
    mask = np.zeros((40, 40))
    mask[10:30, :20] = 1.0
    shot = Shot(np.zeros((40, 40, 3)), mask)
    cut = cut_out(shot, around(1)[0], 32)
    assert not cut.known[:, 0].any() and cut.known[:, -1].all()
    camera = Camera(np.array([[60.0, 0.0, 10.0], [0.0, 60.0, 20.0], [0.0, 0.0, 1.0]]), looking(0.0, 0.0, 2.0))
    field = hull_of([cut_out(shot, camera, 64)], 32)
    wide = np.ptp(field.lattice.positions(np.flatnonzero(field.inside)), axis=0)
    assert 0.6 < wide[0] < 0.9  # what is cut off goes on a little, not for ever


def test_the_hull_contains_the_object(scene):
    mesh, _, _, shots = scene
    field = hull_of([cut_out(shot, shot.camera, 96) for shot in shots], 40)
    nodes = field.lattice.positions(np.arange(field.inside.size))
    deep = contains(Mesh(mesh.vertices * 0.9, mesh.faces), nodes)
    assert field.inside.ravel()[deep].mean() > 0.999
    assert field.inside.sum() < 1.35 * contains(mesh, nodes).sum()


def test_the_plane_of_symmetry_is_found_where_it_is():
    ball = Mesh(0.3 * template(8).mesh.vertices + [0.11, 0.0, -0.07], template(8).mesh.faces)
    shots = photographed(ball, np.full_like(ball.vertices, 0.5), around(5))
    middle = middle_of([cut_out(shot, shot.camera, 64) for shot in shots], (0, 2))
    np.testing.assert_allclose(middle, [0.11, 0.0, -0.07], atol=0.02)


def test_the_object_is_found_where_rays_meet(scene):
    frame = find_object(scene[3])
    assert np.linalg.norm(frame.centre - scene[0].vertices.mean(axis=0)) < 0.1
    assert 0.6 < frame.scale < 1.3
    camera = scene[2][3]
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (5, 3))
    own = frame.own_camera(camera)
    np.testing.assert_allclose(own.project(points)[0], camera.project(frame.to_outer(points))[0])
    np.testing.assert_allclose(frame.outer_camera(own).world, camera.world, atol=1e-12)


def test_a_turntable_looks_from_the_front_first():
    mask = np.zeros((50, 80))
    mask[10:40, 30:60] = 1.0
    shots = [Shot(np.zeros((50, 80, 3)), mask)] * 4
    cameras = turntable(shots, PictureFitSettings(elevation=20.0))
    pixel, _ = cameras[0].project(np.zeros((1, 3)))
    np.testing.assert_allclose(pixel[0], [45.0, 25.0])
    eyes = [-camera.world[:, :3].T @ camera.world[:, 3] for camera in cameras]
    assert eyes[0][2] > 1.0 and eyes[1][0] > 1.0 and eyes[2][2] < -1.0 and all(eye[1] > 0.1 for eye in eyes)
    up, _ = cameras[0].project(np.array([[0.0, 0.3, 0.0]]))
    right, _ = cameras[0].project(np.array([[0.3, 0.0, 0.0]]))
    assert up[0, 1] < 25.0 and right[0, 0] > 45.0


def test_smooth_numbers_have_the_gradient_of_the_inverse():
    shape = Shape(template(2), "free", 0.3 * template(2).mesh.vertices, 5.0)
    np.testing.assert_allclose(shape.vertices().detach().numpy(), 0.3 * template(2).mesh.vertices, atol=1e-5)
    dense = np.linalg.inv(np.eye(42) + 5.0 * shape.laplacian.toarray())
    values = torch.randn(42, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weights = torch.arange(126.0, dtype=torch.float64).reshape(42, 3)
    (smoothed(values, lambda array: dense @ array) * weights).sum().backward()
    np.testing.assert_allclose(values.grad.numpy(), dense.T @ weights.numpy(), atol=1e-10)


def test_a_ball_that_is_far_off_becomes_the_object(scene):
    settings = replace(SMALL, start="sphere", steps=50, color_weight=0.0)
    fit = fit_pictures([replace(s) for s in scene[3][::2]], settings)
    assert fit.report.started_from == "sphere" and fit.report.mean_iou > 0.9


def test_crossings_are_smoothed_away():
    mesh = template(6).mesh
    pierced = mesh.vertices.copy()
    pierced[0] *= -1.3  # through the other side
    mended, left = without_crossings(pierced, mesh.faces)
    assert left == 0
    still = np.linalg.norm(mended - mesh.vertices, axis=1) < 1e-12
    assert still.sum() > 0.5 * len(still)
    same, none = without_crossings(mesh.vertices, mesh.faces)
    assert same is mesh.vertices and none == 0


PLAIN = np.full((32, 32, 3), 255, np.uint8)


def test_pictures_that_show_nothing_are_refused_by_name():
    with pytest.raises(ImageError, match="no object"):
        shot_from(PLAIN)
    with pytest.raises(ImageError, match="Picture 2 shows no object"):
        shots_from([_dot(), PLAIN])
    with pytest.raises(ImageError, match="no background"):
        shot_from(np.dstack([PLAIN, np.full((32, 32), 254, np.uint8)]))
    with pytest.raises(ImageError, match="not numbers"):
        shot_from(np.full((8, 8, 3), np.nan))
    with pytest.raises(ImageError, match="mask 16 × 16"):
        shot_from(_dot(), np.zeros((16, 16), np.uint8))
    with pytest.raises(InvalidParameter, match=r"2 pictures and 1 mask\."):
        shots_from([_dot(), _dot()], [PLAIN])
    with pytest.raises(InvalidParameter, match="no picture"):
        fit_pictures([])
    gradient = np.repeat(np.linspace(0, 255, 32).astype(np.uint8)[:, None, None], 32, 1).repeat(3, 2)
    with pytest.raises(ImageError, match="no plain background"):
        shot_from(gradient)
    gradient[:20] = 90  # the object is what the picture cuts off
    assert shot_from(gradient).mask.mean() > 0.3


def _dot() -> np.ndarray:
    picture = PLAIN.copy()
    picture[8:24, 8:24] = 40
    return picture


def test_masks_come_from_anywhere():
    whole = np.zeros((32, 32), np.uint8)
    whole[8:24, 8:24] = 255
    wanted = whole > 0
    assert ((shot_from(_dot()).mask > 0.5) == wanted).all()
    assert ((shot_from(PLAIN, whole).mask > 0.5) == wanted).all()
    assert ((shot_from(np.dstack([PLAIN, whole])).mask > 0.5) == wanted).all()
    spotted = np.kron(_dot(), np.ones((4, 4, 1), np.uint8))
    spotted[60, 60] = 255  # a spot like the background
    spotted[4, 4] = 0  # dirt
    found = shot_from(spotted).mask > 0.5
    assert found[60, 60] and not found[4, 4]


def test_large_pictures_are_averaged_down_with_their_cameras():
    picture = np.full((1600, 2000, 3), 255, np.uint8)
    picture[400:1200, 300:900] = 40
    camera = around(1, 2000)[0]
    shot = shot_from(picture, camera=camera)
    assert shot.reduced == 2 and shot.box == (150, 200, 450, 600)
    points = np.array([[0.1, 0.2, 0.3]])
    np.testing.assert_allclose(2.0 * shot.camera.project(points)[0], camera.project(points)[0])


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_pictures_that_are_read_smaller_keep_their_cameras_and_masks(tmp_path, ending):
    size = (4500, 3600)  # a file of more than 16 million pixels
    picture = Image.new("L", size, 255)
    picture.paste(40, (1600, 800, 2400, 2000))
    picture.save(tmp_path / f"large.{ending}", **({"compress_level": 1} if ending == "png" else {}))
    mask = np.zeros((3600, 4500), np.uint8)
    mask[800:2000, 1600:2400] = 255
    camera = around(1, 4500)[0]
    for given in (None, mask):
        shot = shot_from(tmp_path / f"large.{ending}", given, camera)
        assert max(shot.size) * shot.reduced == pytest.approx(4500, abs=shot.reduced)
        np.testing.assert_allclose(np.array(shot.box) * shot.reduced, [1600, 800, 2400, 2000], atol=shot.reduced)
        points = np.array([[0.1, 0.2, 0.3]])
        np.testing.assert_allclose(shot.reduced * shot.camera.project(points)[0], camera.project(points)[0])


def test_cameras_that_cannot_be_are_refused(scene, tmp_path):
    shots = scene[3]
    broken = Camera(shots[0].camera.matrix, np.full((3, 4), np.nan))
    with pytest.raises(InvalidParameter, match="not numbers"):
        with_cameras([replace(shots[0], camera=broken)], SMALL)
    with pytest.raises(InvalidParameter, match="has no camera"):
        with_cameras([shots[0], replace(shots[1], camera=None)], SMALL)
    flat = Camera(shots[0].camera.matrix, np.zeros((3, 4)))
    with pytest.raises(InvalidParameter, match="pinhole"):
        with_cameras([replace(shots[0], camera=flat)], SMALL)
    back = shots[1].camera.world * np.array([[1.0], [-1.0], [-1.0]])
    away = [shots[0], replace(shots[1], camera=Camera(shots[1].camera.matrix, back)), *shots[2:]]
    with pytest.raises(InvalidParameter, match="looks away"):
        find_object(away)
    with pytest.raises(InvalidParameter, match="cannot be used"):
        cameras_from(np.zeros((2, 3, 3)), np.zeros((3, 3, 4)))
    for text in ("[1]", "{}", "no", '[{"matrix": [[1]], "world": [[1]]}]'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(InvalidParameter):
            read_camera_file(tmp_path / "c.json")
    np.savez(tmp_path / "c.npz", x=1)
    with pytest.raises(InvalidParameter, match="lacks the key"):
        read_camera_file(tmp_path / "c.npz")


def test_settings_that_cannot_be_are_refused():
    for wrong in ({"symmetry": "star"}, {"level": 1}, {"level": True}, {"smoothness": float("nan")}, {"steps": 0}):
        with pytest.raises(InvalidParameter):
            settings_from(wrong)
    with pytest.raises(InvalidParameter, match="no sides"):
        PictureFitSettings(symmetric_texture=True)
    assert settings_from({"level": 4, "other": 1}).level == 4


def test_the_task_gives_arrays_and_previews(scene, tmp_path):
    arrays = {f"pixels_{k}": np.dstack([shot.pixels, shot.mask]) for k, shot in enumerate(scene[3][:2])}
    arrays["camera_matrix"] = np.stack([camera.matrix for camera in scene[2][:2]])
    arrays["camera_world"] = np.stack([camera.world for camera in scene[2][:2]])
    preview = tmp_path / "preview.npz"
    parameters = {"level": 4, "steps": 2, "resolution": 32, "texture_size": 32, "start": "sphere"}
    parameters["preview"] = str(preview)
    outcome = run_task("fit_pictures", arrays, parameters, lambda fraction, phase: None)
    with np.load(preview, allow_pickle=False) as shown:
        assert set(shown.files) == set(outcome.arrays)
        assert shown["vertices"].shape == outcome.arrays["vertices"].shape == (162, 3)
    assert json.dumps(outcome.data) and len(outcome.data["report"]["iou"]) == 2


def test_a_preview_that_cannot_be_written_is_no_reason_to_end(scene, tmp_path):
    arrays = {"pixels_0": np.dstack([scene[3][0].pixels, scene[3][0].mask])}
    parameters = {"level": 2, "steps": 1, "resolution": 32, "texture_size": 32, "start": "sphere"}
    parameters["preview"] = str(tmp_path / "gone" / "preview.npz")
    assert "vertices" in run_task("fit_pictures", arrays, parameters, lambda fraction, phase: None).arrays


def test_a_time_limit_is_for_both_rounds(scene):
    limited = replace(SMALL, level=2, steps=9, seconds=4.0, start="sphere", refine_cameras=True)
    begun, _ = learning._Scene(scene[3][:1], limited).begin(lambda fraction, phase: None)
    assert begun.settings.seconds == 2.0 and begun.settings.steps == 5


def test_the_command_writes_a_textured_mesh(scene, tmp_path, capsys):
    names = []
    for number, shot in enumerate(scene[3][:3]):
        names.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(np.rint(255 * np.dstack([shot.pixels, shot.mask])).astype(np.uint8)).save(names[-1])
    rows = [{"matrix": c.matrix.tolist(), "world": c.world.tolist()} for c in scene[2][:3]]
    (tmp_path / "cameras.json").write_text(json.dumps(rows))
    out = tmp_path / "out.obj"
    small = [
        "--level",
        "4",
        "--steps",
        "2",
        "--start",
        "sphere",
        "--resolution",
        "32",
        "--texture-size",
        "32",
        "--json",
    ]
    words = ["network", "fit-pictures", *names, str(out), "--cameras", str(tmp_path / "cameras.json")]
    assert main([*words, "--cameras-out", str(tmp_path / "after.json"), *small]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["mean_iou"] > 0.7 and len(report["files"]) == 4
    assert "color" in read_mesh(out).attributes
    assert len(read_camera_file(tmp_path / "after.json")) == 3
    assert main(["network", "fit-pictures", *names, str(tmp_path / "out.txt")]) == 2


def test_ctrl_c_asks_for_the_best_so_far():
    from spherical_cow.cli.network.fit_pictures import _stoppable

    before = signal.getsignal(signal.SIGINT)
    phases: list[str] = []
    with _stoppable(lambda fraction, phase: phases.append(phase)) as told:
        told(0.0, "")
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Cancelled):
            told(0.1, "")
    assert signal.getsignal(signal.SIGINT) is before
    assert "Stopping" in phases[-1]
