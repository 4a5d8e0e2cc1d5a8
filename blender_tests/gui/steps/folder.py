# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair Folder from its button through the file browser. Runs inside Blender."""

import json
import tempfile
from pathlib import Path

import bpy
import guilib

folder = Path(tempfile.mkdtemp())
report = folder / "repaired" / "report.json"


def browser():
    """(window, area) of the file browser, once it is there."""
    found = ((window, area) for window in bpy.context.window_manager.windows for area in window.screen.areas)
    return next(((window, area) for window, area in found if area.type == "FILE_BROWSER"), None)


@guilib.steps
def repair_folder():
    yield from guilib.maximize()
    yield from guilib.open_sidebar("Spherical Cow")
    bpy.ops.spherical_cow.add_cow()
    bpy.ops.wm.ply_export(filepath=str(folder / "cow.ply"), export_selected_objects=True)
    (folder / "broken.stl").write_text("moo")
    yield from guilib.settle()
    x, y = yield from guilib.find_button(operator="spherical_cow.repair_folder", across=0.5)
    yield from guilib.click(x, y)
    yield from guilib.until(browser, 20, what="the file browser")
    yield from guilib.settle()
    guilib.screenshot("1-file-browser.png")
    _, area = browser()
    area.spaces.active.params.directory = str(folder).encode()
    yield 0.5
    window, area = browser()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.file.execute()
    yield from guilib.until(report.exists, 150, what="the report")
    yield from guilib.until(lambda: not bpy.context.window.modal_operators, 10, what="the end of the job")
    yield from guilib.settle()
    guilib.screenshot("2-repaired.png")
    lines = json.loads(report.read_text())
    assert "error" in lines["broken.stl"] and lines["cow.ply"]["after"]["is_genus_zero"]
    assert (folder / "repaired" / "cow.ply").exists()
