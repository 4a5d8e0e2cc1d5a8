# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of one mesh after the other, in a Blender without a window; the cameras are given.

blender -b --factory-startup --python render_views.py       or, with the bpy module, python render_views.py

Each line of standard input is a job in JSON: "out" (a folder for 000.png, …, transparent where nothing is), "size" in
pixels, "threads", "samples", "lens" and "sensor" in millimetres, "cameras" (4 × 4 each, of Blender's camera), "mesh"
(.npz with vertices, faces and maybe color, in place), and maybe "source": where the object itself is with its
materials, as "file" or "library" and "object", with "matrix" (4 × 4) that puts it in place. A source that cannot be
read, lacks a texture, has no material where the mesh has colours, or does not lie where the mesh does gives way to it.
Each answer is a line that begins with MARK. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy
import mathutils
import numpy as np

MARK = "@render "
GREY = (0.55, 0.55, 0.55, 1.0)
SUNS = (((0.5, 0.9, 0.6), 2.6), ((-0.9, 0.5, 0.2), 0.9), ((0.1, 0.4, -1.0), 1.2), ((0.0, -1.0, 0.1), 0.4))
"""Where light comes from (y is up), and how much. Only the first casts shadows."""
COLOR = "shape_color"
"""Cycles shows an attribute that is called just "color" as black."""
SMOOTH = 0.6
"""Edges with a smaller angle, in radians, are not seen."""
SLACK = 5e-3
"""How far the box of the source may be from that of the mesh, in diagonals."""


def main() -> None:
    """Answer jobs until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Blender prints is not for whoever reads the answers
    say(answers, {"ready": bpy.app.version_string})
    for line in iter(sys.stdin.readline, ""):
        try:
            answer: dict[str, Any] = {"ok": True, **render(json.loads(line))}
        except Exception as error:  # whatever one mesh does, the others must not pay for it
            answer = {"ok": False, "why": f"{type(error).__name__}: {error}"}
        say(answers, answer)


def say(answers: Any, data: dict[str, Any]) -> None:
    """One answer."""
    answers.write(MARK + json.dumps(data) + "\n")
    answers.flush()


def render(job: dict[str, Any]) -> dict[str, Any]:
    """All pictures of one mesh; tells whether they show the source with its materials."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    expected = np.load(job["mesh"], allow_pickle=False)
    shown = job.get("source") is not None and bring(job["source"], expected)
    if not shown:
        clear()
        add_mesh(expected)
    light(scene)
    camera = add_camera(scene, job)
    prepare(scene, job)
    for number, matrix in enumerate(job["cameras"]):
        camera.matrix_world = mathutils.Matrix(matrix)
        scene.render.filepath = str(Path(job["out"]) / f"{number:03}.png")
        bpy.ops.render.render(write_still=True)
    return {"materials": bool(shown)}


def bring(source: dict[str, Any], mesh: Any) -> bool:
    """Bring the source itself into the scene; False where that cannot be, it is not where the mesh is, or it would be
    drawn in grey where the mesh has colours."""
    try:
        if "library" in source:
            append(source["library"], source["object"])
        else:
            import_file(source["file"])
    except (RuntimeError, AttributeError, OSError, KeyError):
        return False
    if any(image.source == "FILE" and image.users and not image.size[0] for image in bpy.data.images):
        return False  # a texture is not there, and would be drawn in a loud colour
    objects = bpy.context.scene.objects
    plain = not any(slot.material for obj in objects for slot in obj.material_slots)
    if plain and "color" in mesh:
        return False
    matrix = mathutils.Matrix(source["matrix"])
    for obj in list(objects):
        if obj.type in {"LIGHT", "CAMERA"}:
            bpy.data.objects.remove(obj)
    bpy.context.view_layer.update()
    placed = {obj: matrix @ obj.matrix_world for obj in objects if obj.parent is None}
    for obj, place in placed.items():
        obj.animation_data_clear()
        for constraint in list(obj.constraints):
            obj.constraints.remove(constraint)
        obj.matrix_world = place
    bpy.context.view_layer.update()
    found = scene_bounds()
    return found is not None and bool(np.abs(found - bounds_of(mesh["vertices"])).max() < SLACK)


def append(library: str, name: str) -> None:
    """The object of another .blend as it is seen there: its modifiers done, with its materials, where it stood."""
    with bpy.data.libraries.load(library, link=False) as (_, wanted):
        wanted.objects = [name]
    obj = wanted.objects[0]
    if obj is None:
        raise KeyError(name)
    obj.hide_viewport = False
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    seen = obj.evaluated_get(graph)
    data = bpy.data.meshes.new_from_object(seen, preserve_all_data_layers=True, depsgraph=graph)
    for number, slot in enumerate(obj.material_slots):
        if slot.link == "OBJECT" and number < len(data.materials):
            data.materials[number] = slot.material
    plain = bpy.data.objects.new("shape", data)
    plain.matrix_world = seen.matrix_world.copy()
    bpy.context.scene.collection.objects.unlink(obj)
    bpy.context.scene.collection.objects.link(plain)


def import_file(file: str) -> None:
    """A mesh file with its materials, its coordinates as they are in the file."""
    ending = Path(file).suffix.lower()
    if ending == ".obj":
        bpy.ops.wm.obj_import(filepath=file, forward_axis="Y", up_axis="Z", validate_meshes=True)
    elif ending in {".glb", ".gltf"}:
        bpy.ops.import_scene.gltf(filepath=file)
        turn = mathutils.Matrix(((1, 0, 0, 0), (0, 0, 1, 0), (0, -1, 0, 0), (0, 0, 0, 1)))  # it has made z up
        for obj in [obj for obj in bpy.context.scene.objects if obj.parent is None]:
            obj.matrix_world = turn @ obj.matrix_world
    else:
        raise OSError(ending)


def clear() -> None:
    """Nothing in the scene."""
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)


def bounds_of(points: Any) -> Any:
    """(2, 3) least and largest coordinates."""
    return np.stack([points.min(axis=0), points.max(axis=0)])


def scene_bounds() -> Any:
    """(2, 3) of all that will be rendered; None where that is nothing."""
    graph = bpy.context.evaluated_depsgraph_get()
    boxes = []
    for instance in graph.object_instances:
        if instance.object.type != "MESH":
            continue
        data = instance.object.data
        points = np.empty((len(data.vertices), 3), np.float32)
        data.vertices.foreach_get("co", points.ravel())
        used = np.empty(len(data.loops), np.int32)
        data.loops.foreach_get("vertex_index", used)
        if len(used):
            matrix = np.array(instance.matrix_world)
            boxes.append(bounds_of(points[np.unique(used)] @ matrix[:3, :3].T + matrix[:3, 3]))
    return bounds_of(np.concatenate(boxes)) if boxes else None


def add_mesh(arrays: Any) -> None:
    """The mesh as it was given, in its colours or grey."""
    data = bpy.data.meshes.new("shape")
    data.from_pydata(arrays["vertices"].tolist(), [], arrays["faces"].tolist())
    data.shade_smooth()
    data.set_sharp_from_angle(angle=SMOOTH)
    material = bpy.data.materials.new("shape")
    if bpy.app.version < (5, 0):  # always so from then on
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = GREY
    shader.inputs["Roughness"].default_value = 0.8
    if "color" in arrays:
        layer = data.color_attributes.new(COLOR, "FLOAT_COLOR", "POINT")
        layer.data.foreach_set("color", np.pad(arrays["color"], ((0, 0), (0, 1)), constant_values=1.0).ravel())
        node = nodes.new("ShaderNodeAttribute")
        node.attribute_name = COLOR
        links.new(node.outputs["Color"], shader.inputs["Base Color"])
    data.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("shape", data))


def light(scene: bpy.types.Scene) -> None:
    """Suns around the object."""
    for number, (where, strength) in enumerate(SUNS):
        sun = bpy.data.lights.new("sun", "SUN")
        sun.energy, sun.angle = strength, 0.0
        sun.use_shadow = number == 0
        obj = bpy.data.objects.new("sun", sun)
        obj.rotation_mode = "QUATERNION"
        obj.rotation_quaternion = mathutils.Vector(where).to_track_quat("Z", "Y")
        scene.collection.objects.link(obj)


def add_camera(scene: bpy.types.Scene, job: dict[str, Any]) -> bpy.types.Object:
    """The camera, which is then moved."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit = job["lens"], job["sensor"], "HORIZONTAL"
    data.clip_start, data.clip_end = 0.01, 100.0
    camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def prepare(scene: bpy.types.Scene, job: dict[str, Any]) -> None:
    """The same picture for the same job, quickly without a graphics card."""
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", job["samples"], 0
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = 0
    cycles.transparent_max_bounces = 8
    cycles.pixel_filter_type = "BOX"  # a pixel shows what lies in it, and nothing of its neighbours
    render = scene.render
    render.resolution_x = render.resolution_y = job["size"]
    render.resolution_percentage, render.film_transparent = 100, True
    render.threads_mode, render.threads = "FIXED", job["threads"]
    render.use_persistent_data = True
    render.use_stamp = render.use_compositing = render.use_sequencer = False
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGBA"
    render.image_settings.color_depth, render.image_settings.compression = "8", 0
    scene.view_settings.view_transform = "Standard"


if __name__ == "__main__":
    main()
