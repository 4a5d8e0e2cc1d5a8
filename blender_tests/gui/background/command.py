# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender -b FILE --command spherical_cow …`, as a pipeline calls it. Runs inside Blender, without a window."""

import json
import subprocess
import tempfile
from pathlib import Path

import bpy


def command(*words):
    done = subprocess.run(
        [bpy.app.binary_path, "-b", str(scene), "--command", "spherical_cow", *words],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    print(words, done.returncode, done.stdout[-500:], done.stderr[-500:])
    return done


def data(done):
    """The one JSON object on standard output (Blender adds lines of its own)."""
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


folder = Path(tempfile.mkdtemp())
scene = folder / "scene.blend"
bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3)
bpy.ops.mesh.primitive_torus_add(major_segments=12, minor_segments=6)
bpy.context.view_layer.objects.active = bpy.data.objects["Icosphere"]
bpy.ops.wm.save_as_mainfile(filepath=str(scene))

checked = command("check", "--json")
assert checked.returncode == 0 and data(checked)["is_genus_zero"] is True
assert command("check", "--object", "Torus").returncode == 1
assert command("check", "--object", "Nobody").returncode == 2
assert command("encode", "--object", "Torus").returncode == 2

said = command("repair", "--object", "Torus", "--dry-run", "--json")
assert said.returncode == 0 and data(said)["after"]["is_genus_zero"] is True
recipe = folder / "smooth.json"
steps = [{"name": "smooth", "parameters": {"iterations": 3}}]
recipe.write_text(json.dumps({"format_version": 1, "name": "smooth", "title": "Smooth", "steps": steps}))
smooth = command("repair", "--object", "Torus", "--recipe", str(recipe), "--json")  # in another Blender
assert smooth.returncode == 0 and data(smooth)["counts"] == {"vertices_moved": 72}
assert command("check", "--json").returncode == 0  # which has left our libraries where they were

result = folder / "result.blend"
shape = folder / "ball.harmonics.npz"
encoded = command("encode", "--lmax", "8", "--out", str(shape), "--save", str(result), "--json")
assert encoded.returncode == 0 and data(encoded)["flips"] == 0 and shape.exists()
scene = result
rebuilt = command("reconstruct", "--sampling", "icosphere", "--frequency", "4", "--json")
assert rebuilt.returncode == 0 and data(rebuilt)["vertices"] == 162

import bl_ext.user_default.spherical_cow as extension

script = Path(extension.__file__).parent / "scripts" / "encode_all.py"
scene = folder / "scene.blend"
everything = subprocess.run(
    [bpy.app.binary_path, "-b", str(scene), "--python", str(script), "--", str(folder / "all"), "6"],
    capture_output=True, text=True, check=False, timeout=200,
)  # fmt: skip
print(everything.stdout[-500:], everything.stderr[-500:])
assert everything.returncode == 1 and "Torus" in everything.stderr
assert (folder / "all" / "Icosphere.harmonics.npz").exists()

import bl_ext.user_default.spherical_cow.core.meshfile as meshfile
import bl_ext.user_default.spherical_cow.core.sample as sample

meshfile.write_mesh(sample.sample_cow(), folder / "cow.obj")
(folder / "broken.ply").write_text("moo")
script = Path(extension.__file__).parent / "scripts" / "repair_folder.py"
repaired = subprocess.run(
    [bpy.app.binary_path, "-b", "--python", str(script), "--", str(folder), str(folder / "mended"), "genus0"],
    capture_output=True, text=True, check=False, timeout=200,
)  # fmt: skip
print(repaired.stdout[-500:], repaired.stderr[-500:])
assert repaired.returncode == 1 and (folder / "mended" / "cow.ply").exists()
assert "cow.obj: nothing to repair" in repaired.stdout and "broken.ply" in repaired.stdout

bpy.ops.wm.obj_export(filepath=str(folder / "shapes.obj"))
words = [str(folder / "shapes.obj"), str(folder / "data"), "--points", "500", "--views", "1", "--workers", "1"]
assert command("dataset", "make", *words).returncode == 0
assert list((folder / "data" / "meshes").glob("*/img_choy2016/000.jpg")), "this Blender should have rendered"
assert command("dataset", "check", str(folder / "data")).returncode == 0
