# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit to Pictures: the list, cameras of the scene, what is shown while it runs, stopping, failing, undo, saving."""

from __future__ import annotations

import importlib
import math
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from conftest import activate, add_blob, positions
from mathutils import Matrix, Vector
from PIL import Image, ImageDraw

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

ops = bpy.ops.spherical_cow
SIZE = 32
FINER = 4
PLACE = Vector((10.0, -20.0, 3.0))
QUICK = {"quality": "custom", "level": 4, "steps": 12, "resolution": SIZE, "texture_size": 32, "start": "sphere"}


def settings() -> Any:
    return bpy.context.scene.spherical_cow.networks.fit_pictures


def add_camera(name: str, eye: Vector, target: Vector, **lens: Any) -> bpy.types.Object:
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    bpy.context.scene.collection.objects.link(camera)
    turn = (target - eye).to_track_quat("-Z", "Y")
    camera.matrix_world = Matrix.LocRotScale(eye, turn, None)
    for key, value in lens.items():
        setattr(camera.data, key, value)
    bpy.context.view_layer.update()
    return camera


def drawn(camera: bpy.types.Object, obj: bpy.types.Object, name: str) -> bpy.types.Image:
    """A picture of the object by Blender's own projection, faces from far to near, transparent around."""
    render = bpy.context.scene.render
    render.resolution_x = render.resolution_y = SIZE
    points = np.array(obj.matrix_world)[:3, :3] @ positions(obj).T + np.array(obj.matrix_world)[:3, 3:]
    seen = np.array([world_to_camera_view(bpy.context.scene, camera, Vector(point)) for point in points.T])
    corners = np.array([face.vertices[:] for face in obj.data.polygons])
    canvas = Image.new("RGBA", (SIZE * FINER, SIZE * FINER))
    pencil = ImageDraw.Draw(canvas)
    for face in np.argsort(-seen[corners, 2].mean(axis=1)):
        level = 0.3 + 0.5 * (points[0, corners[face]].mean() > points[0].mean())
        outline = [(x * SIZE * FINER, (1.0 - y) * SIZE * FINER) for x, y, _ in seen[corners[face]]]
        pencil.polygon(outline, fill=(round(255 * level), 100, 60, 255))
    small = np.asarray(canvas.resize((SIZE, SIZE), Image.Resampling.BOX), np.float32) / 255.0
    image = bpy.data.images.new(name, SIZE, SIZE, alpha=True)
    image.pixels.foreach_set(small[::-1].ravel())
    image.pack()
    return image


@pytest.fixture
def scene(extension: str) -> bpy.types.Object:
    """A blob far from the origin, four cameras around it, and their pictures in the list."""
    blob = add_blob(subdivisions=3)
    blob.location, blob.scale = PLACE, (0.5, 0.5, 0.5)
    bpy.context.view_layer.update()
    for number, angle in enumerate((0.3, 1.9, 3.4, 5.0)):
        eye = PLACE + Vector((4.0 * math.sin(angle), -4.0 * math.cos(angle), 1.0))
        camera = add_camera(f"Camera {number}", eye, PLACE, shift_x=0.05 * number)
        entry = settings().pictures.add()
        entry.image, entry.camera = drawn(camera, blob, f"View {number}"), camera
    activate(blob)
    return blob


def world(obj: bpy.types.Object) -> np.ndarray:
    bpy.context.view_layer.update()
    return positions(obj) @ np.array(obj.matrix_world)[:3, :3].T + np.array(obj.matrix_world)[:3, 3]


def counts() -> dict[str, int]:
    names = ("objects", "meshes", "materials", "images", "cameras")
    return {name: len(getattr(bpy.data, name)) for name in names}


def facts_of(obj: bpy.types.Object) -> Any:
    return obj.data.spherical_cow.pictured


@pytest.mark.parametrize(
    ("width", "height", "lens"),
    [
        (32, 32, {}),
        (64, 40, {"shift_x": 0.2, "shift_y": -0.1}),
        (40, 64, {"sensor_fit": "HORIZONTAL", "lens": 80.0}),
        (64, 40, {"sensor_fit": "VERTICAL", "sensor_height": 18.0, "shift_y": 0.3}),
    ],
)
def test_a_camera_of_the_scene_sees_what_blender_sees(extension, width, height, lens) -> None:
    cameras = importlib.import_module(f"{extension}.networks.scene_cameras")
    upright = importlib.import_module(f"{extension}.core.geometry.upright").Z_TO_Y
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y, render.pixel_aspect_x = width, height, 1.5
    parent = bpy.data.objects.new("Rig", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.matrix_world = Matrix.LocRotScale((1.0, 2.0, 0.5), None, (2.0, 2.0, 2.0))
    obj = add_camera("Camera", Vector((3.0, -4.0, 2.0)), Vector((0.2, 0.1, 0.3)), **lens)
    obj.parent = parent
    bpy.context.view_layer.update()
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 3))
    expected = np.array([world_to_camera_view(bpy.context.scene, obj, Vector(point)) for point in points])
    camera = cameras.camera_of(bpy.context, obj, width, height)
    pixels, depth = camera.project(points @ upright.T)
    assert np.allclose(pixels, np.column_stack([expected[:, 0] * width, (1.0 - expected[:, 1]) * height]), atol=1e-3)
    assert np.allclose(depth, expected[:, 2], atol=1e-4)
    half, _ = cameras.scaled(camera, 0.5, 0.25).project(points @ upright.T)
    assert np.allclose(half, pixels * (0.5, 0.25))


def made_up(extension: str, size: float) -> dict[str, np.ndarray]:
    """What a worker could give: a sphere, y up, in the colour of its size."""
    unit = importlib.import_module(f"{extension}.core.sphere.icosphere").icosphere(2)
    color = np.full((len(unit.vertices), 3), 0.25 * size)
    texture, uv = np.full((4, 8, 3), 0.25 * size), np.zeros((len(unit.faces), 3, 2))
    return {"vertices": size * unit.vertices, "faces": unit.faces, "uv": uv, "texture": texture, "color": color}


@pytest.fixture
def asked(extension: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests; a stand-in answers them at once."""
    jobs = importlib.import_module(f"{extension}.jobs")
    requests: list[Any] = []

    def work(request: Any) -> Any:
        requests.append(request)
        yield jobs.Step(0.5, "Half")
        report = {"mean_iou": 0.9, "mean_psnr": 25.0, "seconds": {"shape": 1.5, "texture": 0.5}}
        return jobs.Result({"report": report, "remarks": ["Dark"]}, made_up(extension, 1.0))

    monkeypatch.setattr(jobs, "work", work)
    return requests


def test_a_turntable_stands_at_the_cursor(scene, asked) -> None:
    many = counts()
    bpy.context.scene.cursor.location = (5.0, 0.0, 0.0)
    settings().pictures[0].camera = None
    settings().pictures[3].enabled = False
    with pytest.raises(RuntimeError, match="has no camera"):
        ops.fit_pictures(cameras="scene", **QUICK)
    options = {"azimuth": math.pi / 2, "turn": -0.1, "refine_cameras": True, "symmetry": "plane"}
    assert ops.fit_pictures(cameras="turntable", symmetric_texture=True, **options, **QUICK) == {"FINISHED"}
    (request,) = asked
    told = request.parameters
    assert request.task == "fit_pictures" and request.torch and not request.preview
    assert told["azimuth"] == 90.0 and told["turn"] == pytest.approx(-5.73, abs=1e-3) and told["field_of_view"] == 40.0
    assert told["refine_cameras"] and told["symmetric_texture"] and told["level"] == 4
    assert sorted(request.arrays) == ["pixels_0", "pixels_1", "pixels_2"]
    made = bpy.context.object
    assert tuple(made.location) == (5.0, 0.0, 0.0) and made.select_get() and made != scene
    assert counts() == {name: n + (name != "cameras") for name, n in many.items()}
    facts = facts_of(made)
    assert (facts.count, facts.symmetry, facts.remarks, facts.stopped) == (3, "plane", "Dark", False)
    assert (facts.iou, facts.psnr, facts.seconds) == pytest.approx((0.9, 25.0, 2.0))
    assert made.data.uv_layers and made.data.polygons[0].use_smooth and made.data.color_attributes


def test_what_is_handed_over(scene, asked) -> None:
    """Pixels as they are, with alpha where it counts; cameras scaled with pictures that are large; y up."""
    entries = settings().pictures
    large = bpy.data.images.new("Large", 1600, 800, alpha=True)
    large.generated_color = (0.0, 1.0, 0.0, 1.0)
    entries[1].image = large
    assert ops.fit_pictures(cameras="scene", quality="draft", symmetric_texture=True) == {"FINISHED"}
    arrays, told = asked[0].arrays, asked[0].parameters
    assert told["level"] == 8 and not told["symmetric_texture"] and "turn" not in told
    known = np.empty((SIZE, SIZE, 4), np.float32)
    entries[0].image.pixels.foreach_get(known.ravel())
    assert np.abs(arrays["pixels_0"] / 255.0 - known[::-1]).max() < 0.01
    height, width, depth = arrays["pixels_1"].shape
    assert depth == 3 and height * width <= 1_000_000 and width == 2 * height and (arrays["pixels_1"][0, 0, 1] == 255)
    matrix, place = arrays["camera_matrix"], arrays["camera_world"]
    assert matrix.shape == (4, 3, 3) and place.shape == (4, 3, 4)
    middle = np.array((PLACE.x, PLACE.z, -PLACE.y, 1.0))
    for number in range(4):
        pixel = matrix[number] @ place[number] @ middle
        seen = arrays[f"pixels_{number}"].shape
        across = 0.5 - 0.05 * number
        assert np.allclose(pixel[:2] / pixel[2], (across * seen[1], 0.5 * seen[0]), atol=0.01 * seen[1])
    assert ops.fit_pictures(cameras="scene", background="plain", **QUICK) == {"FINISHED"}
    assert asked[1].arrays["pixels_0"].shape == (SIZE, SIZE, 3)


def test_the_usual_quality_is_that_of_the_library(extension: str, scene, asked) -> None:
    """Also for who begins with it and chooses his own."""
    usual = importlib.import_module(f"{extension}.core.networks.picture_fit.settings").PictureFitSettings()
    for quality in ("normal", "custom"):
        assert ops.fit_pictures(cameras="scene", quality=quality) == {"FINISHED"}
        told = asked[-1].parameters
        known = usual.to_dict()
        assert {"level", "steps", "resolution", "texture_size", "smoothness"} <= set(told) <= set(known)
        assert {name: known[name] for name in told} == told
    choices = importlib.import_module(f"{extension}.networks.picture_choices").FIT_QUALITIES
    fineness = importlib.import_module(f"{extension}.operators.networks.fit_pictures").QUALITIES
    for name, _, tip in choices[:3]:
        assert tip.startswith(f"{10 * fineness[name]['level'] ** 2 + 2:,} vertices")


@pytest.fixture
def watched(extension: str, scene: bpy.types.Object) -> Any:
    """The operator without a window: the same steps that its timer takes."""
    module = importlib.import_module(f"{extension}.operators.networks.fit_pictures")
    watching = importlib.import_module(f"{extension}.operators.networks.watched").WatchedOperator
    jobs = importlib.import_module(f"{extension}.jobs")
    base = module.SPHERICAL_COW_OT_fit_pictures

    class Watched(watching):
        bl_idname, made_name, live = base.bl_idname, base.made_name, True
        placed, keep, work = base.placed, base.keep, base.work
        _shots, _chain, _handed_over, _parameters = base._shots, base._chain, base._handed_over, base._parameters
        cameras, symmetry, background = "scene", "free", "auto"
        smoothness, color_weight, seconds, seed, symmetric_texture = 1.0, 1.0, 0.0, 0, False

        def __init__(self, **options: Any) -> None:
            self.reports: list[str] = []
            for name, value in {**QUICK, **options}.items():
                setattr(self, name, value)
            self.slowest = 0.0
            self._begin(bpy.context, None)

        def report(self, kind: set[str], text: str) -> None:
            self.reports.append(text)

        def look(self) -> set[str] | None:
            start = time.perf_counter()
            outcome = self._look(bpy.context)
            self.slowest = max(self.slowest, time.perf_counter() - start)
            if outcome is not None:
                self._release()
            else:
                time.sleep(0.02)
            return outcome

        def until_shown(self) -> bpy.types.Object:
            ends = time.monotonic() + 60.0
            while self.latest is None:
                assert self.look() is None and time.monotonic() < ends, (self.reports, self.job.step)
            return next(obj for obj in bpy.data.objects if obj.session_uid == self.shown_uid)

        def run(self) -> set[str]:
            while (outcome := self.look()) is None:
                pass
            return outcome

    yield Watched
    jobs.release_all()


def test_it_becomes_the_object_in_its_place_and_is_seen_meanwhile(watched, scene, extension, tmp_path) -> None:
    many = counts()
    job = watched()
    shown = job.until_shown()
    assert bpy.context.object == scene, "what is active stays so meanwhile"
    assert len(shown.data.vertices) == 162 and not facts_of(shown).count
    assert job.run() == {"FINISHED"}, job.reports
    assert bpy.context.object == shown
    assert counts() == {name: n + (name != "cameras") for name, n in many.items()}
    assert not list(Path(bpy.utils.extension_path_user(extension, path="jobs")).glob("job-*"))
    truth, found = world(scene), world(shown)
    assert np.allclose(found.min(axis=0), truth.min(axis=0), atol=0.15)
    assert np.allclose(found.max(axis=0), truth.max(axis=0), atol=0.15)
    assert np.linalg.norm(np.array(shown.location) - np.array(PLACE)) < 0.3, "its origin is amid it"
    facts = facts_of(shown)
    assert facts.count == 4 and 0.7 < facts.iou <= 1.0 and facts.psnr > 10.0 and facts.seconds and not facts.stopped
    red = np.array([entry.color[0] for entry in shown.data.color_attributes[0].data])
    right = found[:, 0] > PLACE.x
    assert red[right].mean() > red[~right].mean() + 0.1, "the side at positive x is brighter"
    # All of it is in the file, also for others that append it.
    path, name, iou = tmp_path / "a.blend", shown.name, facts.iou
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert facts_of(bpy.data.objects[name]).iou == iou
    assert [entry.camera.name for entry in settings().pictures] == [f"Camera {n}" for n in range(4)]
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.objects = [name]
    made = wanted.objects[0]
    pixels = pixels_on(made)
    assert pixels.shape[0] == 32 and np.ptp(pixels[:, :, 0]) > 0.2 and facts_of(made).count == 4


def pixels_on(obj: bpy.types.Object) -> np.ndarray:
    """(H, W, 4) the packed image on it."""
    image = next(node.image for node in obj.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE")
    assert image.packed_file is not None
    pixels = np.empty((image.size[1], image.size[0], 4), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    return pixels


@pytest.fixture
def standing_in(watched, extension: str, tmp_path: Path) -> Any:
    """A job whose worker shows spheres of growing size, then something damaged, and fails."""
    errors = importlib.import_module(f"{extension}.core.errors")
    jobs = importlib.import_module(f"{extension}.jobs")
    path = tmp_path / "preview.npz"

    def worker() -> Any:
        yield jobs.Step(0.1, "Begin")
        for size in (1.0, 2.0):
            np.savez(path, iou=0.25 * size, **made_up(extension, size))
            yield jobs.Step(0.5, "Step, IoU 0.5", path)
        path.write_bytes(b"damaged")
        yield jobs.Step(0.6, "Step, IoU 0.6", path)
        raise errors.WorkerCrashed("It ended.", "")

    job = watched()
    job.job.work.close()
    job.job.work = worker()
    return job


def test_stopping_keeps_the_best_and_can_be_undone(standing_in, scene) -> None:
    bpy.ops.ed.undo_push(message="Before")
    names, job = set(bpy.data.objects.keys()), standing_in
    shown = job.until_shown()
    assert job.look() is None and np.abs(positions(shown)).max() == pytest.approx(2.0, abs=0.1)
    assert job.slowest < 0.2
    job.job.cancel = True
    assert job.look() == {"FINISHED"} and "best so far" in job.reports[-1]
    assert bpy.context.object == shown and np.abs(positions(shown)).max() == pytest.approx(2.0, abs=0.1)
    facts = facts_of(shown)
    assert facts.stopped and facts.count == 4 and facts.iou == 0.5 and facts.remarks == "Step", "how far it was"
    assert np.allclose(pixels_on(shown)[:, :, :3], 0.5, atol=0.01)
    name = shown.name
    bpy.ops.ed.undo_push(message="Fit to Pictures")
    bpy.ops.ed.undo()
    assert name not in bpy.data.objects and set(bpy.data.objects.keys()) == names
    bpy.ops.ed.redo()
    assert facts_of(bpy.data.objects[name]).stopped


def test_stopped_before_there_is_anything_nothing_is_left(standing_in, scene) -> None:
    many = counts()
    assert standing_in.look() is None
    standing_in.job.cancel = True
    assert standing_in.look() == {"CANCELLED"} and counts() == many


def test_what_was_taken_away_meanwhile_comes_again_and_a_failure_leaves_nothing(standing_in, scene, extension) -> None:
    many, job = counts(), standing_in
    watching = importlib.import_module(f"{extension}.operators.networks.watched")
    watching.discard(job.until_shown())
    assert counts() == many
    assert job.look() is None
    again = bpy.data.objects["Fitted Object"]
    assert job.look() is None and np.abs(positions(again)).max() > 1.5, "a damaged preview is passed over"
    assert job.run() == {"CANCELLED"} and "It ended" in job.reports[-1]
    assert counts() == many and bpy.context.object == scene


def test_pictures_are_taken_through_the_cameras(scene) -> None:
    for number in (2, 3):
        bpy.data.objects.remove(bpy.data.objects[f"Camera {number}"])
    drawings = [entry.image for entry in settings().pictures][:2]
    settings().pictures.clear()
    many = counts()
    assert ops.pictures_take() == {"FINISHED"}
    assert counts() == {**many, "images": many["images"] + 2}
    for number, (entry, drawing) in enumerate(zip(settings().pictures, drawings, strict=True)):
        assert (entry.image.name, entry.camera.name) == (f"Camera {number} Picture", f"Camera {number}")
        assert entry.image.packed_file
        pixels = np.empty((entry.image.size[1], entry.image.size[0], 4), np.float32)
        entry.image.pixels.foreach_get(pixels.ravel())
        known = np.empty((SIZE, SIZE, 4), np.float32)
        drawing.pixels.foreach_get(known.ravel())
        step = len(pixels) // SIZE
        small = pixels[:, :, 3].reshape(SIZE, step, SIZE, step).mean(axis=(1, 3))
        assert np.abs(small - known[:, :, 3]).mean() < 0.01, "by the camera as it is taken for known"


def test_errors_in_words_leave_the_scene_alone(scene, asked) -> None:
    many, entries = counts(), settings().pictures
    entries[1].camera.data.type = "ORTHO"
    with pytest.raises(RuntimeError, match="not a perspective camera"):
        ops.fit_pictures(cameras="scene", **QUICK)
    entries[1].enabled = False
    entries[2].image = None
    with pytest.raises(RuntimeError, match="Entry 3 of the list has no picture"):
        ops.fit_pictures(cameras="scene", **QUICK)
    entries[2].enabled = False
    gone = entries[3].image = bpy.data.images.new("Gone", 8, 8)
    gone.source, gone.filepath = "FILE", "/nowhere.png"
    with pytest.raises(RuntimeError, match="no pixels"):
        ops.fit_pictures(cameras="turntable", **QUICK)
    bpy.data.images.remove(gone)
    assert counts() == many and bpy.context.object == scene and not asked
