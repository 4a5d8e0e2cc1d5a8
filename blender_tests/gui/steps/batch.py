# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch with the mouse: a folder of cows, stopped with ESC, gone on with, and its summary. Runs inside Blender."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import bpy
import guilib

TAB = "Spherical Cow"
COUNT = 6
PITCH = 27  # pixels from one folded section to the next
folder = Path(tempfile.mkdtemp())
out = folder / "coefficients"


def idle():
    return not bpy.context.window.modal_operators


def open_batch():
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
    yield from guilib.click(x, top - PITCH * order.index("Batch"))
    yield from guilib.settle()
    yield from guilib.move(x, top - 300)
    subprocess.run(["xdotool", "click", "--repeat", "30", "5"], check=True)  # roll down to its end
    yield from guilib.settle()


def press():
    x, y = yield from guilib.find_button(operator="spherical_cow.batch", across=0.4)
    yield from guilib.click(x, y)


def written():
    return sorted(file.name for file in out.glob("*.npz"))


@guilib.steps
def batch():
    yield from guilib.maximize()
    panel = yield from guilib.open_sidebar(TAB)
    (folder / "scans").mkdir()
    bpy.ops.spherical_cow.add_cow()
    for number in range(COUNT):
        bpy.ops.wm.ply_export(filepath=str(folder / "scans" / f"cow_{number}.ply"), export_selected_objects=True)
    (folder / "scans" / "broken.stl").write_text("moo")
    settings = bpy.context.scene.spherical_cow
    settings.encode.lmax = 32
    settings.batch.directory, settings.batch.output = str(folder / "scans"), str(out)
    settings.batch.jobs = 1
    yield from open_batch()
    guilib.screenshot("1-batch.png", panel)

    yield from press()
    yield from guilib.until(written, 200, what="the first result")
    guilib.screenshot("2-running.png", panel)
    yield from guilib.key("ESC", at=(400, 400))
    yield from guilib.until(idle, 20, what="the end of the job")
    done = len(written())
    assert 0 < done < COUNT and not (out / ".unfinished").exists()
    yield from guilib.settle()
    guilib.screenshot("3-stopped.png", panel)

    yield from press()
    yield from guilib.until(lambda: idle() and settings.batch.summary, 200, what="the summary")
    yield from guilib.settle()
    subprocess.run(["xdotool", "click", "--repeat", "30", "5"], check=True)
    yield from guilib.settle()
    guilib.screenshot("4-done.png", panel)
    found = json.loads(settings.batch.summary)
    assert (found["done"], found["failed"]) == (COUNT, 1) and found["earlier"] >= done
    assert len(written()) == COUNT
