# SPDX-License-Identifier: GPL-3.0-or-later
"""A job on a large mesh: the window stays responsive, ESC and the cross stop it. Runs inside Blender."""

import contextlib
import importlib
import time
from pathlib import Path

import bpy
import guilib

MODULE = "bl_ext.user_default.spherical_cow"
FREQUENCY = 158  # 20 × 158² = 499,280 faces


def idle():
    return not bpy.context.window.modal_operators


def workers():
    """Command lines of the worker processes that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return [line for line in found if b"core.worker" in line]


def big_blob():
    import numpy as np

    bridge = importlib.import_module(f"{MODULE}.bridge")
    icosphere = importlib.import_module(f"{MODULE}.core.sphere.icosphere").icosphere(FREQUENCY)
    x, _, z = icosphere.vertices.T
    bumps = 1.0 + 0.2 * np.sin(5.0 * x) + 0.1 * np.cos(8.0 * z)
    data = bridge.new_mesh("Big", icosphere.with_vertices(icosphere.vertices * bumps[:, None]))
    obj = bpy.data.objects.new("Big", data)
    bpy.context.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    return obj


def start(operator):
    x, y = yield from guilib.find_button(operator=operator)
    begin = time.monotonic()
    yield from guilib.click(x, y)
    yield from guilib.until(lambda: not idle(), 10, what="the job to start")
    print(f"started after {time.monotonic() - begin:.2f} s")
    yield from guilib.until(workers, 10, what="the worker")
    return x, y


@guilib.steps
def cancel():
    yield from guilib.maximize()
    yield from guilib.open_sidebar("Spherical Cow")
    bpy.ops.object.delete()
    obj = big_blob()
    yield from guilib.settle()

    yield from start("spherical_cow.encode")
    gaps, last = [], time.monotonic()
    for _ in range(150):
        yield 0.02
        now = time.monotonic()
        gaps.append(now - last)
        last = now
    gaps.sort()
    print(f"main loop during the job: median {gaps[75]:.3f} s, worst {gaps[-1]:.3f} s")
    assert gaps[-1] < 1.0 and gaps[75] < 0.2
    guilib.screenshot("1-running.png")
    begin = time.monotonic()
    yield from guilib.key("ESC", at=(400, 400), wait=0.02)
    yield from guilib.until(idle, 5, what="ESC")
    print(f"ESC took {time.monotonic() - begin:.2f} s")
    yield from guilib.until(lambda: not workers(), 5, what="the end of the process")
    assert obj.data.spherical_cow.lmax == 0 and "sphere_position" not in obj.data.attributes
    yield from guilib.settle()
    guilib.screenshot("2-cancelled.png")

    yield from start("spherical_cow.check")
    x, y = yield from guilib.find_button(operator="spherical_cow.cancel", across=0.84)
    yield from guilib.click(x, y)
    yield from guilib.until(idle, 5, what="the cross")
    assert not obj.data.spherical_cow.check.rows

    yield from start("spherical_cow.encode")
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 0.5
    yield from guilib.until(lambda: not workers(), 5, what="the end of the process after another file")
