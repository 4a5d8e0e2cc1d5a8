# SPDX-License-Identifier: GPL-3.0-or-later
"""A script for Blender: puts the meshes that `spherical-cow demo` wrote into a scene, `cow.blend`, and pictures it.

blender --background --factory-startup --python demo_scene.py -- FOLDER
python demo_scene.py FOLDER            (with the bpy module)
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

SPACING = 1.35
"""Distance between two cows, in bounding-box widths."""

TURN = math.radians(35.0)
"""The camera looks from the front right; rows of cows run across its view."""
RIGHT, UP = np.array([math.cos(TURN), math.sin(TURN), 0.0]), np.array([0.0, 0.0, 1.0])


def build(folder: Path) -> None:
    """Import the meshes of `folder`, arrange them, add a camera and a sun, save `cow.blend`, render `cow.png`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = _color_material()
    cow = _import(folder / "cow.ply", material)
    levels = sorted(folder.glob("cow_degree_*.ply"))
    row = [
        cow,
        _import(folder / "cow_on_sphere.ply", material),
        *[_import(path, material) for path in levels],
    ]
    _add_shape_keys(cow, row[2:])
    _arrange(row, max(cow.dimensions[:]))
    _light_and_camera(row, max(cow.dimensions[:]))
    _render_settings(folder / "cow.png")
    bpy.ops.render.render(write_still=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "cow.blend"))


def _import(path: Path, material: bpy.types.Material) -> bpy.types.Object:
    bpy.ops.wm.ply_import(filepath=str(path), forward_axis="Y", up_axis="Z")
    obj = bpy.context.object
    assert obj is not None and isinstance(obj.data, bpy.types.Mesh)
    obj.name = path.stem.replace("_", " ")
    obj.data.materials.append(material)
    obj.data.shade_smooth()
    return obj


def _add_shape_keys(cow: bpy.types.Object, levels: list[bpy.types.Object]) -> None:
    """One shape key for each degree of detail, so that one cow morphs between them."""
    cow.shape_key_add(name="Basis")
    for level in levels:
        assert isinstance(level.data, bpy.types.Mesh)
        positions = np.empty(3 * len(level.data.vertices), dtype=np.float32)
        level.data.vertices.foreach_get("co", positions)
        cow.shape_key_add(name=level.name.removeprefix("cow ").capitalize()).points.foreach_set("co", positions)


def _arrange(row: list[bpy.types.Object], width: float) -> None:
    """Two rows of equal length, each object resting on its own centre."""
    columns = math.ceil(len(row) / 2)
    for index, obj in enumerate(row):
        corners = np.array(obj.bound_box)
        centre = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
        scale = 0.85 * width / max(obj.dimensions[:]) if "sphere" in obj.name else 1.0
        obj.scale = (scale, scale, scale)
        spot = SPACING * width * (index % columns * RIGHT - index // columns * UP)
        obj.location = spot - scale * centre


def _color_material() -> bpy.types.Material:
    """A material that shows the colour attribute of the mesh."""
    material = bpy.data.materials.new("Vertex Colour")
    material.use_nodes = True
    tree = material.node_tree
    assert tree is not None
    attribute = tree.nodes.new("ShaderNodeVertexColor")
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(attribute.outputs["Color"], shader.inputs["Base Color"])
    return material


def _light_and_camera(row: list[bpy.types.Object], width: float) -> None:
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.rotation_euler = (math.radians(50.0), 0.0, math.radians(30.0))
    camera_data = bpy.data.cameras.new("Camera")
    camera_data.type = "ORTHO"
    columns = math.ceil(len(row) / 2)
    camera_data.ortho_scale = columns * SPACING * width
    camera = bpy.data.objects.new("Camera", camera_data)
    middle = SPACING * width * ((columns - 1) / 2 * RIGHT - 0.5 * UP)
    camera.rotation_euler = (math.radians(80.0), 0.0, TURN)
    bpy.context.view_layer.update()
    backward = np.array(camera.rotation_euler.to_matrix() @ Vector((0.0, 0.0, 1.0)))
    camera.location = middle + 10.0 * width * backward
    for obj in (sun, camera):
        bpy.context.scene.collection.objects.link(obj)
    bpy.context.scene.camera = camera


def _render_settings(path: Path) -> None:
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.color_type = "VERTEX"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.show_cavity = True
    scene.display.shading.show_shadows = True
    scene.render.resolution_x, scene.render.resolution_y = 1600, 900
    scene.render.film_transparent = False
    scene.display.shading.background_type = "VIEWPORT"
    scene.display.shading.background_color = (0.28, 0.45, 0.22)
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = 0.9
    scene.render.filepath = str(path)


if __name__ == "__main__":
    build(Path(sys.argv[sys.argv.index("--") + 1] if "--" in sys.argv else sys.argv[1]).resolve())
