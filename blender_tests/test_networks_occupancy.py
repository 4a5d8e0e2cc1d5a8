# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy Networks through the panel's operators: images, the camera, points, voxels, new shapes."""

from __future__ import annotations

import importlib
import itertools
import math
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from conftest import activate, add_blob, positions
from mathutils import Euler, Matrix

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

ops = bpy.ops.spherical_cow


@pytest.fixture(scope="module")
def weights(extension: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A file for each kind of network: narrow, with random weights, a third of the cube inside."""
    network = importlib.import_module(f"{extension}.core.networks.occupancy.network").OccupancyNetwork
    sizes = importlib.import_module(f"{extension}.core.networks.occupancy.sizes").Sizes
    narrow = {"image": (16, 16, 8), "points": (16, 16, 16), "voxels": (16, 16, 4), "nothing": (8, 16, 16, 8)}
    shape = {"image": (1, 3, 224, 224), "points": (1, 300, 3), "voxels": (1, 32, 32, 32)}
    folder, files = tmp_path_factory.mktemp("weights"), {}
    for kind, numbers in narrow.items():
        torch.manual_seed(3)
        made = network(kind, sizes(*numbers)).eval()
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if "fc_1" in name or "conv_gamma.weight" in name or "conv_beta" in name:
                    weight.normal_(0.0, 0.3)
            if kind == "nothing":
                made.decoder.fc_z.weight *= 0.1  # shapes that are alike, so that all have an inside
            seen = torch.rand(shape[kind]) if kind in shape else None
            points, latent = torch.rand(1, 500, 3) - 0.5, made.latent(1, 0)
            made.decoder.fc_out.weight /= made(points, seen, latent).std()
            made.decoder.fc_out.bias -= made(points, seen, latent).quantile(0.5)
        files[kind] = str(folder / f"{kind}.pt")
        torch.save({"model": made.state_dict()}, files[kind])
    return files


@pytest.fixture
def listed(extension: str, weights: dict[str, str]) -> Any:
    """The files in the list of checkpoints, without a look into each by a process."""
    checkpoints = importlib.import_module(f"{extension}.networks.checkpoints")
    catalogue = importlib.import_module(f"{extension}.core.networks.catalogue")
    for path in weights.values():
        checkpoints.add(catalogue.describe(path).to_dict())
    yield checkpoints
    bpy.context.preferences.addons[extension].preferences.checkpoints.clear()


def predict(checkpoint: str, **options: Any) -> bpy.types.Object:
    assert ops.predict(checkpoint=checkpoint, resolution=16, **options) == {"FINISHED"}
    return bpy.context.object


def facts_of(obj: bpy.types.Object) -> Any:
    return obj.data.spherical_cow.predicted


def world(obj: bpy.types.Object) -> np.ndarray:
    bpy.context.view_layer.update()
    return positions(obj) @ np.array(obj.matrix_world)[:3, :3].T + np.array(obj.matrix_world)[:3, 3]


def add_camera() -> bpy.types.Object:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (0.0, -8.0, 0.0), (math.pi / 2, 0.0, 0.0)
    bpy.context.scene.camera = camera
    bpy.context.view_layer.update()
    return camera


@pytest.mark.parametrize("kind", ["points", "voxels"])
def test_the_result_goes_where_the_object_goes(kind: str, listed: Any, here: None) -> None:
    blob = add_blob(subdivisions=3)
    first = positions(predict(kind, hide_original=False))
    blob.location, blob.rotation_euler, blob.scale = (3.0, -2.0, 1.0), (0.3, 1.0, -0.5), (2.0, 2.0, 2.0)
    activate(blob)
    moved = predict(kind)
    assert blob.hide_get() and moved.name.startswith("Blob Prediction")
    assert np.allclose(positions(moved), first, atol=1e-5), "the same in the object's own axes"
    assert np.allclose(np.array(moved.matrix_world), np.array(blob.matrix_world), atol=1e-6)
    low, high = positions(blob).min(axis=0), positions(blob).max(axis=0)
    assert (first.min(axis=0) > low - 1.2).all() and (first.max(axis=0) < high + 1.2).all()
    facts = facts_of(moved)
    assert (facts.source, facts.resolution, facts.checkpoint) == ("Blob", 16, f"{kind}.pt") and facts.parameters > 100


def test_up_and_seed_and_threshold_count(listed: Any, here: None) -> None:
    blob = add_blob(subdivisions=3)
    seen = []
    for options in ({}, {"up": "y"}, {"seed": 5}, {"threshold": 0.5}, {}):
        activate(blob)
        seen.append(positions(predict("points", hide_original=False, **options)))
    assert np.array_equal(seen[0], seen[-1]), "again the same"
    for other in seen[1:-1]:
        assert other.shape != seen[0].shape or np.abs(other - seen[0]).max() > 1e-4


def test_voxels_beside_the_smooth_result(listed: Any, here: None) -> None:
    blob = add_blob(subdivisions=3)
    blob.rotation_euler.z = 0.4
    made = predict("voxels", show_voxels=True)
    blocks = bpy.data.objects["Blob Voxels"]
    assert made.name == "Blob Prediction" and bpy.context.object == made
    edges = np.diff(np.unique(positions(blocks)[:, 0].round(5)))
    assert np.allclose(edges, np.ptp(positions(blob), axis=0).max() / 32, rtol=1e-3)
    assert not blocks.data.polygons[0].use_smooth and made.data.polygons[0].use_smooth
    assert world(blocks)[:, 0].min() > positions(blob)[:, 0].max()
    extent = np.ptp(positions(blocks), axis=0)
    assert np.allclose(extent, np.ptp(positions(blob), axis=0), atol=extent.max() / 10)


def test_points_without_faces_curves_and_modifiers(listed: Any, here: None) -> None:
    mesh = bpy.data.meshes.new("Cloud")
    mesh.from_pydata(np.random.default_rng(0).random((40, 3)).tolist(), [], [])
    cloud = bpy.data.objects.new("Cloud", mesh)
    bpy.context.collection.objects.link(cloud)
    activate(cloud)
    loose = positions(predict("points", hide_original=False))
    activate(cloud)
    with pytest.raises(RuntimeError, match="has no faces"):
        predict("voxels")
    bpy.ops.object.convert(target="POINTCLOUD")
    assert bpy.context.object.type == "POINTCLOUD"
    assert np.array_equal(positions(predict("points")), loose)
    bpy.ops.surface.primitive_nurbs_surface_torus_add()
    assert len(predict("voxels").data.polygons)
    blob = add_blob(subdivisions=2)
    before = positions(predict("voxels", hide_original=False))
    activate(blob)
    blob.modifiers.new("Bend", "SIMPLE_DEFORM").angle = 2.0
    after = positions(predict("voxels"))
    assert before.shape != after.shape or not np.allclose(before, after)


def test_new_shapes_stand_in_a_row(listed: Any, here: None) -> None:
    bpy.context.scene.cursor.location = (1.0, 2.0, 3.0)
    last = predict("nothing", seed=4, count=3)
    row = bpy.context.selected_objects
    assert len(row) == 3 and {facts_of(one).seed for one in row} == {4, 5, 6}
    row.sort(key=lambda one: one.location.x)
    assert tuple(row[0].location) == (1.0, 2.0, 3.0) and last in row
    ends = [(world(one)[:, 0].min(), world(one)[:, 0].max()) for one in row]
    assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))
    alone = predict("nothing", seed=5)
    assert np.array_equal(positions(alone), positions(row[1]))


@pytest.fixture
def picture(tmp_path: Path) -> str:
    """A red disc on a transparent ground, off the middle."""
    image = bpy.data.images.new("Disc", 96, 64, alpha=True)
    y, x = np.mgrid[:64, :96]
    rgba = np.zeros((64, 96, 4), np.float32)
    rgba[(x - 20) ** 2 + (y - 44) ** 2 < 15**2] = (1.0, 0.0, 0.0, 1.0)
    image.pixels.foreach_set(rgba.ravel())
    image.filepath_raw, image.file_format = str(tmp_path / "disc.png"), "PNG"
    image.save()
    return image.filepath_raw


def shown() -> np.ndarray:
    """What the network saw, row 0 on top."""
    image = bpy.data.images["Network Input"]
    pixels = np.empty(224 * 224 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(224, 224, 4)[::-1, :, :3]


def test_images_from_disk_and_from_the_file(listed: Any, here: None, picture: str) -> None:
    bpy.context.scene.cursor.location = (5.0, 0.0, 0.0)
    made = predict("image", image_path=picture)
    assert tuple(made.location) == (5.0, 0.0, 0.0) and facts_of(made).source == Path(picture).name
    seen = shown()
    assert np.allclose(seen[112, 112], (1.0, 0.0, 0.0), atol=0.02), "the disc is in the middle"
    assert np.allclose(seen[0], 1.0), "on white"
    red = (seen[:, :, 1] < 0.5).mean()
    assert red == pytest.approx(math.pi / 4 * 0.6**2, rel=0.1)
    again = predict("image", source="IMAGE", image="Disc")
    assert np.abs(shown() - seen).max() < 0.02
    assert len(again.data.vertices) == len(made.data.vertices)
    assert ops.preview_view(source="FILE", image_path=picture, crop=False) == {"FINISHED"}
    assert (shown()[:, :, 1] < 0.5).mean() == pytest.approx(math.pi * 15**2 / 96 / 64, rel=0.1)
    assert "squeezed" in bpy.context.scene.spherical_cow.networks.occupancy.remarks


def settings_of(scene: bpy.types.Scene) -> dict[str, Any]:
    render = scene.render
    found = {p.identifier: getattr(render, p.identifier) for p in render.bl_rna.properties if p.type != "POINTER"}
    found |= {f"image_{p}": getattr(render.image_settings, p) for p in ("file_format", "color_mode", "color_depth")}
    found |= {"transform": scene.view_settings.view_transform, "samples": scene.cycles.samples, "world": scene.world}
    return {**found, "names": sorted(scene.objects.keys()), "frame": scene.frame_current}


def counts() -> dict[str, int]:
    names = ("scenes", "worlds", "lights", "objects", "cameras", "meshes", "collections", "materials")
    return {name: len(getattr(bpy.data, name)) for name in names}


@pytest.mark.parametrize("pictured", ["OBJECT", "SCENE"])
def test_the_camera_sees_the_object_and_nothing_of_the_scene_changes(pictured: str, listed: Any, here: None) -> None:
    blob = add_blob(subdivisions=3)
    blob.location = (0.8, 0.0, 0.3)
    add_camera()
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.film_transparent = 640, False
    bpy.context.scene.render.image_settings.file_format = "FFMPEG"
    bpy.context.scene.render.use_border = True
    bpy.context.scene.world = bpy.data.worlds.new("Own")
    bpy.context.scene.world.color = (0.5, 0.5, 0.5)
    activate(blob)
    before, many = settings_of(bpy.context.scene), counts()
    assert ops.preview_view(source="CAMERA", pictured=pictured) == {"FINISHED"}
    assert settings_of(bpy.context.scene) == before and counts() == many
    dark = shown().max(axis=2) < 0.98
    rows, columns = np.nonzero(dark)
    assert np.allclose(shown()[0], 1.0) and 0.05 < dark.mean() < 0.6
    assert abs(rows.mean() - 112) < 25 and abs(columns.mean() - 112) < 25
    assert max(np.ptp(rows), np.ptp(columns)) == pytest.approx(0.6 * 224, abs=6)
    made = predict("image", source="CAMERA", pictured=pictured)
    if pictured == "OBJECT":
        assert np.allclose(made.location, world(blob).min(axis=0) / 2 + world(blob).max(axis=0) / 2, atol=1e-4)
        assert made.scale.x == pytest.approx(np.ptp(world(blob), axis=0).max(), rel=1e-4)
    else:
        assert tuple(made.location) == (0.0, 0.0, 0.0)


def painted(name: str, color: tuple[float, float, float, float]) -> bpy.types.Image:
    image = bpy.data.images.new(name, 8, 8)
    image.pixels.foreach_set(np.tile(np.float32(color), 64))
    return image


@pytest.mark.parametrize(
    ("pictured", "kept"), [("OBJECT", "nowhere"), ("SCENE", "packed"), ("OBJECT", "relative"), ("SCENE", "changed")]
)
def test_the_picture_has_textures_and_the_frame(pictured: str, kept: str, here: None, tmp_path: Path) -> None:
    blob = add_blob(subdivisions=3)
    add_camera()
    bpy.context.scene.world = bpy.data.worlds.new("Own")
    bpy.context.scene.world.color = (1.0, 1.0, 1.0)
    image = painted("Paint", (0.0, 1.0, 0.0, 1.0))
    if kept == "packed":
        image.pack()
    elif kept != "nowhere":
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "own.blend"))
        image.filepath_raw, image.file_format = "//paint.png", "PNG"
        image.save()
    if kept == "changed":
        image.pixels.foreach_set(np.tile(np.float32((1.0, 0.0, 0.0, 1.0)), 64))
    material = bpy.data.materials.new("Painted")
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    material.node_tree.links.new(
        node.outputs["Color"], material.node_tree.nodes["Principled BSDF"].inputs["Base Color"]
    )
    blob.data.materials.append(material)
    for frame, x in ((1, 50.0), (9, 0.0)):
        blob.location.x = x
        blob.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(9)
    activate(blob)
    dirty, source, path = image.is_dirty, image.source, image.filepath
    assert ops.preview_view(source="CAMERA", pictured=pictured) == {"FINISHED"}
    middle = shown()[112, 112]
    seen, other = (0, 1) if kept == "changed" else (1, 0)
    assert middle[seen] > middle[other] + 0.2
    assert (image.is_dirty, image.source, image.filepath) == (dirty, source, path)


@pytest.mark.parametrize("pictured", [True, False])
def test_a_picture_that_is_stopped_leaves_nothing(pictured: bool, extension: str) -> None:
    jobs = importlib.import_module(f"{extension}.jobs")
    views = importlib.import_module(f"{extension}.networks.views")
    blob, _ = add_blob(subdivisions=2), add_camera()
    many, folders = counts(), set(jobs.user_folder("jobs").iterdir())
    working = views.picture_of_camera(bpy.context, blob if pictured else None, closely=pictured)
    assert next(working).phase == "Starting" and counts() == many
    assert len(set(jobs.user_folder("jobs").iterdir()) - folders) == 1
    working.close()
    assert set(jobs.user_folder("jobs").iterdir()) == folders


def test_what_the_camera_lacks_is_said_and_leaves_nothing(listed: Any, here: None) -> None:
    blob = add_blob(subdivisions=2)
    with pytest.raises(RuntimeError, match="no camera"):
        predict("image", source="CAMERA")
    camera = add_camera()
    activate(blob)
    many = counts()
    camera.rotation_euler = Euler((-math.pi / 2, 0.0, 0.0))
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="behind the camera"):
        predict("image", source="CAMERA")
    camera.matrix_world = Matrix.Translation((100.0, 0.0, 0.0)) @ camera.matrix_world
    camera.rotation_euler = (math.pi / 2, 0.0, 0.0)
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="not in the picture"):
        predict("image", source="CAMERA")
    blob.hide_render = True
    with pytest.raises(RuntimeError, match="hidden in renders"):
        predict("image", source="CAMERA")
    assert counts() == many and "Network Input" not in bpy.data.images


def test_errors_in_words_leave_the_scene_alone(
    listed: Any, here: None, weights: dict[str, str], tmp_path: Path
) -> None:
    blob = add_blob(subdivisions=2)
    many = counts()
    with pytest.raises(RuntimeError, match="No checkpoint"):
        ops.predict()
    with pytest.raises(RuntimeError, match="no checkpoint"):
        ops.predict(checkpoint="nowhere.pt")
    with pytest.raises(RuntimeError, match="Nothing is inside"):
        predict("points", threshold=0.999)
    with pytest.raises(RuntimeError, match="No image is chosen"):
        predict("image")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(RuntimeError, match="not an image"):
        predict("image", image_path=str(tmp_path / "text.png"))
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    with pytest.raises(RuntimeError, match=re.escape("bad.pt")):
        ops.predict(checkpoint=str(tmp_path / "bad.pt"))
    bpy.ops.object.empty_add()
    with pytest.raises(RuntimeError, match="needs a mesh or a point cloud"):
        predict("points")
    assert counts() == {**many, "objects": many["objects"] + 1} and not blob.hide_get()


def test_a_file_that_is_not_in_the_list_in_a_process_of_its_own(weights: dict[str, str]) -> None:
    add_blob(subdivisions=2)
    assert facts_of(predict(weights["points"])).checkpoint == "points.pt"


def test_it_can_be_undone(listed: Any, here: None) -> None:
    add_blob(subdivisions=2)
    bpy.ops.ed.undo_push(message="Before")
    made = predict("voxels", show_voxels=True).name
    bpy.ops.ed.undo_push(message="Predict")
    assert bpy.data.objects["Blob"].hide_get()
    bpy.ops.ed.undo()
    assert made not in bpy.data.objects and "Blob Voxels" not in bpy.data.objects
    assert not bpy.data.objects["Blob"].hide_get()
    bpy.ops.ed.redo()
    assert facts_of(bpy.data.objects[made]).source == "Blob"


def test_the_list_may_change_while_it_works(
    extension: str, listed: Any, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = importlib.import_module(f"{extension}.jobs")
    work = jobs.work

    def forgetful(request: Any) -> Any:
        result = yield from work(request)
        bpy.context.preferences.addons[extension].preferences.checkpoints.clear()
        return result

    monkeypatch.setattr(jobs, "work", forgetful)
    assert facts_of(predict("nothing")).checkpoint == "nothing.pt"


def test_the_facts_are_in_the_file(listed: Any, here: None, tmp_path: Path) -> None:
    made = predict("nothing", seed=7)
    copy = made.copy()
    copy.data = made.data.copy()
    bpy.context.collection.objects.link(copy)
    assert facts_of(copy).seed == 7
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    facts = facts_of(bpy.data.objects["New Shape"])
    assert facts.title == "Occupancy Network: New Shapes" and facts.seed == 7 and facts.threshold == pytest.approx(0.2)
