# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare through its operators: numbers in the scene, colours, histogram, table, and when they no longer hold."""

from __future__ import annotations

import csv
import importlib
import io
import json

import bpy
import numpy as np
import pytest
from conftest import MODULE, activate, made_once, positions, set_positions

ops = bpy.ops.spherical_cow
FEW = {"samples": 2000, "points": 20_000}


def numbers(obj: bpy.types.Object) -> dict:
    return json.loads(obj.data.spherical_cow.comparison.numbers)


def stale(obj: bpy.types.Object) -> str:
    return importlib.import_module(f"{MODULE}.comparisons").why_stale(obj)


def ball(name: str, radius: float, at: float = 0.0) -> bpy.types.Object:
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=1.0, location=(at, 0.0, 0.0))
    obj = bpy.context.object
    obj.name, obj.scale = name, (radius,) * 3
    bpy.context.view_layer.update()
    return obj


@pytest.fixture
def balls() -> tuple[bpy.types.Object, bpy.types.Object]:
    """Of radius 1.1 (active) and 1 (selected), by the scale of their objects alone."""
    small, large = ball("Small", 1.0), ball("Large", 1.1)
    small.select_set(True)
    return large, small


@pytest.fixture
def compared() -> tuple[bpy.types.Object, bpy.types.Object]:
    """The same after they were compared."""
    large, small = made_once("compared", make_compared)
    return large, small


def make_compared() -> list[bpy.types.Object]:
    small, large = ball("Small", 1.0), ball("Large", 1.1)
    small.select_set(True)
    assert ops.compare(protocols={"deepsdf", "pixel2mesh", "symmetric-mcmr"}, **FEW) == {"FINISHED"}
    return [large, small]


def attribute(obj: bpy.types.Object, name: str) -> np.ndarray:
    values = np.empty(len(obj.data.vertices), np.float32)
    obj.data.attributes[name].data.foreach_get("value", values)
    return values


def test_world_coordinates_see_the_scale_of_objects(compared):
    large, _ = compared
    found = numbers(large)
    assert found["mean"] == pytest.approx(0.1, abs=2e-3) and found["hausdorff"] == pytest.approx(0.1, abs=2e-3)
    assert found["iou"] == pytest.approx(1.1**-3, abs=2e-3)
    assert found["volume_b"] / found["volume_a"] == pytest.approx(1.331, rel=1e-5)
    assert np.allclose(attribute(large, "signed_distance"), 0.1, atol=2e-3)  # outside
    assert large.data.spherical_cow.comparison.other == "Small"


def test_object_coordinates_do_not(balls):
    large, _ = balls
    large.location.x = 5.0
    assert ops.compare(space="OBJECT", **FEW) == {"FINISHED"}
    assert numbers(large)["hausdorff_rel"] < 1e-6


def test_a_mirrored_object_keeps_its_outside(balls):
    large, _ = balls
    large.scale.x *= -1.0
    bpy.context.view_layer.update()
    assert ops.compare(**FEW) == {"FINISHED"}
    assert numbers(large)["volume_b"] > 0.0 and numbers(large)["normal_angle"] < 5.0


def test_alignment_moves_nothing_but_the_numbers(balls):
    large, _ = balls
    large.location.x = 3.0
    bpy.context.view_layer.update()
    before = large.matrix_world.copy()
    assert ops.compare(align="principal", scaling=True, volume="none", **FEW) == {"FINISHED"}
    assert numbers(large)["iou"] is None and "not asked" in numbers(large)["missing"]["iou"]
    assert numbers(large)["mean_rel"] < 1e-3 and numbers(large)["alignment"]["error_rel"] < 1e-3
    assert large.matrix_world == before


def test_protocols(compared):
    large, _ = compared
    found = numbers(large)["protocols"]
    assert set(found) == {"deepsdf", "pixel2mesh", "symmetric-mcmr"}
    assert found["symmetric-mcmr"]["symmetric_max"] == pytest.approx(0.1, abs=2e-3)


def test_open_meshes_say_why_there_is_no_volume(balls):
    large, small = balls
    bpy.ops.object.mode_set(mode="OBJECT")
    activate(small)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    small.data.polygons[0].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.delete(type="FACE")
    bpy.ops.object.mode_set(mode="OBJECT")
    activate(large)
    small.select_set(True)
    assert ops.compare(**FEW) == {"FINISHED"}
    found = numbers(large)
    assert found["iou"] is None and "open" in found["missing"]["iou"] and found["mean"] > 0.0
    assert "surface_distance" in large.data.attributes and "signed_distance" not in large.data.attributes


def test_heat_map_and_scale(compared):
    large, _ = compared
    group = large.data.spherical_cow
    assert ops.show_distances() == {"FINISHED"}
    assert group.shown == "signed_distance" and group.shown_max == -group.shown_min > 0.05
    color = np.empty(4 * len(large.data.vertices), np.float32)
    large.data.attributes.active_color.data.foreach_get("color", color)
    assert color[0::4].mean() > color[2::4].mean() + 0.2  # red: outside
    assert ops.show_distances(signed=False, limit=0.4) == {"FINISHED"}
    assert (group.shown, group.shown_min, group.shown_max) == ("surface_distance", 0.0, pytest.approx(0.4))
    # Another comparison keeps the shown colours up to date.
    set_positions(large, 2.0 * positions(large))
    ops.compare(**FEW)
    assert group.shown_max > 0.5


def test_histogram_is_an_image_that_is_packed(compared):
    assert ops.distance_histogram() == {"FINISHED"}
    image = bpy.data.images["Large distances"]
    assert tuple(image.size) == (1280, 800) and image.packed_file is not None


def test_the_table_can_be_copied_and_saved(compared, tmp_path):
    large, _ = compared
    assert ops.copy_comparison() == {"FINISHED"}
    assert ops.save_comparison(filepath=str(tmp_path / "t.csv")) == {"FINISHED"}
    assert ops.save_comparison(filepath=str(tmp_path / "t.json")) == {"FINISHED"}
    table = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text("utf-8"))))
    saved = {row["name"]: row["value"] for row in table}
    data = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert float(saved["mean"]) == data["mean"] == numbers(large)["mean"]
    assert data["a"] == "Small" and float(saved["deepsdf.chamfer"]) == data["protocols"]["deepsdf"]["chamfer"]
    with pytest.raises(RuntimeError, match=r"\.csv or \.json"):
        ops.save_comparison(filepath=str(tmp_path / "t.txt"))
    assert not (tmp_path / "t.txt").exists()


def test_it_is_told_when_numbers_no_longer_hold(compared):
    large, small = compared
    assert stale(large) == ""
    small.location.x = large.location.x = 7.0  # both alike: nothing changes between them
    bpy.context.view_layer.update()
    assert stale(large) == ""
    small.location.x = 8.0
    bpy.context.view_layer.update()
    assert "Moved" in stale(large)
    small.location.x = 7.0
    bpy.context.view_layer.update()
    set_positions(small, 1.5 * positions(small))
    assert "other mesh has changed" in stale(large)
    set_positions(large, 1.5 * positions(large))
    assert "Changed" in stale(large)
    small.name = "Another"
    assert "gone" in stale(large)


def test_numbers_survive_save_and_copy(compared, tmp_path):
    large, _ = compared
    before = numbers(large)
    copy = large.data.copy()
    assert json.loads(copy.spherical_cow.comparison.numbers) == before
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "s.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "s.blend"))
    assert numbers(bpy.data.objects["Large"]) == before and stale(bpy.data.objects["Large"]) == ""


@pytest.mark.parametrize(
    "name", ["Small Reconstruction", "Small Repaired.001", "Small Symmetric", "Small Repaired Reconstruction"]
)
def test_a_derived_object_is_compared_with_its_original(name):
    source = ball("Small Repaired" if name.endswith("Repaired Reconstruction") else "Small", 1.0)
    ball(name, 1.1)  # nothing else is selected
    assert importlib.import_module(f"{MODULE}.comparisons").other_mesh(bpy.context) == source and ops.compare.poll()


def test_with_modifiers_there_is_no_heat_map(balls):
    large, _ = balls
    large.modifiers.new("Fewer", "DECIMATE").ratio = 0.2
    assert ops.compare(use_modifiers=True, **FEW) == {"FINISHED"}
    assert not ops.show_distances.poll() and numbers(large)["hausdorff"] > 0.0


def test_choices_agree_with_the_library():
    choices = importlib.import_module(f"{MODULE}.choices")
    core = importlib.import_module(f"{MODULE}.core.metrics")
    names = importlib.import_module(f"{MODULE}.core.alignment.harmonic").METHODS
    volumes = importlib.import_module(f"{MODULE}.core.metrics.comparison").VOLUMES
    assert [item[0] for item in choices.PROTOCOLS] == list(core.PROTOCOLS)
    assert [item[0] for item in choices.ALIGNMENTS] == ["none", *names]
    assert tuple(item[0] for item in choices.VOLUMES) == volumes


def test_the_command_line(balls, tmp_path, capsys):
    cli = importlib.import_module(f"{MODULE}.cli")
    out = tmp_path / "n.json"
    words = ["compare", "--object", "Large", "--against", "Small", "--protocol", "symmetric-mcmr"]
    assert cli.run([*words, "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["mean"] == pytest.approx(0.1, abs=2e-3) and said["against"] == "Small"
    assert json.loads(out.read_text("utf-8"))["mean"] == said["mean"]
    assert cli.run(["compare", "--object", "Small"]) == 2 and "--against" in capsys.readouterr().err


def test_undo_takes_the_numbers_back(balls):
    bpy.ops.ed.undo_push(message="before")
    ops.compare(**FEW)
    bpy.ops.ed.undo_push(message="compared")
    bpy.ops.ed.undo()
    mesh = bpy.data.objects["Large"].data
    assert not mesh.spherical_cow.comparison.numbers and "signed_distance" not in mesh.attributes


def test_without_a_second_mesh_it_is_greyed_out(blob):
    assert not ops.compare.poll()
    assert not ops.show_distances.poll() and not ops.distance_histogram.poll() and not ops.copy_comparison.poll()
