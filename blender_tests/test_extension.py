# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension as a whole: nothing without a tooltip, nothing left behind, thin operators, plain imports."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import addon_utils
import bpy
import pytest
import residue
from conftest import MODULE, REPOSITORY

ADDON = REPOSITORY / "addon"
SOURCES = sorted(ADDON.rglob("*.py"))
IGNORED = {"rna_type", "bl_rna", "name", "remove_name", "remove_active"}
"""Properties that Blender itself brings, some of them without a tooltip."""


def our_classes() -> list[type]:
    registration = importlib.import_module(f"{MODULE}.registration")
    return list(registration.classes)


def rna_of(operator: type) -> bpy.types.Struct:
    group, name = operator.bl_idname.split(".")
    return getattr(getattr(bpy.ops, group), name).get_rna_type()


def test_every_operator_and_property_has_a_tooltip():
    properties = importlib.import_module(f"{MODULE}.properties")
    operators = [rna_of(cls) for cls in our_classes() if issubclass(cls, bpy.types.Operator)]
    empty = [rna.identifier for rna in operators if not rna.description]
    for rna in [*operators, *(cls.bl_rna for cls in properties.classes)]:
        inherited = {prop.identifier for prop in rna.base.properties} if rna.base else set()
        for prop in rna.properties:
            if prop.identifier in IGNORED | inherited:
                continue
            if not prop.description:
                empty.append(f"{rna.identifier}.{prop.identifier}")
            items = prop.enum_items if prop.type == "ENUM" else ()
            empty += [f"{rna.identifier}.{prop.identifier}.{item.identifier}" for item in items if not item.description]
    assert not empty


def test_tooltips_end_without_a_period():
    for cls in our_classes():
        if issubclass(cls, bpy.types.Operator):
            assert not rna_of(cls).description.endswith("."), cls.__name__


def test_every_operator_has_its_name_in_the_enumeration():
    names = importlib.import_module(f"{MODULE}.idnames").Operators
    found = {cls.bl_idname for cls in our_classes() if issubclass(cls, bpy.types.Operator)}
    assert found == {str(name) for name in names}


def test_what_is_greyed_out_says_why():
    """Each `poll` that can say no has words for it. (Panels are not greyed out: they are not there.)"""
    for path in (source for source in SOURCES if "panels" not in source.parts):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name in {"poll", "poll_object"}:
                text = ast.unparse(node)
                if "return True" not in text or "return False" in text or "return not" in text:
                    assert "poll_message_set" in text or "poll_object" in text or "super()" in text, (
                        path,
                        node.lineno,
                    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ADDON)))
def test_code_rules(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in {"execute", "invoke", "modal"}:
            assert node.end_lineno - node.lineno <= 20, f"{path.name}:{node.lineno} {node.name} is long"
        if isinstance(node, ast.Attribute) and node.attr in {"foreach_get", "foreach_set"}:
            program = path.parent.name == "scripts"  # of its own, in another process
            places = {"bridge.py", "image_pixels.py", "layers.py", "demo_scene.py"}
            assert program or path.name in places, f"{path.name}:{node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path.name}:{node.lineno} swallows everything"
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            own = ("bl_ext", "spherical_cow", *(() if path.parent.name == "scripts" else ("core.",)))
            assert not module.startswith(own), f"{path.name}:{node.lineno}"


def test_switching_off_leaves_nothing(before, blob):
    bpy.ops.spherical_cow.encode(lmax=4)
    enabled = residue.snapshot()
    assert residue.difference(before, enabled)
    addon_utils.disable(MODULE)
    try:
        left = residue.difference(before, residue.snapshot())
        left.pop("threads", None)
        assert left == {}
    finally:
        addon_utils.enable(MODULE, default_set=True)
    assert residue.difference(enabled, residue.snapshot()) == {}


def test_switching_off_ends_running_jobs(blob):
    jobs = importlib.import_module(f"{MODULE}.jobs")
    bridge = importlib.import_module(f"{MODULE}.bridge")
    mesh = bridge.read(blob).mesh
    request = jobs.Request("check", {}, {"vertices": mesh.vertices, "faces": mesh.faces})
    job = jobs.claim(blob, "spherical_cow.check", jobs.work(request))
    next(job.work)
    next(job.work)
    process = job.work.gi_frame.f_locals["process"]
    addon_utils.disable(MODULE)
    try:
        assert process.poll() is not None
    finally:
        addon_utils.enable(MODULE, default_set=True)


def test_presets_are_offered_and_apply():
    settings = bpy.context.scene.spherical_cow.encode
    paths = [Path(folder) for folder in bpy.utils.preset_paths("spherical_cow/encode")]
    presets = {path.stem: path for folder in paths for path in folder.glob("*.py")}
    assert {"Draft", "Standard", "Fine"} <= set(presets)
    bpy.ops.script.execute_preset(filepath=str(presets["Draft"]), menu_idname="SPHERICAL_COW_MT_presets_encode")
    assert settings.lmax == 24 and settings.channels == {"color", "curvature", "density"}


def test_manual_pages_exist():
    manual = importlib.import_module(f"{MODULE}.manual")
    _, pages = manual.entries()
    if not any((REPOSITORY / "docs" / "panel").glob("*.md")):
        pytest.skip("there are no pages yet")
    assert pages and all((manual.FOLDER / page).exists() for _, page in pages)


def test_panels_draw_in_every_state():
    """Without a window panels are not drawn; at least they are registered in our tab, in order."""
    panels = [cls for cls in our_classes() if issubclass(cls, bpy.types.Panel) and hasattr(cls, "bl_order")]
    sections = [panel for panel in panels if not hasattr(panel, "bl_parent_id")]
    assert [panel.bl_label for panel in sorted(sections, key=lambda panel: panel.bl_order)] == [
        "Check",
        "Repair",
        "Encode",
        "Reconstruct",
        "Equalizer",
        "Shape Keys",
        "Morph",
        "Shape Space",
        "Symmetry",
        "Align",
        "Compare",
        "Attributes",
        "Coefficients",
        "Networks",
        "Batch",
    ]
    assert {panel.bl_category for panel in panels} == {"Spherical Cow"}


def test_the_command_line(encoded, tmp_path, capsys):
    cli = importlib.import_module(f"{MODULE}.cli")
    assert cli.run(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_genus_zero"] is True
    out = tmp_path / "blob.harmonics.npz"
    assert cli.run(["encode", "--object", "Blob", "--lmax", "6", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lmax"] == 6 and out.exists()
    saved = tmp_path / "after.blend"
    assert cli.run(["reconstruct", "--sampling", "icosphere", "--frequency", "4", "--save", str(saved)]) == 0
    assert saved.exists() and "Blob Reconstruction" in bpy.data.objects


@pytest.mark.parametrize("arguments", [["moo"], [], ["encode", "--object", "Nobody"], ["encode", "--method", "guess"]])
def test_the_command_line_says_what_is_wrong(encoded, arguments, capsys):
    cli = importlib.import_module(f"{MODULE}.cli")
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err


def test_a_missing_library_gives_the_panel_that_says_so(monkeypatch):
    diagnostics = importlib.import_module(f"{MODULE}.diagnostics")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numba" else real(name))
    assert diagnostics.problems() == ["numba: not installed"]
    addon_utils.disable(MODULE)
    extension = importlib.import_module(MODULE)
    try:
        extension.register()
        assert hasattr(bpy.types, "SPHERICAL_COW_PT_fatal") and not hasattr(bpy.types, "SPHERICAL_COW_PT_encode")
        assert bpy.ops.spherical_cow.copy_diagnostics() == {"FINISHED"}
        assert "numba" in diagnostics.report(["numba: not installed"])
        extension.unregister()
    finally:
        monkeypatch.undo()
        addon_utils.enable(MODULE, default_set=True)
    assert not hasattr(bpy.types, "SPHERICAL_COW_PT_fatal")


def test_a_wrong_download_is_named(monkeypatch):
    diagnostics = importlib.import_module(f"{MODULE}.diagnostics")
    other = {"wheels": ["./wheels/ducc0-0.42.0-cp399-cp399-win_amd64.whl"], "version": "1"}
    monkeypatch.setattr(diagnostics, "_manifest", lambda: other)
    assert "3.99" in diagnostics.remedy()


def test_starting_up_is_quick_and_light():
    """Enabling the extension must not import the slow libraries."""
    code = (
        "import os, sys, tempfile; import bpy, addon_utils;"
        f"addon_utils.enable({MODULE!r});"
        "bpy.context.scene.spherical_cow;"
        "print(sorted({'numba', 'igl', 'scipy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr
