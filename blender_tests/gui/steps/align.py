# SPDX-License-Identifier: GPL-3.0-or-later
"""Align with the mouse: a cow that lies askew onto another, its parameter sphere, and what the panel says."""

import math
import subprocess
import sys

import bpy
import guilib

TAB = "Spherical Cow"
PITCH = 27  # pixels from one folded section to the next


def idle():
    return not bpy.context.window.modal_operators


def open_section(label):
    """Fold all sections, then open this one."""
    registration = next(module for name, module in sys.modules.items() if name.endswith("spherical_cow.registration"))
    panels = [
        cls for cls in registration.classes if getattr(cls, "bl_category", "") == TAB and hasattr(cls, "bl_order")
    ]
    order = [cls.bl_label for cls in sorted(panels, key=lambda cls: cls.bl_order)]
    panel = guilib.region("UI")
    x, top = panel.x + panel.width // 3, panel.y + panel.height - 15
    subprocess.run(["xdotool", "keydown", "ctrl"], check=True)
    yield from guilib.click(x, top)  # only the first is open now
    subprocess.run(["xdotool", "keyup", "ctrl"], check=True)
    yield from guilib.settle()
    yield from guilib.click(x, top)
    yield from guilib.settle()
    yield from guilib.click(x, top - PITCH * order.index(label))
    yield from guilib.settle()
    yield from guilib.move(x, top - 300)
    subprocess.run(["xdotool", "click", "--repeat", "30", "5"], check=True)  # roll down to its end
    yield from guilib.settle()


def press(operator):
    x, y = yield from guilib.find_button(operator=operator, across=0.4)
    yield from guilib.click(x, y)


@guilib.steps
def align():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar(TAB)
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.spherical_cow.add_cow()
    moving = bpy.context.object
    moving.name = "Lost Cow"
    moving.rotation_euler, moving.location = (0.7, 2.0, -1.1), (0.4, 1.2, 0.3)
    bpy.ops.spherical_cow.encode(lmax=16)
    bpy.ops.spherical_cow.add_cow()
    target = bpy.context.object
    bpy.ops.spherical_cow.encode(lmax=16)
    moving.select_set(True)
    with guilib.override():
        bpy.ops.view3d.view_selected()
    yield from open_section("Align")
    guilib.screenshot("1-before.png")

    yield from press("spherical_cow.align")
    yield from guilib.until(lambda: moving.data.spherical_cow.aligned.target, 120, what="the alignment")
    yield from guilib.until(idle, 5)
    bpy.context.view_layer.update()
    off = moving.matrix_world.inverted() @ target.matrix_world
    assert math.degrees(off.to_quaternion().angle) < 0.5 and off.translation.length < 0.01
    yield from guilib.settle()
    guilib.screenshot("2-after.png")
    guilib.screenshot("3-panel.png", panel)

    assert bpy.ops.spherical_cow.align_parameters(reference="scene") == {"FINISHED"}
    assert moving.data.spherical_cow.aligned.sphere_error < 0.01
    x, y = yield from guilib.find_button(operator="spherical_cow.align", across=0.4)
    for below in (114, 94):  # the lower of the two folded parts first
        yield from guilib.click(x, y - below)
        yield from guilib.settle()
    guilib.screenshot("4-all.png", panel)
