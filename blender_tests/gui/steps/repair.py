# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair with the mouse on a cup, on Suzanne and on a CAD-like assembly, before and after. Runs inside Blender."""

import math

import bmesh
import bpy
import guilib


def idle():
    return not bpy.context.window.modal_operators


def press(operator, across=0.3):
    x, y = yield from guilib.find_button(operator=operator, across=across)
    yield from guilib.click(x, y)


def report():
    return bpy.context.object.data.spherical_cow.repair.report


def show(turn=(1.1, 0.0, 0.6)):
    import mathutils

    with guilib.override():
        bpy.ops.view3d.view_selected()
    view = guilib.area().spaces.active.region_3d
    view.view_rotation = mathutils.Euler(turn).to_quaternion()
    view.view_distance *= 0.9


def clear():
    if bpy.context.object is not None and bpy.context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)


def one(name, *objects):
    """Join these objects to one mesh, as an import gives it."""
    with bpy.context.temp_override(
        active_object=objects[0], object=objects[0], selected_objects=objects, selected_editable_objects=objects
    ):
        bpy.ops.object.join()
    objects[0].name = name
    bpy.context.view_layer.objects.active = objects[0]
    objects[0].select_set(True)
    return objects[0]


def made(operator, **options):
    operator(**options)
    return bpy.context.object


def cup():
    """A body that is hollow, and a ring as its handle, which goes through its wall."""
    body = made(bpy.ops.mesh.primitive_cylinder_add, vertices=48, radius=1.0, depth=2.0)
    mesh = bmesh.new()
    mesh.from_mesh(body.data)
    top = [face for face in mesh.faces if face.normal.z > 0.9]
    bmesh.ops.inset_region(mesh, faces=top, thickness=0.12)
    hollow = bmesh.ops.extrude_face_region(mesh, geom=top)["geom"]
    bmesh.ops.translate(mesh, vec=(0.0, 0.0, -1.8), verts=[v for v in hollow if isinstance(v, bmesh.types.BMVert)])
    bmesh.ops.delete(mesh, geom=top, context="FACES_ONLY")
    mesh.to_mesh(body.data)
    mesh.free()
    ring = made(
        bpy.ops.mesh.primitive_torus_add,
        major_radius=0.6,
        minor_radius=0.12,
        location=(1.05, 0.0, 0.0),
        rotation=(math.pi / 2.0, 0.0, 0.0),
    )
    return one("Cup", body, ring)


def assembly():
    """Boxes and pipes that overlap, touch or lie inside others; some inside out, all faces apart, one missing."""
    cube, pipe = bpy.ops.mesh.primitive_cube_add, bpy.ops.mesh.primitive_cylinder_add
    parts = [
        made(cube, scale=(2.0, 1.2, 0.2)),
        made(cube, scale=(0.5, 0.5, 0.5), location=(-1.2, 0.0, 0.6)),
        made(cube, scale=(0.25, 0.25, 0.25), location=(-1.2, 0.0, 0.6)),
        made(pipe, vertices=32, radius=0.45, depth=1.6, location=(0.6, 0.0, 0.8)),
        made(pipe, vertices=32, radius=0.2, depth=2.4, location=(0.6, 0.0, 1.2), rotation=(0.0, math.pi / 2.0, 0.0)),
    ]
    obj = one("Assembly", *parts)
    mesh = bmesh.new()
    mesh.from_mesh(obj.data)
    bmesh.ops.split_edges(mesh, edges=mesh.edges[:])
    bmesh.ops.reverse_faces(mesh, faces=mesh.faces[:][::3])
    mesh.faces.ensure_lookup_table()
    bmesh.ops.delete(mesh, geom=[mesh.faces[2]], context="FACES")
    mesh.to_mesh(obj.data)
    mesh.free()
    return obj


def repair(number, name, panel):
    yield from guilib.settle()
    guilib.screenshot(f"{number}-{name}-before.png")
    yield from press("spherical_cow.repair")
    yield from guilib.until(report, 200, what=f"the repair of the {name}")
    yield from guilib.until(idle, 5)
    yield from guilib.settle()
    guilib.screenshot(f"{number}-{name}-after.png")
    guilib.screenshot(f"{number}-{name}-panel.png", panel)
    bpy.ops.object.mode_set(mode="OBJECT")


@guilib.steps
def tour():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar("Spherical Cow")
    clear()
    settings = bpy.context.scene.spherical_cow.repair
    yield from guilib.until(lambda: settings.recipe == "genus0", 10, what="the recipe in the panel")

    cup()
    show()
    yield from repair(1, "cup", panel)
    yield from press("spherical_cow.select_repaired", across=0.5)
    yield from guilib.until(lambda: bpy.context.object.mode == "EDIT", 5, what="Edit Mode")
    yield from guilib.settle()
    guilib.screenshot("1-cup-selected.png")
    clear()

    bpy.ops.mesh.primitive_monkey_add()
    show()
    yield from repair(2, "suzanne", panel)
    clear()

    obj = assembly()
    show()
    bpy.ops.spherical_cow.recipe_load(name="cad")
    yield from guilib.settle()
    _, y = yield from guilib.find_button(prop="repair.resolution", across=0.7)
    yield from guilib.click(panel.x + 60, y - 26)  # unfold the steps
    yield from guilib.settle()
    settings.active_step = [item.step for item in settings.steps].index("solidify")
    yield from repair(3, "assembly", panel)
    assert len(obj.data.polygons) > 500
    clear()

    bpy.ops.mesh.primitive_torus_add()
    bpy.ops.spherical_cow.recipe_load(name="genus0")
    show()
    yield from guilib.settle()
    yield from guilib.click(panel.x + 60, y - 26)  # fold them again
    yield from guilib.settle()
    yield from press("spherical_cow.encode", across=0.45)
    session = bpy.context.window_manager.spherical_cow
    yield from guilib.until(lambda: session.found, 60, what="the refusal")
    yield from guilib.until(idle, 5)
    yield from guilib.key("ESC", at=(300, 300))  # the popup with the error
    yield from guilib.settle()
    guilib.screenshot("4-refused.png", panel)
    yield from press("spherical_cow.repair_and_encode", across=0.45)
    data = bpy.context.object.data.spherical_cow
    yield from guilib.until(lambda: data.lmax, 120, what="repair and encode")
    yield from guilib.until(idle, 5)
    yield from guilib.settle()
    guilib.screenshot("5-repaired-and-encoded.png")
    assert data.repair.report and data.flips == 0
