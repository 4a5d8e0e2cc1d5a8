# SPDX-License-Identifier: GPL-3.0-or-later
"""Image to Mesh through the panel's operators, and meshes with a picture on them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from conftest import positions

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


torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(scope="module")
def weights(extension: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Narrow networks with random weights that bend what they begin with a little."""
    learning = f"{extension}.core.networks"
    variants = importlib.import_module(f"{learning}.pixel2mesh.variants")
    ellipsoid = importlib.import_module(f"{learning}.pixel2mesh.ellipsoid")
    template = importlib.import_module(f"{learning}.pixel2mesh.template")
    network = importlib.import_module(f"{learning}.pixel2mesh.network")
    torch.manual_seed(1)
    narrow = variants.Variant(width=2, hidden=8, last=8)
    made = network.Pixel2Mesh(template.template_of(ellipsoid.published_ellipsoid(), 3), narrow)
    folder = tmp_path_factory.mktemp("weights")
    torch.save(made.state_dict(), folder / "bent.pt")
    return {"bent": str(folder / "bent.pt")}


def test_thin(weights: dict[str, str], here: None, tmp_path: Path) -> None:
    image = bpy.data.images.new("Disc", 96, 64, alpha=True)
    y, x = np.mgrid[:64, :96]
    rgba = np.zeros((64, 96, 4), np.float32)
    rgba[(x - 20) ** 2 + (y - 44) ** 2 < 15**2] = (1.0, 0.0, 0.0, 1.0)
    image.pixels.foreach_set(rgba.ravel())
    for output in ("RESULT", "KEYS", "OBJECTS"):
        assert ops.image_to_mesh(checkpoint=weights["bent"], source="IMAGE", image="Disc", output=output) == {"FINISHED"}
        print(bpy.context.object, positions(bpy.context.object).shape, np.ptp(positions(bpy.context.object), axis=0))
