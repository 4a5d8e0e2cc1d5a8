# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel says when something is wrong, and its way out. Runs inside Blender."""

import bpy
import guilib


def idle():
    return not bpy.context.window.modal_operators


def press(operator, across=0.45):
    x, y = yield from guilib.find_button(operator=operator, across=across)
    yield from guilib.click(x, y)


@guilib.steps
def failing():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar("Spherical Cow")
    bpy.ops.object.delete()
    bpy.ops.mesh.primitive_torus_add(major_segments=24, minor_segments=12)
    bpy.context.object.data.polygons[0].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.object.data.polygons[0].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.delete(type="ONLY_FACE")
    bpy.ops.object.mode_set(mode="OBJECT")
    yield from guilib.settle()

    yield from press("spherical_cow.encode")
    session = bpy.context.window_manager.spherical_cow
    yield from guilib.until(lambda: session.found, 60, what="the refusal")
    yield from guilib.until(idle, 5)
    yield from guilib.key("ESC", at=(300, 300))  # the popup with the error
    yield from guilib.settle()
    guilib.screenshot("1-refused.png")
    assert bpy.context.object.data.spherical_cow.lmax == 0

    yield from press("spherical_cow.check")
    yield from guilib.until(lambda: bpy.context.object.data.spherical_cow.check.rows, 60, what="the check")
    yield from guilib.until(idle, 5)
    yield from guilib.settle()
    guilib.screenshot("2-findings.png", panel)
    yield from press("spherical_cow.select_problem", across=0.82)
    yield from guilib.until(lambda: bpy.context.object.mode == "EDIT", 5, what="Edit Mode")
    yield from guilib.settle()
    assert bpy.context.object.data.total_edge_sel == 4
    guilib.screenshot("3-selected.png")
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.object.data.vertices[0].co.x += 0.1
    yield from guilib.settle()
    guilib.screenshot("4-stale.png", panel)
