# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the pictures of the README and the manual with the project itself and Blender's Cycles: `docs/panel/pictures`.

    .venv/bin/python -m tools.make_pictures [FOLDER]

Needs the `bpy` module, which `make demo` installs.
"""

# mypy: disable-error-code="attr-defined, union-attr, index, arg-type, call-arg, import-not-found"
from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
import spherical_cow as sc
from mathutils import Vector
from PIL import Image, ImageDraw, ImageFont
from spherical_cow.blending.morph import align_shapes, ends_of
from spherical_cow.codec import sampling_mesh
from spherical_cow.harmonics.filters import apply_gains, band_gains
from spherical_cow.mesh import Mesh
from spherical_cow.pictures import coefficient_image, save_png, spectrum_plot
from spherical_cow.sample import sample_cow
from spherical_cow.topology.components import vertex_components

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "panel" / "pictures"
CELL = 300
SPACING = 2.35
VIEW = Vector((-0.56, -0.78, 0.3)).normalized()
"""Towards the camera: from the front, a little to the right of the cow, a little above."""
BACKGROUND = (0.80, 0.87, 0.93)
GROUND = (0.42, 0.6, 0.33)


def main() -> None:
    """Encode the cow and draw every picture."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    cow = sample_cow()
    shape = sc.encode(cow, 64, channels=["position", "color", "vertex_density"])
    sphere = sampling_mesh(shape, "source").with_attributes(**cow.attributes)
    sphere = sphere.with_vertices(0.72 * sphere.vertices)
    levels = [sc.decode(shape, lmax=lmax) for lmax in (4, 8, 16, 64)]
    names = ["cow", "on the sphere", "degree 4", "degree 8", "degree 16", "degree 64"]
    strip([cow, sphere, *levels], names, folder / "levels.png")
    # Gains of the bands 0, 1, 2–3, 4–7, 8–15, 16–31, 32–63, 64.
    gains = [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 0, 1, 1, 1, 1, 1],
        [1, 1, 1, 1.8, 1, 1, 1, 1],
        [1, 1, 1, 1, 2.2, 1, 1, 1],
        [1, 1, 1, 1, 1, 0, 0, 0],
    ]
    titles = ["as it is", "2 to 3 off", "4 to 7: 180 %", "8 to 15: 220 %", "16 to 64 off"]
    strip([equalised(shape, gain) for gain in gains], titles, folder / "equalizer.png")
    fresh = [sc.decode(shape, "icosphere", 20), sc.decode(shape, "adaptive", 4000)]
    strip([cow, *fresh], ["original", "icosphere", "adapted"], folder / "reconstruct.png", wire=True, cell=420)
    draw_morph(shape, folder / "morph.png")
    save_png(coefficient_image(shape.harmonics.select(["x"]).coefficients[0]), folder / "coefficients.png")
    save_png(spectrum_plot(shape.harmonics), folder / "spectrum.png")
    shrink(folder / "coefficients.png", 390, smooth=False)
    shrink(folder / "spectrum.png", 900)


def equalised(shape: sc.Shape, gains: Sequence[float]) -> Mesh:
    """The cow with bands of degrees made stronger or weaker; the colours stay."""
    position = apply_gains(shape.harmonics.select(["x", "y", "z"]), band_gains(shape.lmax, gains))
    moved = sc.decode(shape.with_harmonics(position))
    return moved.with_attributes(color=sample_cow().attributes["color"])


def draw_morph(cow: sc.Shape, path: Path) -> None:
    """From the cow to Blender's monkey, which has to be repaired first."""
    monkey = sc.encode(sc.repair(suzanne()).mesh, cow.lmax, channels=["position", "color"])
    family = align_shapes([cow, monkey], "keep")
    ends = ends_of(family, "icosphere", 60)
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    strip([ends.at([1.0 - t, t]) for t in shares], [f"{t:.0%}" for t in shares], path)


def suzanne() -> Mesh:
    """Blender's monkey, subdivided once, brown with dark eyes: three open parts."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_monkey_add(size=1.6)
    obj = bpy.context.object
    obj.modifiers.new("fine", "SUBSURF").levels = 2
    data = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    data.calc_loop_triangles()
    vertices, faces = np.empty((len(data.vertices), 3)), np.empty((len(data.loop_triangles), 3), np.int32)
    data.vertices.foreach_get("co", vertices.ravel())
    data.loop_triangles.foreach_get("vertices", faces.ravel())
    color = np.tile([0.35, 0.16, 0.07], (len(vertices), 1))
    parts = vertex_components(faces.astype(np.int64), len(vertices))
    color[parts != np.bincount(parts).argmax()] = 0.02  # the eyes
    return Mesh(vertices, faces.astype(np.int64), {"color": color})


def strip(meshes: Sequence[Mesh], titles: Sequence[str], path: Path, *, wire: bool = False, cell: int = CELL) -> None:
    """Render the meshes side by side on a meadow, with a title under each."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    right = VIEW.cross(Vector((0.0, 0.0, 1.0))).normalized() * -1.0
    for index, mesh in enumerate(meshes):
        add_mesh(mesh, right * (SPACING * index), wire)
    light_scene()
    middle = right * (SPACING * (len(meshes) - 1) / 2) + Vector((0.0, 0.0, 0.62))
    render(middle, len(meshes), path, cell)
    write_titles(path, titles)


def add_mesh(mesh: Mesh, place: Vector, wire: bool) -> None:
    """A Blender object with the vertex colours, standing on the ground."""
    low = mesh.vertices.min(axis=0)
    high = mesh.vertices.max(axis=0)
    centre = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    data = bpy.data.meshes.new("mesh")
    data.from_pydata((mesh.vertices - centre).tolist(), [], mesh.faces.tolist())
    colors = np.hstack([mesh.attributes["color"], np.ones((mesh.n_vertices, 1))]).astype(np.float32)
    data.color_attributes.new("Color", "FLOAT_COLOR", "POINT").data.foreach_set("color", colors.ravel())
    data.shade_smooth()
    data.materials.append(material("coat", attribute="Color"))
    obj = bpy.data.objects.new("mesh", data)
    obj.location = place
    bpy.context.scene.collection.objects.link(obj)
    if wire:
        data.materials.append(material("wire", color=(0.12, 0.16, 0.25)))
        modifier = obj.modifiers.new("wire", "WIREFRAME")
        modifier.thickness, modifier.use_replace, modifier.material_offset = 0.004, False, 1


def material(name: str, *, attribute: str = "", color: tuple[float, float, float] = (1, 1, 1)) -> bpy.types.Material:
    """A dull material with one colour, or that of a colour attribute."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.55 if attribute else 1.0
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    if attribute:
        source = made.node_tree.nodes.new("ShaderNodeVertexColor")
        source.layer_name = attribute
        made.node_tree.links.new(source.outputs["Color"], shader.inputs["Base Color"])
    return made


def light_scene() -> None:
    """A meadow, a soft sun, and a bright sky."""
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_plane_add(size=400)
    bpy.context.object.data.materials.append(material("meadow", color=GROUND))
    sun = bpy.data.lights.new("sun", "SUN")
    sun.energy, sun.angle = 2.1, 0.35
    lamp = bpy.data.objects.new("sun", sun)
    lamp.rotation_euler = Vector((0.1, 0.75, -0.9)).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(lamp)
    scene.world = bpy.data.worlds.new("sky")
    scene.world.use_nodes = True
    sky = scene.world.node_tree.nodes["Background"]
    sky.inputs["Color"].default_value = (*BACKGROUND, 1.0)
    sky.inputs["Strength"].default_value = 0.6


def render(middle: Vector, count: int, path: Path, cell: int) -> None:
    """Render all cells in one picture, seen from `VIEW` without perspective."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.type, data.ortho_scale = "ORTHO", SPACING * count
    camera = bpy.data.objects.new("camera", data)
    camera.location = middle + VIEW * 30.0
    camera.rotation_euler = (-VIEW).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 32, True
    scene.render.resolution_x, scene.render.resolution_y = cell * count, cell
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def write_titles(path: Path, titles: Sequence[str]) -> None:
    """Write a title under each cell."""
    picture = Image.open(path).convert("RGB")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=17)
    for index, title in enumerate(titles):
        x = picture.width * (index + 0.5) / len(titles)
        pen.text((x, picture.height - 12), title, fill=(42, 66, 40), font=font, anchor="ms")
    picture.save(path, optimize=True)


def shrink(path: Path, width: int, *, smooth: bool = True) -> None:
    """Scale a picture to this width in pixels."""
    picture = Image.open(path).convert("RGB")
    method = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    picture.resize((width, round(picture.height * width / picture.width)), method).save(path, optimize=True)


if __name__ == "__main__":
    main()
