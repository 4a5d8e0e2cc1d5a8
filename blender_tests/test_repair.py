# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair through its operator: what it changes, what it leaves, what it says."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
from conftest import activate, positions
from test_rewrite import picture, rich, same  # noqa: F401

ops = bpy.ops.spherical_cow


def report(obj) -> dict:
    return json.loads(obj.data.spherical_cow.repair.report)


@pytest.fixture
def torus() -> bpy.types.Object:
    bpy.ops.mesh.primitive_torus_add(major_segments=24, minor_segments=12)
    return bpy.context.object


def test_a_torus_becomes_a_ball_that_can_be_encoded(torus):
    faces = {frozenset(polygon.vertices) for polygon in torus.data.polygons}
    assert ops.repair(recipe="genus0") == {"FINISHED"}
    found = report(torus)
    assert found["after"]["is_genus_zero"] and found["done"] and found["change"]["faces_new"] > 0
    kept = {frozenset(polygon.vertices) for polygon in torus.data.polygons} & faces
    assert len(kept) > 0.8 * len(faces)
    marked = [item.value for item in torus.data.attributes["repaired"].data]
    assert 0 < sum(marked) < 0.3 * len(marked)
    assert [polygon.select for polygon in torus.data.polygons] == marked
    assert ops.encode(lmax=6) == {"FINISHED"}


def test_undo_brings_everything_back(rich):  # noqa: F811
    damage(rich)
    before = picture(rich)
    bpy.ops.ed.undo_push(message="Before")
    assert ops.repair("EXEC_DEFAULT", True, recipe="clean") == {"FINISHED"}
    obj = bpy.data.objects["Sphere"]
    assert picture(obj) != before and obj.data.spherical_cow.repair.report
    bpy.ops.ed.undo()
    obj = bpy.data.objects["Sphere"]
    same(before, picture(obj))
    assert not obj.data.spherical_cow.repair.report and "repaired" not in obj.data.attributes
    bpy.ops.ed.redo()
    assert "repaired" in bpy.data.objects["Sphere"].data.attributes


def damage(obj) -> None:
    """A hole of one quad, a face turned, and a loose vertex."""
    mesh = bmesh.new()
    mesh.from_mesh(obj.data)
    mesh.faces.ensure_lookup_table()
    quads = [face for face in mesh.faces if len(face.verts) == 4]
    quads[9].normal_flip()
    bmesh.ops.delete(mesh, geom=[quads[20]], context="FACES_ONLY")
    mesh.to_mesh(obj.data)
    mesh.free()
    obj.data.vertices.add(1)  # `verts.new` of bmesh crashes Blender 4.5 on some of these attributes
    obj.data.vertices[-1].co.x = 3.0


def test_clean_leaves_the_rest_to_the_bit(rich):  # noqa: F811
    whole = picture(rich)
    damage(rich)
    before = picture(rich)
    ops.repair(recipe="clean")
    after = picture(rich)
    assert ops.check() == {"FINISHED"} and rich.data.spherical_cow.check.passed
    assert len(rich.data.vertices) == len(whole["groups"])
    for name, values in before.items():
        if " POINT " in name:
            assert after[name] == values[:-1], name
        if " FACE " in name:
            assert after[name][: len(values)] == values, name
    assert set(map(frozenset, before["polygons"])) <= set(map(frozenset, after["polygons"]))
    assert sum(item.value for item in rich.data.attributes["repaired"].data) >= 2


def test_a_good_mesh_is_not_touched(blob):
    before = positions(blob).tobytes()
    assert ops.repair(recipe="genus0") == {"FINISHED"}
    assert report(blob)["method"] == "unchanged" and not report(blob)["done"]
    assert positions(blob).tobytes() == before and "repaired" not in blob.data.attributes
    assert not ops.select_repaired.poll()


def test_a_dry_run_says_and_leaves(torus):
    before = positions(torus).tobytes()
    assert ops.repair(recipe="genus0", dry_run=True) == {"FINISHED"}
    assert report(torus)["done"] and torus.data.spherical_cow.repair.dry_run
    assert positions(torus).tobytes() == before and "repaired" not in torus.data.attributes


def test_a_new_object_beside_the_old_one(torus):
    before = positions(torus).tobytes()
    torus.location.x = 3.0
    bpy.ops.object.mode_set(mode="EDIT")
    assert ops.repair(recipe="genus0", target="NEW") == {"FINISHED"}
    new = bpy.context.object
    assert (
        new is not torus
        and new.mode == torus.mode == "OBJECT"
        and new.name == "Torus Repaired"
        and new.location.x == 3.0
    )
    assert positions(torus).tobytes() == before and torus.hide_get() and not torus.data.spherical_cow.repair.report
    assert report(new)["after"]["is_genus_zero"] and "repaired" in new.data.attributes


def test_shape_keys_are_refused_in_place_and_left_out_of_a_new_object(torus):
    torus.shape_key_add(name="Basis")
    torus.shape_key_add(name="Other")
    with pytest.raises(RuntimeError, match="shape keys"):
        ops.repair(recipe="genus0")
    assert len(torus.data.shape_keys.key_blocks) == 2
    assert ops.repair(recipe="genus0", dry_run=True) == {"FINISHED"}
    assert ops.repair(recipe="genus0", target="NEW") == {"FINISHED"}
    assert bpy.context.object.data.shape_keys is None and len(torus.data.shape_keys.key_blocks) == 2


def test_select_repaired_goes_to_edit_mode(torus):
    ops.repair(recipe="genus0")
    count = sum(item.value for item in torus.data.attributes["repaired"].data)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    assert ops.select_repaired() == {"FINISHED"}
    assert torus.mode == "EDIT" and sum(face.select for face in bmesh.from_edit_mesh(torus.data).faces) == count


def test_in_edit_mode(torus):
    bpy.ops.object.mode_set(mode="EDIT")
    assert ops.repair(recipe="genus0") == {"FINISHED"} and torus.mode == "EDIT"
    bpy.ops.object.mode_set(mode="OBJECT")
    assert ops.check() == {"FINISHED"} and torus.data.spherical_cow.check.passed


def test_what_cannot_be_repaired_says_so_and_stays(torus):
    empty = bpy.data.objects.new("Empty", bpy.data.meshes.new("Empty"))
    bpy.context.collection.objects.link(empty)
    empty.data.vertices.add(3)
    activate(empty)
    with pytest.raises(RuntimeError, match="no faces"):
        ops.repair(recipe="genus0")
    session = bpy.context.window_manager.spherical_cow
    assert session.operator == "spherical_cow.repair" and session.found and session.remedy
    assert len(empty.data.vertices) == 3 and not empty.data.spherical_cow.repair.report


@pytest.mark.parametrize("recipe", ["moo", "{}", '{"format_version": 1, "name": "a", "title": "A", "steps": [{}]}'])
def test_unknown_recipes_are_refused(torus, recipe):
    with pytest.raises(RuntimeError, match="recipe"):
        ops.repair(recipe=recipe)


def test_all_selected_in_one_undo_step(torus, blob):
    torus.select_set(True)
    bpy.ops.ed.undo_push(message="Before")
    assert ops.repair("EXEC_DEFAULT", True, recipe="genus0", all_selected=True) == {"FINISHED"}
    assert bpy.data.objects["Torus"].data.spherical_cow.repair.report
    assert report(bpy.data.objects["Blob"])["method"] == "unchanged"
    bpy.ops.ed.undo()
    assert not bpy.data.objects["Torus"].data.spherical_cow.repair.report


def test_each_step_is_kept_as_an_object(torus):
    assert ops.repair(recipe="genus0", keep_stages=True) == {"FINISHED"}
    collection = bpy.data.collections["Torus Steps"]
    names = [obj.name for obj in collection.objects]
    assert names == sorted(names) and len(names) == len(report(torus)["steps"]) >= 5
    assert all(len(obj.data.polygons) for obj in collection.objects)
    assert not any(obj.visible_get() for obj in collection.objects) and bpy.context.object is torus


def test_encode_offers_the_repair_and_does_both(torus):
    with pytest.raises(RuntimeError, match="genus"):
        ops.encode(lmax=6)
    assert bpy.context.window_manager.spherical_cow.fix == "spherical_cow.check"
    bpy.ops.ed.undo_push(message="Before")
    assert ops.repair_and_encode("EXEC_DEFAULT", True, lmax=6, channels={"density"}) == {"FINISHED"}
    data = bpy.data.objects["Torus"].data
    assert (data.spherical_cow.lmax, data.spherical_cow.flips) == (6, 0) and report(bpy.data.objects["Torus"])["done"]
    assert len(data.attributes["sphere_position"].data) == len(data.vertices)
    assert len(bpy.data.meshes) == 1 and ops.reconstruct() == {"FINISHED"} and ops.compare() == {"FINISHED"}
    bpy.ops.ed.undo()
    assert bpy.data.objects["Torus"].data.spherical_cow.lmax == 0


def test_repair_and_encode_uses_a_recipe_that_ends_in_genus_zero(torus):
    bpy.context.scene.spherical_cow.repair.recipe = ""
    ops.recipe_load(name="clean")
    assert ops.repair_and_encode(lmax=4) == {"FINISHED"} and report(torus)["recipe"] == "genus0"


def test_the_panel_shows_every_recipe(torus):
    for name, count in (("genus0", 5), ("clean", 5), ("cad", 8)):
        assert ops.recipe_load(name=name) == {"FINISHED"}
        settings = bpy.context.scene.spherical_cow.repair
        assert settings.recipe == name and len(settings.steps) >= count


def test_the_recipe_in_the_panel_is_the_recipe(extension):
    book = importlib.import_module(f"{extension}.recipe_book")
    settings = bpy.context.scene.spherical_cow.repair
    assert book.shown(settings) == book.RECIPES["genus0"]
    for recipe in book.RECIPES.values():
        book.show(settings, recipe)
        shown = book.shown(settings)
        assert [(s.name, s.enabled, s.settings) for s in shown.steps] == [
            (s.name, s.enabled, s.settings) for s in recipe.steps
        ]
        assert shown.spares_spheres == recipe.spares_spheres and not book.is_changed(settings)


def test_steps_are_added_moved_removed_and_switched(extension):
    book = importlib.import_module(f"{extension}.recipe_book")
    settings = bpy.context.scene.spherical_cow.repair
    ops.recipe_load(name="clean")
    names = [item.step for item in settings.steps]
    settings.active_step = 1
    assert ops.step_add(step="smooth") == {"FINISHED"} and settings.active_step == 2
    settings.steps[2].smooth__iterations = 7
    settings.steps[0].enabled = False
    ops.step_move(direction="DOWN")
    ops.step_move(direction="UP")
    ops.step_move(direction="UP")
    recipe = book.shown(settings)
    assert [step.name for step in recipe.steps] == [names[0], "smooth", *names[1:]]
    assert recipe.steps[1].parameters == {"iterations": 7} and not recipe.steps[0].enabled
    assert book.is_changed(settings)
    assert ops.step_remove() == {"FINISHED"}
    assert [item.step for item in settings.steps] == names
    for _ in names:
        ops.step_remove()
    assert not ops.step_remove.poll() and not len(settings.steps)


def test_a_setting_of_several_steps_is_set_for_all(extension):
    book = importlib.import_module(f"{extension}.recipe_book")
    settings = bpy.context.scene.spherical_cow.repair
    ops.recipe_load(name="genus0")
    assert (settings.parts, settings.prefer, settings.resolution) == ("join", "auto", 128)
    settings.parts, settings.prefer, settings.resolution = "largest", "fill", 64
    recipe = book.shown(settings)
    for step in recipe.steps:
        assert step.settings.get("parts", "largest") == "largest"
        assert step.settings.get("prefer", "fill") == "fill"
        assert step.settings.get("resolution", 64) == 64
    assert (settings.parts, settings.prefer, settings.resolution) == ("largest", "fill", 64)


def test_own_recipes_are_kept_found_and_deleted(torus, extension):
    book = importlib.import_module(f"{extension}.recipe_book")
    settings = bpy.context.scene.spherical_cow.repair
    ops.recipe_load(name="clean")
    assert not ops.recipe_delete.poll()
    settings.active_step = 0
    ops.step_add(step="smooth")
    assert ops.recipe_save(title="My Clean / 2") == {"FINISHED"}
    assert ops.recipe_delete.poll() and not book.is_changed(settings)
    name = settings.recipe
    assert book.own_recipes()[name].title == "My Clean / 2"
    ops.recipe_load(name="genus0")
    assert ops.repair(recipe=name, dry_run=True) == {"FINISHED"}
    ops.recipe_load(name=name)
    assert settings.steps[1].step == "smooth"
    assert ops.recipe_delete() == {"FINISHED"} and name not in book.own_recipes()


@pytest.mark.parametrize("title", ["", "Clean", "genus0", "///"])
def test_names_of_recipes_that_cannot_be(title):
    ops.recipe_load(name="clean")
    with pytest.raises(RuntimeError, match="name"):
        ops.recipe_save(title=title)


def test_a_damaged_recipe_in_the_folder_is_left_out(extension):
    book = importlib.import_module(f"{extension}.recipe_book")
    path = Path(bpy.utils.extension_path_user(extension, path="recipes", create=True)) / "broken.json"
    path.write_bytes(b"\xff not json")
    try:
        assert "broken" not in book.own_recipes()
        with pytest.raises(RuntimeError, match="recipe"):
            ops.recipe_load(name="broken")
    finally:
        path.unlink()


@pytest.fixture
def cad_folder(tmp_path, extension) -> Path:
    """Three files: a torus, a box without its lid, and something that is no mesh."""
    meshfile = importlib.import_module(f"{extension}.core.meshfile")
    bridge = importlib.import_module(f"{extension}.bridge")
    bpy.ops.mesh.primitive_torus_add(major_segments=16, minor_segments=8)
    meshfile.write_mesh(bridge.read(bpy.context.object).mesh, tmp_path / "ring.ply")
    bpy.ops.mesh.primitive_cube_add()
    box = bridge.read(bpy.context.object).mesh
    meshfile.write_mesh(type(box)(box.vertices, box.faces[2:]), tmp_path / "box.obj")
    (tmp_path / "broken.stl").write_bytes(b"moo")
    (tmp_path / "notes.txt").write_text("not a mesh")
    return tmp_path


def test_a_folder_of_files(cad_folder, extension):
    meshfile = importlib.import_module(f"{extension}.core.meshfile")
    objects = set(bpy.data.objects)
    assert ops.repair_folder(directory=str(cad_folder), recipe="genus0", keep_stages=True) == {"FINISHED"}
    out = cad_folder / "repaired"
    lines = json.loads((out / "report.json").read_text())
    assert set(lines) == {"ring.ply", "box.obj", "broken.stl"} and lines["broken.stl"]["error"]
    assert lines["ring.ply"]["after"]["is_genus_zero"] and lines["box.obj"]["after"]["is_genus_zero"]
    assert meshfile.read_mesh(out / "box.ply").n_faces >= 12
    assert len(list((out / "ring steps").glob("*.ply"))) == len(lines["ring.ply"]["steps"])
    assert not (out / "broken.ply").exists() and set(bpy.data.objects) == objects


def test_folders_that_cannot_be_are_refused(tmp_path, cad_folder):
    with pytest.raises(RuntimeError, match="no folder"):
        ops.repair_folder(directory=str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuntimeError, match="no mesh file"):
        ops.repair_folder(directory=str(tmp_path / "empty"))
    with pytest.raises(RuntimeError, match="replace the files"):
        ops.repair_folder(directory=str(cad_folder), output=str(cad_folder))


def test_the_command_line(torus, cad_folder, tmp_path, extension, capsys):
    cli = importlib.import_module(f"{extension}.cli")
    assert cli.run(["repair", "--object", "Torus", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done"]
    saved = tmp_path / "after.blend"
    assert cli.run(["repair", "--object", "Torus", "--save", str(saved)]) == 0 and saved.exists()
    assert "done:" in capsys.readouterr().out
    assert cli.run(["check", "--object", "Torus"]) == 0
    assert cli.run(["repair", "--object", "Torus", "--recipe", "moo"]) == 2
    out = tmp_path / "out"
    assert cli.run(["repair-folder", str(cad_folder), str(out), "--recipe", "clean", "--format", "obj"]) == 0
    assert (out / "ring.obj").exists()


def test_a_switched_off_extension_takes_its_timer_along(extension):
    book = importlib.import_module(f"{extension}.recipe_book")
    book.ask_to_fill()
    book.forget()
    assert not bpy.app.timers.is_registered(book.fill)
    bpy.context.scene.spherical_cow.repair.recipe = ""
    book.fill()
    assert bpy.context.scene.spherical_cow.repair.title == "Make Genus 0"


@pytest.mark.parametrize("blender_steps", [True, False], ids=["Blender", "library"])
def test_cad_to_solid(blender_steps):
    """Two boxes that overlap, with all faces apart and some of them turned, become one light surface."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.mesh.primitive_cube_add(location=(1.2, 0.3, 0.2))
    box = bpy.context.object
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.join()
    mesh = bmesh.new()
    mesh.from_mesh(box.data)
    bmesh.ops.split_edges(mesh, edges=mesh.edges[:])
    bmesh.ops.reverse_faces(mesh, faces=mesh.faces[:][::3])
    mesh.to_mesh(box.data)
    mesh.free()
    ops.recipe_load(name="cad")
    settings = bpy.context.scene.spherical_cow.repair
    next(item for item in settings.steps if item.step == "voxel_remesh").voxel_remesh__resolution = 48
    settings.resolution = 48
    assert ops.repair(keep_stages=True, blender_steps=blender_steps) == {"FINISHED"}
    found = report(box)
    assert found["after"]["is_genus_zero"] and found["change"]["mean_rel"] < 0.05
    assert 500 < len(box.data.polygons) < 6000
    titles = [obj.name[3:] for obj in bpy.data.collections[f"{box.name} Steps"].objects]
    assert {"Solidify", "Voxel Remesh", "Decimate", "Smooth"} <= set(titles)


@pytest.fixture
def steps(extension, monkeypatch):
    """(Blender's functions, the library's), by name of the step."""
    folder = Path(importlib.import_module(extension).__file__).parent
    monkeypatch.syspath_prepend(str(folder))
    theirs = importlib.import_module("scripts.blender_steps").FUNCTIONS
    yield theirs, importlib.import_module("core.repairs.steps").FUNCTIONS
    for name in [name for name in sys.modules if name.split(".")[0] in {"core", "scripts"}]:
        del sys.modules[name]


def test_blender_does_the_steps_that_the_panel_says(steps, extension):
    repair = importlib.import_module(f"{extension}.operators.repair")
    assert set(steps[0]) == repair.BLENDER_STEPS <= set(steps[1])


@pytest.mark.parametrize("name", ["solidify", "smooth"])
def test_some_steps_are_the_same_in_both(steps, name):
    result = [functions[name](ball(3)).traced.mesh for functions in steps]
    here, there = (np.sort(mesh.vertices.round(3), axis=0) for mesh in result)
    assert here.shape == there.shape and np.abs(here - there).max() < 2e-3
    assert result[0].n_faces == result[1].n_faces


def test_blender_decimates_as_far_as_asked(steps):
    for functions in steps:
        assert functions["decimate"](ball(12), ratio=0.25, min_faces=100).traced.mesh.n_faces == pytest.approx(
            720, abs=4
        )


def test_remeshing_keeps_the_volume(steps):
    measure = importlib.import_module("core.geometry.measure")
    volume = measure.signed_volume(ball(12).mesh)
    for name, tolerance in (("voxel_remesh", 0.1), ("cubify", 0.15)):
        mesh = steps[0][name](ball(12), resolution=32).traced.mesh
        assert measure.signed_volume(mesh) == pytest.approx(volume, rel=tolerance), name


def ball(frequency: int):
    traced = importlib.import_module("core.repairs.traced").Traced
    return traced.start(importlib.import_module("core.sphere.icosphere").icosphere(frequency))
