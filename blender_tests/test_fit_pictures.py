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
    cameras = importlib.import_module(f"{extension}.scene_cameras")
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


def test_the_result_is_where_the_cameras_see_the_object(scene, here) -> None:
    many, selected = counts(), bpy.context.object
    assert ops.fit_pictures(cameras="scene", **QUICK) == {"FINISHED"}
    made = bpy.context.object
    assert made != selected and made.select_get() and not selected.select_get()
    assert counts() == {name: n + (name != "cameras") for name, n in many.items()}
    truth, found = world(scene), world(made)
    assert np.allclose(found.min(axis=0), truth.min(axis=0), atol=0.15)
    assert np.allclose(found.max(axis=0), truth.max(axis=0), atol=0.15)
    assert np.linalg.norm(np.array(made.location) - np.array(PLACE)) < 0.3, "its origin is amid it"
    facts = facts_of(made)
    assert facts.count == 4 and 0.7 < facts.iou <= 1.0 and facts.psnr > 10.0 and not facts.stopped
    # Colours and texture: the side at positive x is brighter in red.
    color = made.data.color_attributes[0].data
    red = np.array([entry.color[0] for entry in color])
    right = found[:, 0] > PLACE.x
    assert red[right].mean() > red[~right].mean() + 0.1
    assert made.data.uv_layers and made.data.polygons[0].use_smooth
    image = next(node.image for node in made.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE")
    assert image.packed_file is not None and image.size[1] == 32


def test_a_turntable_stands_at_the_cursor(scene, here) -> None:
    bpy.context.scene.cursor.location = (5.0, 0.0, 0.0)
    for entry in settings().pictures:
        entry.camera = None
    with pytest.raises(RuntimeError, match="has no camera"):
        ops.fit_pictures(cameras="scene", **QUICK)
    assert ops.fit_pictures(cameras="turntable", symmetry="rotational", **QUICK) == {"FINISHED"}
    made = bpy.context.object
    assert tuple(made.location) == (5.0, 0.0, 0.0) and facts_of(made).symmetry == "rotational"
    points = positions(made)
    assert np.ptp(points[:, 2]) > 1.1 * np.ptp(points[:, 0]), "it is as tall as the blob"
    assert np.ptp(points[:, 0]) == pytest.approx(np.ptp(points[:, 1]), rel=0.05), "and round about z"


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


def test_it_is_shown_while_it_runs_and_stopping_keeps_the_best(watched, scene, extension) -> None:
    bpy.ops.ed.undo_push(message="Before")
    names = set(bpy.data.objects.keys())
    job = watched(steps=2000)
    shown = job.until_shown()
    assert bpy.context.object == scene, "what is active stays so meanwhile"
    assert len(shown.data.vertices) == 162 and not facts_of(shown).count
    first = positions(shown)
    job.latest = None
    assert job.until_shown() == shown and not np.array_equal(positions(shown), first)
    best = positions(shown)
    job.job.cancel = True
    assert job.look() == {"FINISHED"}
    assert bpy.context.object == shown and np.array_equal(positions(shown), best)
    assert facts_of(shown).stopped and facts_of(shown).count == 4 and facts_of(shown).iou >= 0.0
    assert "best so far" in job.reports[-1] and job.slowest < 2.0
    image = next(node.image for node in shown.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE")
    assert image.packed_file is not None
    assert not list(Path(bpy.utils.extension_path_user(extension, path="jobs")).glob("job-*"))
    name = shown.name
    bpy.ops.ed.undo_push(message="Fit to Pictures")
    bpy.ops.ed.undo()
    assert name not in bpy.data.objects and set(bpy.data.objects.keys()) == names
    bpy.ops.ed.redo()
    assert facts_of(bpy.data.objects[name]).count == 4


def test_what_was_taken_away_meanwhile_comes_again_and_a_failure_leaves_nothing(watched, scene, extension) -> None:
    many = counts()
    job = watched(steps=2000)
    bpy.data.objects.remove(job.until_shown())
    job.latest = None
    again = job.until_shown()
    assert again.name.startswith("Fitted Object")
    errors = importlib.import_module(f"{extension}.core.errors")

    def broken():
        raise errors.WorkerCrashed("It ended.", "")
        yield

    job.job.work.close()
    job.job.work = broken()
    assert job.run() == {"CANCELLED"} and "It ended" in job.reports[-1]
    left = counts()
    assert left["objects"] == many["objects"] and bpy.context.object == scene


def test_files_are_added_in_order_with_the_cameras_of_their_names(extension, tmp_path) -> None:
    for name in ("shot10", "shot2", "Left"):
        Image.new("RGB", (8, 6), (255, 0, 0)).save(tmp_path / f"{name}.png")
    (tmp_path / "text.png").write_text("no image")
    left = add_camera("left", Vector((1.0, 0.0, 0.0)), Vector())
    files = [{"name": f"{name}.png"} for name in ("shot10", "Left", "shot2")]
    images = len(bpy.data.images)
    with pytest.raises(RuntimeError, match="not an image"):
        ops.pictures_add(directory=str(tmp_path), files=[*files, {"name": "text.png"}])
    assert len(bpy.data.images) == images and not settings().pictures
    assert ops.pictures_add(directory=str(tmp_path), files=files) == {"FINISHED"}
    entries = settings().pictures
    assert [entry.image.name for entry in entries] == ["Left.png", "shot2.png", "shot10.png"]
    assert [entry.camera for entry in entries] == [left, None, None]
    assert ops.picture_move(direction="UP") == {"FINISHED"} and settings().active_picture == 1
    assert [entry.image.name for entry in entries] == ["Left.png", "shot10.png", "shot2.png"]
    assert ops.picture_remove() == {"FINISHED"} and len(entries) == 2
    assert ops.picture_new() == {"FINISHED"} and entries[2].image is None
    assert ops.picture_remove(every=True) == {"FINISHED"} and not len(entries) and not ops.picture_remove.poll()
    assert not ops.fit_pictures.poll()


def test_cameras_are_assigned_by_name_or_order(extension) -> None:
    for name in ("a", "b", "c"):
        settings().pictures.add().image = bpy.data.images.new(name, 4, 4)
    with pytest.raises(RuntimeError, match="no camera"):
        ops.pictures_cameras()
    cameras = {name: add_camera(name, Vector((1.0, 0.0, 0.0)), Vector()) for name in ("Cam 10", "Cam 2")}
    with pytest.raises(RuntimeError, match="2 cameras for 3 pictures"):
        ops.pictures_cameras()
    cameras["Cam 1"] = add_camera("Cam 1", Vector((1.0, 0.0, 0.0)), Vector())
    assert ops.pictures_cameras() == {"FINISHED"}
    assert [entry.camera.name for entry in settings().pictures] == ["Cam 1", "Cam 2", "Cam 10"]
    cameras["Cam 10"].name = "B"
    assert ops.pictures_cameras() == {"FINISHED"}
    assert settings().pictures[1].camera.name == "B" and settings().pictures[0].camera.name == "Cam 1"


def test_pictures_are_taken_through_the_cameras(scene, here) -> None:
    for number in (1, 2, 3):
        bpy.data.objects.remove(bpy.data.objects[f"Camera {number}"])
    drawing = settings().pictures[0].image
    settings().pictures.clear()
    many = counts()
    assert ops.pictures_take() == {"FINISHED"}
    (entry,) = settings().pictures
    assert (entry.image.name, entry.camera.name) == ("Camera 0 Picture", "Camera 0") and entry.image.packed_file
    assert counts() == {**many, "images": many["images"] + 1}
    pixels = np.empty((entry.image.size[1], entry.image.size[0], 4), np.float32)
    entry.image.pixels.foreach_get(pixels.ravel())
    known = np.empty((SIZE, SIZE, 4), np.float32)
    drawing.pixels.foreach_get(known.ravel())
    step = len(pixels) // SIZE
    small = pixels[:, :, 3].reshape(SIZE, step, SIZE, step).mean(axis=(1, 3))
    assert np.abs(small - known[:, :, 3]).mean() < 0.01, "by the camera as it is taken for known"


def test_errors_in_words_leave_the_scene_alone(scene, here) -> None:
    many = counts()
    entries = settings().pictures
    entries[1].camera.data.type = "ORTHO"
    with pytest.raises(RuntimeError, match="not a perspective camera"):
        ops.fit_pictures(cameras="scene", **QUICK)
    entries[1].enabled = False
    entries[2].image = None
    with pytest.raises(RuntimeError, match="Entry 3 of the list has no picture"):
        ops.fit_pictures(cameras="scene", **QUICK)
    with pytest.raises(RuntimeError, match=r"no background|no object"):
        entries[2].enabled = False
        entries[0].image = bpy.data.images.new("Blank", 16, 16)
        ops.fit_pictures(cameras="turntable", background="plain", **QUICK)
    bpy.data.images.remove(entries[0].image)
    assert counts() == many and bpy.context.object == scene


def test_a_painted_picture_that_is_not_saved_is_read_whole(extension) -> None:
    views = importlib.import_module(f"{extension}.network_views")
    image = bpy.data.images.new("Painted", 64, 32)
    image.pixels.foreach_set(np.tile(np.float32((0.25, 0.5, 0.75, 1.0)), 64 * 32))
    assert np.allclose(views.pixels_of(image, 100).mean(axis=(0, 1)), (0.25, 0.5, 0.75, 1.0), atol=0.01)
    image.pack()
    small = views.pixels_of(image, 512)
    assert small.shape == (16, 32, 4) and np.allclose(small.mean(axis=(0, 1)), (0.25, 0.5, 0.75, 1.0), atol=0.01)


def test_everything_is_in_the_file(scene, here, tmp_path) -> None:
    assert ops.fit_pictures(cameras="scene", **{**QUICK, "steps": 1}) == {"FINISHED"}
    name, iou = bpy.context.object.name, facts_of(bpy.context.object).iou
    path = tmp_path / "a.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert facts_of(bpy.data.objects[name]).iou == pytest.approx(iou)
    assert [entry.camera.name for entry in settings().pictures] == [f"Camera {n}" for n in range(4)]
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.objects = [name]
    made = wanted.objects[0]
    image = next(node.image for node in made.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE")
    pixels = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(pixels)
    assert image.packed_file is not None and np.ptp(pixels) > 0.2 and facts_of(made).count == 4
