# SPDX-License-Identifier: GPL-3.0-or-later
"""The road through the panel with the mouse, and a picture of each state. Runs inside Blender."""

import subprocess
import sys

import bpy
import guilib

TAB = "Spherical Cow"


def data():
    return bpy.context.object.data.spherical_cow


def idle():
    return not bpy.context.window.modal_operators


def press(operator, across=0.45):
    x, y = yield from guilib.find_button(operator=operator, across=across)
    yield from guilib.click(x, y)


def sections():
    """Titles from top to bottom, as Blender sorts them: by their order, then as they were registered."""
    registration = next(module for name, module in sys.modules.items() if name.endswith("spherical_cow.registration"))
    panels = [cls for cls in registration.classes if getattr(cls, "bl_category", "") == TAB]
    own = (panel for panel in panels if hasattr(panel, "bl_order") and not hasattr(panel, "bl_parent_id"))
    ordered = sorted(own, key=lambda panel: panel.bl_order)
    return [panel.bl_label for panel in ordered]


PITCH = 27
"""Pixels from one folded section to the next."""


def show_only(*titles):
    """Fold all sections, then open these."""
    panel = guilib.region("UI")
    x, top = panel.x + panel.width // 3, panel.y + panel.height - 15
    subprocess.run(["xdotool", "keydown", "ctrl"], check=True)
    yield from guilib.click(x, top)  # only the first is open now
    subprocess.run(["xdotool", "keyup", "ctrl"], check=True)
    yield from guilib.settle()
    yield from guilib.click(x, top)
    yield from guilib.settle()
    order = sections()
    for title in sorted(titles, key=order.index, reverse=True):
        yield from guilib.click(x, top - PITCH * order.index(title))
        yield from guilib.settle()


@guilib.steps
def tour():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar(TAB)
    guilib.screenshot("01-cube.png", panel)
    bpy.ops.object.delete()
    yield from guilib.settle()
    guilib.screenshot("02-nothing-selected.png", panel)
    bpy.ops.spherical_cow.add_cow()
    with guilib.override():
        bpy.ops.view3d.view_selected()
    yield from guilib.settle()
    guilib.screenshot("03-cow.png")

    yield from press("spherical_cow.check")
    yield from guilib.until(lambda: data().check.rows, 120, what="the check")
    yield from guilib.until(idle, 5, what="the end of the check")
    yield from guilib.settle()
    guilib.screenshot("04-checked.png", panel)

    yield from press("spherical_cow.encode")
    yield from guilib.until(lambda: not idle(), 5, what="encode to start")
    yield from guilib.settle(0.6)
    guilib.screenshot("05-encoding.png")
    yield from guilib.until(lambda: data().lmax == 64, 120, what="encode")
    yield from guilib.until(idle, 5, what="the end of encode")
    yield from guilib.settle()
    guilib.screenshot("06-encoded.png")

    yield from show_only("Reconstruct")
    yield from press("spherical_cow.reconstruct")
    yield from guilib.until(lambda: "Reconstruction" in bpy.context.object.name, 20, what="reconstruct")
    yield from guilib.settle()
    guilib.screenshot("07-reconstructed.png")
    yield from show_only("Compare")
    yield from press("spherical_cow.compare")
    yield from guilib.until(lambda: data().comparison.numbers, 60, what="compare")
    yield from guilib.until(idle, 5)
    yield from press("spherical_cow.show_distances", across=0.2)
    yield from guilib.settle()
    yield from press("spherical_cow.copy_comparison", across=0.2)
    yield from guilib.until(lambda: "Hausdorff" in bpy.context.window_manager.clipboard, 5, what="the clipboard")
    yield from press("spherical_cow.distance_histogram", across=0.7)
    yield from guilib.settle(0.6)
    guilib.screenshot("08-compared.png")

    yield from show_only("Equalizer", "Shape Keys")
    before = bpy.context.object.data.vertices[0].co.copy()
    x, y = yield from guilib.find_button(prop="equaliser.gains[4]", across=0.6)
    yield from guilib.drag(x, y, x + 60, y)
    assert bpy.context.object.data.vertices[0].co != before
    guilib.screenshot("09-equalizer.png")
    yield from guilib.key("Z", ctrl=True, at=(400, 400))
    yield from guilib.settle()
    assert bpy.context.object.data.vertices[0].co == before
    yield from press("spherical_cow.bands_to_shape_keys")
    yield from guilib.settle()
    assert len(bpy.context.object.data.shape_keys.key_blocks) == 7
    guilib.screenshot("10-shape-keys.png")

    yield from show_only("Attributes", "Coefficients")
    yield from press("spherical_cow.show_attribute", across=0.2)
    yield from guilib.settle()
    guilib.screenshot("11-curvature.png")
    bpy.context.scene.spherical_cow.attribute = "vertex_density"
    yield from guilib.settle()
    yield from press("spherical_cow.show_on_sphere", across=0.7)
    yield from guilib.settle()
    guilib.screenshot("12-sphere.png")
    yield from press("spherical_cow.coefficient_images")
    yield from guilib.settle(0.6)
    guilib.screenshot("13-coefficients.png")
