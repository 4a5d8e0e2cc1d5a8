# SPDX-License-Identifier: GPL-3.0-or-later
"""Morph with the mouse: two cows in different poses, the object between them, its colours and its animation."""

import subprocess
import sys

import bpy
import guilib
import numpy as np

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


def add_cow(name, *, other):
    """The sample cow, or one of another pose, in other colours, elsewhere."""
    bpy.ops.spherical_cow.add_cow()
    cow = bpy.context.object
    cow.name = name
    if other:
        points = np.empty((len(cow.data.vertices), 3), np.float32)
        cow.data.vertices.foreach_get("co", points.ravel())
        along = points[:, 0] - points[:, 0].mean()
        points[:, 1] += 0.35 * along**2
        points[:, 2] *= 1.3
        cow.data.vertices.foreach_set("co", points.ravel())
        layer = cow.data.color_attributes.active_color
        rgba = np.empty((len(layer.data), 4), np.float32)
        layer.data.foreach_get("color", rgba.ravel())
        rgba[:, :3] = rgba[:, [2, 0, 1]]
        layer.data.foreach_set("color", rgba.ravel())
        cow.location.x, cow.rotation_euler.z = 3.0, 1.0
    assert bpy.ops.spherical_cow.encode("EXEC_DEFAULT", lmax=24) == {"FINISHED"}
    return cow


def colors(obj, value):
    """(V, 3) the colours that the viewport shows with the key at this value."""
    obj.data.shape_keys.key_blocks[1].value = value
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    layer = obj.evaluated_get(graph).to_mesh().color_attributes["Spherical Cow Color"]
    rgba = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", rgba.ravel())
    return rgba[:, :3].copy()


@guilib.steps
def morph():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar(TAB)
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    long_cow, cow = add_cow("Long Cow", other=True), add_cow("Cow", other=False)
    long_cow.select_set(True)
    yield from open_section("Morph")
    guilib.screenshot("1-before.png", panel)

    yield from press("spherical_cow.morph")
    yield from guilib.until(lambda: bpy.context.object.name == "Cow to Long Cow", 240, what="the morph")
    yield from guilib.until(idle, 5)
    made = bpy.context.object
    assert cow.hide_get() and long_cow.hide_get()
    guilib.area().spaces.active.shading.color_type = "VERTEX"
    with guilib.override():
        bpy.ops.view3d.view_selected()
    yield from guilib.settle()
    guilib.screenshot("2-between.png")
    first, middle, last = (colors(made, value) for value in (0.0, 0.5, 1.0))
    assert np.abs(last - first).max() > 0.1
    assert np.allclose(middle, 0.5 * (first + last), atol=1e-4)

    yield from press("spherical_cow.animate_morph")
    yield from guilib.settle()
    values = []
    for frame in (1, 60):
        bpy.context.scene.frame_set(frame)
        values.append(made.data.shape_keys.key_blocks[1].value)
    assert values == [0.0, 1.0]
    bpy.context.scene.frame_set(30)
    yield from press("spherical_cow.keep_morph")
    yield from guilib.until(lambda: bpy.context.object != made, 20, what="the shape of its own")
    yield from guilib.settle()
    guilib.screenshot("3-kept.png")
    assert bpy.context.object.data.shape_keys is None and not bpy.context.object.modifiers
