# SPDX-License-Identifier: GPL-3.0-or-later
"""Align, symmetry, morph and shape space with the mouse, in one start of Blender. Runs inside it."""

import math
import subprocess
import sys

import bpy
import guilib
import numpy as np

TAB = "Spherical Cow"
PITCH = 27  # pixels from one folded section to the next
SYMMETRIZE = 30  # pixels from the middle of Detect Symmetry to the title below it, before anything was found


def idle():
    return not bpy.context.window.modal_operators


def roll(button):
    """To one end of the sidebar: 4 is up, 5 is down."""
    panel = guilib.region("UI")
    yield from guilib.move(panel.x + panel.width // 3, panel.y + panel.height - 315)
    subprocess.run(["xdotool", "click", "--repeat", "30", str(button)], check=True)
    yield from guilib.settle()


def open_section(label):
    """Fold all sections, then open this one."""
    registration = next(module for name, module in sys.modules.items() if name.endswith("spherical_cow.registration"))
    panels = [cls for cls in registration.classes if getattr(cls, "bl_category", "") == TAB]
    sections = [cls for cls in panels if not getattr(cls, "bl_parent_id", "")]
    order = [cls.bl_label for cls in sorted(sections, key=lambda cls: cls.bl_order)]
    panel = guilib.region("UI")
    x, top = panel.x + panel.width // 3, panel.y + panel.height - 15
    yield from roll(4)
    subprocess.run(["xdotool", "keydown", "ctrl"], check=True)
    yield from guilib.click(x, top)  # only the first is open now
    subprocess.run(["xdotool", "keyup", "ctrl"], check=True)
    yield from guilib.settle()
    yield from guilib.click(x, top)
    yield from guilib.settle()
    yield from guilib.click(x, top - PITCH * order.index(label))
    yield from guilib.settle()
    yield from roll(5)


def press(operator, condition, what):
    """Press a button until its work has begun, and wait for what it makes. On a busy machine a click may be lost."""
    for _ in range(3):
        x, y = yield from guilib.find_button(operator=operator, across=0.4)
        yield from guilib.click(x, y)
        try:
            yield from guilib.until(lambda: condition() or not idle(), 10)
            break
        except guilib.Timeout:
            continue
    yield from guilib.until(condition, 200, what=what)
    yield from guilib.until(idle, 5)
    yield from guilib.settle()


def frame():
    with guilib.override():
        bpy.ops.view3d.view_selected()


def select(*objects):
    """These, the last one active; all others out of sight."""
    for obj in bpy.context.view_layer.objects:
        obj.hide_set(obj not in objects)
        obj.select_set(obj in objects)
    bpy.context.view_layer.objects.active = objects[-1]


def positions(mesh):
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    return points


def add_cow(name, *, other=False):
    """The sample cow, or one of another pose, in other colours, elsewhere."""
    bpy.ops.spherical_cow.add_cow()
    cow = bpy.context.object
    cow.name = name
    if other:
        points = positions(cow.data)
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
    assert bpy.ops.spherical_cow.encode("EXEC_DEFAULT", lmax=16) == {"FINISHED"}
    return cow


def add_pebble(number, wide, bent):
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3, location=(2.5 * number, 4.0, 0.0))
    pebble = bpy.context.object
    pebble.name = f"Pebble {number}"
    points = positions(pebble.data)
    points[:, 0] *= 1.2 + 0.15 * wide
    points[:, 2] = 0.8 * points[:, 2] + 0.2 * bent * points[:, 0] ** 2
    pebble.data.vertices.foreach_set("co", points.ravel())
    return pebble


def colors(obj, value):
    """(V, 3) the colours that the viewport shows with the key at this value."""
    obj.data.shape_keys.key_blocks[1].value = value
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    layer = obj.evaluated_get(graph).to_mesh().color_attributes["Spherical Cow Color"]
    rgba = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", rgba.ravel())
    return rgba[:, :3].copy()


def align(panel, cow):
    """A cow that lies askew onto another, its parameter sphere, and what the panel says."""
    moving = cow.copy()
    moving.data = cow.data.copy()
    moving.name = "Lost Cow"
    moving.rotation_euler, moving.location = (0.7, 2.0, -1.1), (0.4, 1.2, 0.3)
    bpy.context.collection.objects.link(moving)
    select(moving, cow)
    frame()
    yield from open_section("Align")
    guilib.screenshot("align-1-before.png")
    yield from press("spherical_cow.align", lambda: moving.data.spherical_cow.aligned.target, "the alignment")
    bpy.context.view_layer.update()
    off = moving.matrix_world.inverted() @ cow.matrix_world
    assert math.degrees(off.to_quaternion().angle) < 0.5 and off.translation.length < 0.01
    guilib.screenshot("align-2-after.png")
    assert bpy.ops.spherical_cow.align_parameters(reference="scene") == {"FINISHED"}
    assert moving.data.spherical_cow.aligned.sphere_error < 0.01
    x, y = yield from guilib.find_button(operator="spherical_cow.align", across=0.4)
    for below in (114, 94):  # the lower of the two folded parts first
        yield from guilib.click(x, y - below)
        yield from guilib.settle()
    guilib.screenshot("align-3-all.png", panel)
    bpy.data.objects.remove(moving)


def symmetry(panel, cow):
    """A cow that stands askew, its plane, the lines, the heat map that finds its tail, and its left half mirrored."""
    select(cow)
    cow.rotation_euler = (0.2, 0.1, 2.2)
    frame()
    yield from open_section("Symmetry")
    guilib.screenshot("symmetry-1-before.png", panel)
    x, y = yield from guilib.find_button(operator="spherical_cow.detect_symmetry", across=0.4)
    yield from guilib.click(x, y - SYMMETRIZE)
    yield from guilib.settle()
    kept = cow.data.spherical_cow.symmetries
    yield from press("spherical_cow.detect_symmetry", lambda: kept.fingerprint, "the symmetry")
    assert kept.kind == "one plane" and len(kept.elements) == 1
    yield from press("spherical_cow.show_symmetry", lambda: kept.guide is not None, "the lines")
    guide = kept.guide
    guilib.screenshot("symmetry-2-shown.png")
    yield from press(
        "spherical_cow.symmetry_heat_map", lambda: cow.data.spherical_cow.shown == "symmetry_error", "the heat map"
    )
    guilib.screenshot("symmetry-3-heat.png")

    yield from roll(5)
    before = len(cow.data.vertices)
    yield from press("spherical_cow.symmetrise", lambda: len(cow.data.vertices) != before, "the symmetric cow")
    assert bpy.ops.spherical_cow.measure_left_right() == {"FINISHED"}
    assert cow.data.spherical_cow.left_right.hausdorff < 1e-5
    yield from guilib.settle()
    guilib.screenshot("symmetry-4-symmetrized.png")

    bpy.ops.mesh.primitive_cylinder_add(vertices=7, location=(0.0, 0.0, 0.0))
    prism = bpy.context.object
    select(prism)
    frame()
    assert bpy.ops.spherical_cow.detect_symmetry() == {"FINISHED"}
    assert len(prism.data.spherical_cow.symmetries.elements) == 16
    bpy.ops.spherical_cow.show_symmetry()
    yield from guilib.settle()
    guilib.screenshot("symmetry-5-prism.png")
    for obj in (guide, cow, prism, prism.data.spherical_cow.symmetries.guide):
        bpy.data.objects.remove(obj)


def morph(panel, long_cow, cow):
    """Two cows in different poses, the object between them, its colours and its animation."""
    select(long_cow, cow)
    yield from open_section("Morph")
    guilib.screenshot("morph-1-before.png", panel)
    yield from press("spherical_cow.morph", lambda: bpy.context.object.name == "Cow to Long Cow", "the morph")
    made = bpy.context.object
    assert cow.hide_get() and long_cow.hide_get()
    guilib.area().spaces.active.shading.color_type = "VERTEX"
    frame()
    yield from guilib.settle()
    guilib.screenshot("morph-2-between.png")
    first, middle, last = (colors(made, value) for value in (0.0, 0.5, 1.0))
    assert np.abs(last - first).max() > 0.1
    assert np.allclose(middle, 0.5 * (first + last), atol=1e-4)
    keys = made.data.shape_keys
    yield from press("spherical_cow.animate_morph", lambda: keys.animation_data, "the keyframes")
    values = []
    for number in (1, 60):
        bpy.context.scene.frame_set(number)
        values.append(made.data.shape_keys.key_blocks[1].value)
    assert values == [0.0, 1.0]
    bpy.context.scene.frame_set(30)
    yield from press("spherical_cow.keep_morph", lambda: bpy.context.object != made, "the shape of its own")
    guilib.screenshot("morph-3-kept.png")
    assert bpy.context.object.data.shape_keys is None and not bpy.context.object.modifiers


def space():
    """Four pebbles, their space, its sliders, undone, and its shape keys."""
    amounts = ((-1.0, 0.3), (0.2, -1.1), (1.2, 0.1), (-0.4, 0.7))
    pebbles = [add_pebble(number, *amount) for number, amount in enumerate(amounts)]
    select(*pebbles)
    bpy.context.scene.cursor.location = (3.75, 1.0, 0.0)
    assert bpy.ops.spherical_cow.encode("EXEC_DEFAULT", lmax=8, all_selected=True) == {"FINISHED"}
    yield from open_section("Shape Space")
    yield from press("spherical_cow.build_space", lambda: bpy.context.object.name == "Shape Space", "the space")
    frame()
    yield from guilib.settle()
    guilib.screenshot("space-1-mean.png")
    group = bpy.context.object.data.spherical_cow.space
    assert group.count == 4 and abs(sum(group.explained[:3]) - 1.0) < 1e-3
    mean = positions(bpy.context.object.data)
    x, y = yield from guilib.find_button(prop="space.scores[0]", across=0.6)
    yield from guilib.drag(x, y, x + 40, y)
    moved = positions(bpy.context.object.data)
    assert group.scores[0] > 0.3 and np.abs(moved - mean).max() > 0.01
    guilib.screenshot("space-2-moved.png")
    yield from guilib.key("Z", ctrl=True, at=(400, 400))
    yield from guilib.settle()
    assert np.array_equal(positions(bpy.context.object.data), mean)
    mesh = bpy.context.object.data  # undo has replaced it
    yield from press("spherical_cow.random_member", lambda: any(mesh.spherical_cow.space.scores), "the member")
    yield from press("spherical_cow.bake_space", lambda: mesh.shape_keys, "the shape keys")
    assert len(bpy.context.object.data.shape_keys.key_blocks) == 4
    guilib.screenshot("space-3-baked.png")


@guilib.steps
def shapes():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar(TAB)
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    bpy.context.scene.spherical_cow.morph.match = False  # not what is tested here, and slow
    long_cow, cow = add_cow("Long Cow", other=True), add_cow("Cow")
    yield from align(panel, cow)
    askew = cow.copy()
    askew.data = cow.data.copy()
    bpy.context.collection.objects.link(askew)
    yield from symmetry(panel, askew)
    yield from morph(panel, long_cow, cow)
    yield from space()
