# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry with the mouse: a cow that stands askew, its plane, the lines, and the heat map that finds its tail."""

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
    panels = [cls for cls in registration.classes if getattr(cls, "bl_category", "") == TAB]
    sections = [cls for cls in panels if not getattr(cls, "bl_parent_id", "")]
    order = [cls.bl_label for cls in sorted(sections, key=lambda cls: cls.bl_order)]
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
def symmetry():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar(TAB)
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.spherical_cow.add_cow()
    cow = bpy.context.object
    cow.rotation_euler = (0.2, 0.1, 2.2)
    with guilib.override():
        bpy.ops.view3d.view_selected()
    yield from open_section("Symmetry")
    guilib.screenshot("1-before.png", panel)

    yield from press("spherical_cow.detect_symmetry")
    kept = cow.data.spherical_cow.symmetries
    yield from guilib.until(lambda: kept.fingerprint, 120, what="the symmetry")
    yield from guilib.until(idle, 5)
    assert kept.kind == "one plane" and len(kept.elements) == 1
    yield from guilib.settle()
    guilib.screenshot("2-found.png", panel)

    yield from press("spherical_cow.show_symmetry")
    yield from guilib.until(lambda: kept.guide is not None, 10, what="the lines")
    yield from guilib.settle()
    guilib.screenshot("3-shown.png")

    yield from press("spherical_cow.symmetry_heat_map")
    yield from guilib.until(lambda: cow.data.spherical_cow.shown == "symmetry_error", 120, what="the heat map")
    yield from guilib.until(idle, 5)
    yield from guilib.settle()
    guilib.screenshot("4-heat.png")
    guilib.screenshot("5-panel.png", panel)

    bpy.ops.mesh.primitive_cylinder_add(vertices=7, location=(0.0, 0.0, 0.0))
    prism = bpy.context.object
    cow.hide_set(True)
    kept.guide.hide_set(True)
    with guilib.override():
        bpy.ops.view3d.view_selected()
    assert bpy.ops.spherical_cow.detect_symmetry() == {"FINISHED"}
    assert len(prism.data.spherical_cow.symmetries.elements) == 16
    bpy.ops.spherical_cow.show_symmetry()
    yield from guilib.settle()
    guilib.screenshot("6-prism.png")
