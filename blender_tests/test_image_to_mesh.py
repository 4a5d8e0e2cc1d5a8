# SPDX-License-Identifier: GPL-3.0-or-later
"""Image to Mesh through the panel's operators, and meshes with a picture on them."""

from __future__ import annotations

import importlib
import itertools
import math
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from conftest import activate, add_blob, positions
from mathutils import Vector

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

ops = bpy.ops.spherical_cow


@pytest.fixture
def textured(extension: str) -> Any:
    return importlib.import_module(f"{extension}.textured")


def tetrahedron(size: int = 8) -> dict[str, np.ndarray]:
    """With a UV map that is different at each corner, and a picture of which each row is different."""
    rng = np.random.default_rng(0)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    texture = np.rint(rng.random((size, size, 3)) * 255.0) / 255.0
    return {
        "vertices": rng.random((4, 3)),
        "faces": faces,
        "uv": rng.random((4, 3, 2)),
        "texture": texture,
        "color": rng.random((4, 3)),
    }


def dress(obj: bpy.types.Object) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    """uv (F, 3, 2), texture (H, W, 3) with row 0 on top, colours (V, 3), and the image: what the render would use."""
    mesh = obj.data
    uv = np.empty(6 * len(mesh.polygons), np.float32)
    next(layer for layer in mesh.uv_layers if layer.active_render).uv.foreach_get("vector", uv)
    shader = next(node for node in mesh.materials[0].node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    image = shader.inputs["Base Color"].links[0].from_node.image
    pixels = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(pixels)
    colors = np.empty(4 * len(mesh.vertices), np.float32)
    mesh.color_attributes.active_color.data.foreach_get("color", colors)
    pixels = pixels.reshape(image.size[1], image.size[0], 4)[::-1, :, :3]
    return uv.reshape(-1, 3, 2), pixels, colors.reshape(-1, 4)[:, :3], image


def assert_wears(obj: bpy.types.Object, arrays: dict[str, np.ndarray]) -> None:
    uv, pixels, colors, _ = dress(obj)
    assert np.allclose(positions(obj), arrays["vertices"], atol=1e-6)
    assert np.allclose(uv, arrays["uv"], atol=1e-6)
    assert np.allclose(pixels, arrays["texture"], atol=1e-3) and np.allclose(colors, arrays["color"], atol=1e-6)


def test_a_picture_on_a_mesh_survives_save_append_and_copy(textured: Any, tmp_path: Path) -> None:
    given = tetrahedron()
    obj = textured.textured_object(bpy.context, "Pyramid", given)
    assert bpy.context.object == obj and obj.name == "Pyramid"
    assert_wears(obj, given)
    bpy.ops.object.duplicate()
    assert_wears(bpy.context.object, given)
    path = str(tmp_path / "pyramid.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with bpy.data.libraries.load(path) as (_, wanted):
        wanted.objects = ["Pyramid"]
    appended = wanted.objects[0]
    assert_wears(appended, given)
    assert dress(appended)[3].packed_file is not None


def test_updates_are_in_place(textured: Any) -> None:
    first, second = tetrahedron(), tetrahedron(16)
    second["vertices"], second["uv"] = first["vertices"] * 2.0, first["uv"][::-1]
    obj = textured.textured_object(bpy.context, "Pyramid", first)
    other = textured.textured_object(bpy.context, "Pyramid", first)
    image, mesh = dress(obj)[3], obj.data
    for live in (True, False):
        textured.update(obj, second, live=live)
        assert_wears(obj, second)
    assert obj.data == mesh and dress(obj)[3] == image and len(mesh.materials) == 1
    assert_wears(other, first)
    finer = {**second, "vertices": np.random.default_rng(1).random((5, 3)), "color": np.ones((5, 3))}
    finer["faces"] = second["faces"] + 1
    textured.update(obj, finer)
    assert_wears(obj, finer)
    assert dress(obj)[3] == image and len(bpy.data.images) == 2


@pytest.fixture(scope="module")
def weights(extension: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Narrow networks with random weights: of an ellipsoid, of two mean shapes, and one that is not for this."""
    place, folder = f"{extension}.core.networks", tmp_path_factory.mktemp("weights")
    torch.manual_seed(1)
    p2m = importlib.import_module(f"{place}.pixel2mesh.network")
    narrow = importlib.import_module(f"{place}.pixel2mesh.variants").Variant(width=1, hidden=6, last=6, rebuilds=False)
    ellipsoid = importlib.import_module(f"{place}.pixel2mesh.ellipsoid").published_ellipsoid()
    template = importlib.import_module(f"{place}.pixel2mesh.template").template_of(ellipsoid, 3)
    bent = p2m.Pixel2Mesh(template, narrow)
    with torch.no_grad():
        for (
            name,
            weight,
        ) in bent.nn_encoder.named_parameters():  # means: all layers are awake, and the picture counts
            if name.endswith("weight"):
                weight.abs_().div_(weight.sum(dim=(1, 2, 3), keepdim=True))
    torch.save(bent.state_dict(), folder / "bent.pt")
    scheme = importlib.import_module(f"{place}.reconstruction.schemes").scheme_of("plane", 3)
    sizes = importlib.import_module(f"{place}.reconstruction.sizes").Sizes(64, 4, 8, 8, 4, 8, 2)
    mean = importlib.import_module(f"{place}.reconstruction.network").MeanShapeNetwork
    save = importlib.import_module(f"{place}.checkpoints").save_checkpoint
    save(folder / "painted.safetensors", mean.of(scheme, 2, sizes), **scheme.facts(), fill=0.8)
    onet = importlib.import_module(f"{place}.occupancy.network").OccupancyNetwork
    widths = importlib.import_module(f"{place}.occupancy.sizes").Sizes(8, 8, 4)
    torch.save({"model": onet("image", widths).state_dict()}, folder / "occupancy.pt")
    return {file.stem: str(file) for file in folder.iterdir()}


@pytest.fixture
def listed(extension: str, weights: dict[str, str]) -> Any:
    """The files in the list of checkpoints, without a look into each by a process."""
    checkpoints = importlib.import_module(f"{extension}.networks.checkpoints")
    catalogue = importlib.import_module(f"{extension}.core.networks.catalogue")
    for path in weights.values():
        checkpoints.add(catalogue.describe(path).to_dict())
    yield checkpoints
    bpy.context.preferences.addons[extension].preferences.checkpoints.clear()


@pytest.fixture
def disc(tmp_path: Path) -> str:
    """A red disc with a blue half on a transparent ground, off the middle."""
    image = bpy.data.images.new("Disc", 96, 64, alpha=True)
    y, x = np.mgrid[:64, :96]
    rgba = np.zeros((64, 96, 4), np.float32)
    rgba[(x - 20) ** 2 + (y - 44) ** 2 < 15**2] = (1.0, 0.0, 0.0, 1.0)
    rgba[((x - 20) ** 2 + (y - 44) ** 2 < 15**2) & (x < 20)] = (0.0, 0.0, 1.0, 1.0)
    image.pixels.foreach_set(rgba.ravel())
    image.filepath_raw, image.file_format = str(tmp_path / "disc.png"), "PNG"
    image.save()
    return image.filepath_raw


def make(checkpoint: str, **options: Any) -> bpy.types.Object:
    assert ops.image_to_mesh(checkpoint=checkpoint, **options) == {"FINISHED"}
    return bpy.context.object


def library(extension: str, path: str, picture: str, fill: float) -> Any:
    """What the model itself sees in the picture, y up and in its own units."""
    inputs = importlib.import_module(f"{extension}.core.networks.inputs")
    model = importlib.import_module(f"{extension}.core.networks.catalogue").open_model(path, "cpu")
    view = inputs.network_view(Path(picture), inputs.Framing(True, fill), model.picture_size)
    return model.reconstruct(view.pixels)


def world(obj: bpy.types.Object) -> np.ndarray:
    bpy.context.view_layer.update()
    return positions(obj) @ np.array(obj.matrix_world)[:3, :3].T + np.array(obj.matrix_world)[:3, 3]


def through(camera: bpy.types.Object, points: np.ndarray) -> np.ndarray:
    """(N, 2) where points are in the square picture that the camera shows: right and down, in edges."""
    scene = bpy.context.scene
    seen = np.array([world_to_camera_view(scene, camera, Vector(point)) for point in points.tolist()])
    aspect = scene.render.resolution_x / scene.render.resolution_y
    across = (seen[:, :2] - 0.5) * [max(aspect, 1.0), max(1.0 / aspect, 1.0)] + 0.5
    return np.stack([across[:, 0], 1.0 - across[:, 1]], axis=1)


@pytest.mark.parametrize(("name", "fill"), [("bent", 0.6), ("painted", 0.8)])
def test_the_result_lies_over_the_picture(
    name: str, fill: float, extension: str, weights: dict[str, str], listed: Any, here: None, disc: str
) -> None:
    bpy.context.scene.cursor.location = (5.0, 1.0, 0.0)
    expected = library(extension, weights[name], disc, fill)
    pixels = expected.camera.project(expected.mesh.vertices)[0] / expected.picture_size
    for number, size in enumerate(((640, 480), (300, 400))):
        bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = size
        made = make(name, image_path=disc)
        assert tuple(made.location) == (5.0, 1.0, 0.0) and made.name.startswith("disc Mesh")
        points = positions(made)
        assert np.ptp(points, axis=0).max() == pytest.approx(1.0, abs=1e-5)
        assert np.allclose(points.max(axis=0), -points.min(axis=0), atol=1e-5)
        camera = bpy.data.objects[f"{made.name} Camera" if number == 0 else "disc Mesh Camera.001"]
        assert np.allclose(through(camera, world(made)[::7]), pixels[::7], atol=2e-4)
        if number == 0:
            assert bpy.context.scene.camera == camera
    upright = expected.mesh.vertices @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    middle = (upright.max(axis=0) + upright.min(axis=0)) / 2
    assert np.allclose(points, (upright - middle) / np.ptp(upright, axis=0).max(), atol=1e-5)
    background = camera.data.background_images[0]
    assert camera.data.show_background_images and background.image.packed_file is not None
    edge = background.image.size[0]
    assert edge == background.image.size[1] == pytest.approx(29 / fill, abs=2), "as fine as the picture is"
    rgba = np.empty(4 * edge * edge, np.float32)
    background.image.pixels.foreach_get(rgba)
    rgba = rgba.reshape(edge, edge, 4)[::-1]
    assert rgba[edge // 2, edge // 2 - 5, 2] > 0.9 > 0.2 > rgba[edge // 2, edge // 2 + 5, 2], "blue to the left"
    facts = made.data.spherical_cow.predicted
    assert facts.model and facts.checkpoint.startswith(name) and facts.source == "disc.png" and not facts.resolution


def test_stages_as_objects_and_as_shape_keys(listed: Any, here: None, disc: str) -> None:
    made = make("bent", image_path=disc, output="OBJECTS", add_camera=False)
    row = [bpy.data.objects[f"disc Mesh Stage {n}"] for n in (1, 2)] + [made]
    assert [len(one.data.vertices) for one in row] == [156, 618, 2466]
    assert [one.data.spherical_cow.predicted.stage for one in row] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all(a.location.x + 0.5 < b.location.x for a, b in itertools.pairwise(row))
    assert all(one.select_get() for one in row) and not [o for o in bpy.data.objects if o.type == "CAMERA"]
    keyed = make("bent", image_path=disc, output="KEYS", frame_start=10, frame_end=30)
    keys = keyed.data.shape_keys.key_blocks
    assert [key.name for key in keys] == ["Result", "Stage 1", "Stage 2"]
    assert np.allclose(positions(keyed), positions(made), atol=1e-6), "without the keys it is the result"
    for frame, stage in ((10, row[0]), (20, row[1]), (30, row[2])):
        bpy.context.scene.frame_set(frame)
        shown = keyed.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
        points = np.empty((len(shown.vertices), 3), np.float32)
        shown.vertices.foreach_get("co", points.ravel())
        count = len(stage.data.vertices)
        assert np.allclose(points[:count], positions(stage), atol=1e-5)
    bpy.context.scene.frame_set(15)
    assert keys[1].value + keys[2].value == pytest.approx(1.0, abs=1e-4), "from one stage to the next"
    still = make("bent", image_path=disc, output="KEYS", animate=False, add_camera=False)
    assert still.data.shape_keys.animation_data is None and not any(k.value for k in still.data.shape_keys.key_blocks)


def test_a_texture_is_a_material_and_colours(
    extension: str, weights: dict[str, str], listed: Any, here: None, disc: str, tmp_path: Path
) -> None:
    texture = library(extension, weights["painted"], disc, 0.8)
    made = make("painted", image_path=disc, output="KEYS")
    assert [key.name for key in made.data.shape_keys.key_blocks] == ["Result", "Stage 1"]
    name = made.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    uv, pixels, colors, image = dress(bpy.data.objects[name])
    assert image.packed_file is not None and np.allclose(pixels, texture.texture.pixels, atol=1.0 / 255)
    assert np.allclose(uv, texture.texture.uv, atol=1e-6)
    assert np.allclose(colors, texture.mesh.attributes["color"], atol=1e-5)
    assert bpy.data.objects[name].data.spherical_cow.predicted.title == "Symmetric Reconstruction"


def test_what_the_camera_sees_stands_in_its_place(listed: Any, here: None) -> None:
    blob = add_blob(subdivisions=3)
    blob.location = (0.8, 0.0, 0.3)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (8.0, 0.0, 0.0), (math.pi / 2, 0.0, math.pi / 2)
    bpy.context.scene.camera = camera
    bpy.context.view_layer.update()
    activate(blob)
    corners = world(blob)
    made = make("bent", source="CAMERA")
    assert np.allclose(made.location, (corners.min(axis=0) + corners.max(axis=0)) / 2, atol=1e-4)
    assert made.scale.x == pytest.approx(np.ptp(corners, axis=0).max(), rel=1e-4)
    assert bpy.context.scene.camera == camera
    matched = bpy.data.objects["Blob Mesh Camera"]
    assert np.allclose(matched.matrix_world.to_3x3(), camera.matrix_world.to_3x3(), atol=1e-5), "seen from there"


def counts() -> dict[str, int]:
    names = ("objects", "cameras", "meshes", "materials", "images", "scenes", "actions")
    return {name: len(getattr(bpy.data, name)) for name in names}


def test_errors_in_words_leave_the_scene_alone(listed: Any, here: None, disc: str, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")
    bad = bpy.data.images.new("Bad", 8, 8, float_buffer=True)
    bad.pixels.foreach_set(np.full(256, np.nan, np.float32))
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    many = counts()
    for words, options in (
        ("No checkpoint", {"checkpoint": ""}),
        ("no checkpoint", {"checkpoint": "nowhere.pt"}),
        ("bad.pt", {"checkpoint": str(tmp_path / "bad.pt")}),
        ("not the weights of a network that bends", {"checkpoint": "occupancy"}),
        ("No image is chosen", {"image_path": ""}),
        ("does not exist", {"image_path": str(tmp_path / "none.png")}),
        ("not an image", {"image_path": str(tmp_path / "text.png")}),
        ("No image is chosen", {"source": "IMAGE"}),
        ("not numbers", {"source": "IMAGE", "image": "Bad"}),
        ("no object to take a picture of", {"source": "CAMERA"}),
        ("before it begins", {"output": "KEYS", "frame_start": 5, "frame_end": 5}),
    ):
        with pytest.raises(RuntimeError, match=words):
            ops.image_to_mesh(**{"checkpoint": "bent", "image_path": disc, **options})
        assert counts() == many, words


def test_it_can_be_undone_and_works_in_a_process_of_its_own(listed: Any, disc: str) -> None:
    bpy.ops.ed.undo_push(message="Before")
    name = make("bent", image_path=disc).name
    bpy.ops.ed.undo_push(message="Make Mesh")
    bpy.ops.ed.undo()
    assert name not in bpy.data.objects
    bpy.ops.ed.redo()
    assert bpy.data.objects[name].data.spherical_cow.predicted.checkpoint == "bent.pt"


def test_the_preview_is_framed_as_the_network_was_trained(listed: Any, here: None, disc: str) -> None:
    shares = {}
    for name in ("bent", "painted"):
        assert ops.preview_view(section="image_to_mesh", trained_as=name, image_path=disc) == {"FINISHED"}
        pixels = np.empty(224 * 224 * 4, np.float32)
        bpy.data.images["Network Input"].pixels.foreach_get(pixels)
        shares[name] = np.ptp(np.nonzero(pixels.reshape(224, 224, 4)[:, :, 1] < 0.5)[1]) / 224
    assert shares["bent"] == pytest.approx(0.6, abs=0.02) and shares["painted"] == pytest.approx(0.8, abs=0.02)
    assert ops.preview_view(section="image_to_mesh", image_path=disc, crop=False) == {"FINISHED"}
    assert "squeezed" in bpy.context.scene.spherical_cow.networks.image_to_mesh.remarks
