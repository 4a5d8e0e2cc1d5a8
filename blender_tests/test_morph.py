# SPDX-License-Identifier: GPL-3.0-or-later
"""Morph through its operators: shape keys, colours that follow them, animation, and the shape in between."""

from __future__ import annotations

import importlib

import bpy
import numpy as np
import pytest
from conftest import MODULE, activate, add_blob, coefficients, made_once, positions, set_positions

ops = bpy.ops.spherical_cow


def add_other(name: str, color: tuple[float, float, float] | None = None, bend: float = 0.3) -> bpy.types.Object:
    """A blob of another pose, with other vertices, turned and elsewhere."""
    obj = add_blob(name, 4)
    points = positions(obj).astype(float)
    points[:, 0] += bend * points[:, 2] ** 2
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    set_positions(obj, points @ turn.T + np.array([3.0, 1.0, 0.0]))
    if color is not None:
        paint(obj, color)
    return obj


def paint(obj: bpy.types.Object, color: tuple[float, float, float]) -> None:
    layer = obj.data.color_attributes.new("Paint", "FLOAT_COLOR", "POINT")
    layer.data.foreach_set("color", np.tile([*color, 1.0], len(obj.data.vertices)).astype(np.float32))


def select(*objects: bpy.types.Object) -> None:
    activate(objects[0])
    for obj in objects[1:]:
        obj.select_set(True)


def evaluated(obj: bpy.types.Object, name: str = "") -> np.ndarray:
    """Positions, or a colour attribute, as the viewport has them."""
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh = obj.evaluated_get(graph).to_mesh()
    if not name:
        values = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", values.ravel())
        return values
    layer = mesh.color_attributes[name]
    values = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", values.ravel())
    return values[:, :3]


@pytest.fixture
def pair() -> tuple[bpy.types.Object, bpy.types.Object]:
    """Two encoded, coloured blobs of different degree; the first is active, both are selected."""
    first, second = made_once("pair", make_pair)
    return first, second


def make_pair() -> list[bpy.types.Object]:
    first = add_blob("First")
    paint(first, (1.0, 0.25, 0.0))
    ops.encode(lmax=10)
    second = add_other("Second", (0.0, 0.25, 1.0))
    ops.encode(lmax=14)
    return [first, second]


@pytest.fixture
def morphed() -> tuple[bpy.types.Object, bpy.types.Object]:
    """The morph of the pair, active and selected, and its first shape."""
    made, first, _ = made_once("morphed", make_morph)
    activate(made)
    return made, first


def make_morph() -> list[bpy.types.Object]:
    first, second = made_once("pair", make_pair)
    assert ops.morph(frequency=8, match=False, hide_originals=False) == {"FINISHED"}
    return [bpy.context.object, first, second]


def test_morph_makes_keys_and_colors_that_follow_them(pair):
    first, second = pair
    assert ops.morph(frequency=8) == {"FINISHED"}
    made = bpy.context.object
    assert made.name == "First to Second" and len(made.data.vertices) == 642
    assert first.hide_get() and second.hide_get()
    assert [key.name for key in made.data.shape_keys.key_blocks] == ["First", "Second"]
    morph = made.data.spherical_cow.morph
    assert morph.blend == pytest.approx(0.5)
    middle = evaluated(made)
    key = made.data.shape_keys.key_blocks[1]
    key.value = 0.0
    start = evaluated(made)
    key.value = 1.0
    end = evaluated(made)
    assert morph.blend == pytest.approx(1.0)
    assert np.allclose(middle, 0.5 * (start + end), atol=1e-5)
    assert np.allclose(np.ptp(start, axis=0), np.ptp(positions(first), axis=0), atol=0.05)
    assert np.abs(end - start).max() > 0.1  # another pose …
    assert np.abs(end.mean(axis=0) - start.mean(axis=0)).max() < 0.2  # … laid onto the first
    for value in (0.0, 0.25, 1.0):
        key.value = value
        expected = (1.0 - value) * np.array([1.0, 0.25, 0.0]) + value * np.array([0.0, 0.25, 1.0])
        assert np.allclose(evaluated(made, "Spherical Cow Color"), expected, atol=5e-3)


def test_three_shapes_on_the_vertices_of_the_first(pair):
    first, second = pair
    third = add_other("Third", (0.0, 1.0, 0.0), bend=-0.3)
    ops.encode(lmax=8)
    select(first, second, third)
    assert ops.morph(sampling="source", pose="keep", match=False, hide_originals=False) == {"FINISHED"}
    made = bpy.context.object
    assert len(made.data.vertices) == len(first.data.vertices) and not second.hide_get()
    keys = made.data.shape_keys.key_blocks
    assert [key.name for key in keys] == ["First", "Second", "Third"]
    morph = made.data.spherical_cow.morph
    morph.blend = 0.75
    assert [key.value for key in keys[1:]] == pytest.approx([0.5, 0.5])
    assert np.allclose(evaluated(made, "Spherical Cow Color"), [0.0, 0.625, 0.5], atol=5e-3)
    morph.blend = 1.0
    assert np.allclose(evaluated(made).mean(axis=0), positions(third).mean(axis=0), atol=0.05)


def test_animate(morphed):
    made, _ = morphed
    scene, key = bpy.context.scene, made.data.shape_keys.key_blocks[1]
    assert ops.animate_morph(frame_start=1, frame_end=30) == {"FINISHED"}
    assert ops.animate_morph(frame_start=11, frame_end=31, there_and_back=True, easing="LINEAR") == {"FINISHED"}
    found = []
    for frame in (1, 11, 16, 21, 26, 31):
        scene.frame_set(frame)
        found.append(key.value)
    assert found == pytest.approx([0.0, 0.0, 0.5, 1.0, 0.5, 0.0], abs=1e-5)
    with pytest.raises(RuntimeError, match="before it begins"):
        ops.animate_morph(frame_start=9, frame_end=9)


def test_keep_as_shape_has_the_blended_coefficients_and_is_live(morphed):
    made, first = morphed
    made.data.spherical_cow.morph.blend = 0.25
    expected, color = evaluated(made), evaluated(made, "Spherical Cow Color")
    assert ops.keep_morph() == {"FINISHED"}
    kept = bpy.context.object
    assert kept.data.shape_keys is None and not kept.modifiers and made.hide_get()
    assert np.allclose(positions(kept), expected, atol=2e-3)  # expanded again, to the degrees that there are
    assert np.allclose(evaluated(kept, "Spherical Cow Color"), color, atol=2e-3)
    assert coefficients(kept).shape[-1] == 15
    spaces = importlib.import_module(f"{MODULE}.spaces")
    made.hide_set(False)
    select(kept, made, first)  # the morph itself repeats the first shape, what was kept is one of its own
    assert spaces.members_of(bpy.context, kept, None) == [kept, first]
    kept.data.spherical_cow.equaliser.degree = 1
    assert not np.allclose(positions(kept), expected, atol=0.01)


def test_one_undo_step_takes_the_morph_away(pair):
    bpy.ops.ed.undo_push(message="Before")
    before = {obj.name for obj in bpy.data.objects}
    ops.morph(frequency=6, match=False)
    bpy.ops.ed.undo_push(message="Morph")
    bpy.ops.ed.undo()
    assert {obj.name for obj in bpy.data.objects} == before and not bpy.data.objects["First"].hide_get()
    assert not bpy.data.node_groups


def test_a_copy_follows_its_own_keys(morphed):
    made, _ = morphed
    made.data.spherical_cow.morph.blend = 0.0
    bpy.ops.object.duplicate()
    copy = bpy.context.object
    copy.data.spherical_cow.morph.blend = 1.0
    assert np.allclose(evaluated(made, "Spherical Cow Color"), [1.0, 0.25, 0.0], atol=5e-3)
    assert np.allclose(evaluated(copy, "Spherical Cow Color"), [0.0, 0.25, 1.0], atol=5e-3)


def test_a_reconstruction_of_a_morph_is_no_morph(pair):
    ops.morph(frequency=6, sampling="source", match=False)
    made = bpy.context.object
    assert ops.reconstruct(sampling="source") == {"FINISHED"}
    copy = bpy.context.object
    assert made.modifiers and not copy.modifiers and copy.data.shape_keys is None
    assert not ops.animate_morph.poll() and "morph_color_1" not in copy.data.attributes
    activate(made)
    assert ops.symmetrise(plane="X", method="HARMONIC") == {"FINISHED"}
    symmetric = bpy.context.object
    assert not symmetric.modifiers and len(symmetric.data.shape_keys.key_blocks) == 2
    assert not ops.animate_morph.poll() and not symmetric.data.spherical_cow.morph.count


def test_what_is_missing_is_said(pair):
    first, second = pair
    activate(first)
    assert not ops.morph.poll()
    plain = add_other("Plain")
    select(first, plain)
    assert not ops.morph.poll()
    select(plain, first)
    assert not ops.morph.poll() and not ops.animate_morph.poll() and not ops.keep_morph.poll()
    select(first, second)
    first.scale = (0.0, 1.0, 1.0)
    bpy.context.view_layer.update()
    before = set(bpy.data.objects)
    with pytest.raises(RuntimeError, match="scaled to nothing"):
        ops.morph()
    assert set(bpy.data.objects) == before
