# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow demo OUT_DIR`: the whole road on the sample cow, with pictures and a .blend."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..codec import decode, encode, sampling_mesh
from ..mesh import Mesh
from ..metrics import compare
from ..pictures import save_png, spectrum_plot
from ..sample import sample_cow
from ..shape import Shape
from .code_verbs import encode_report
from .console import Console, make_folder
from .picture_verbs import write_images

LMAX = 64
LEVELS = (2, 4, 8, 16, 32, 64)
ADAPTIVE_VERTICES = 8_000
BLENDER_SECONDS = 300


def add_verbs(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser("demo", help="encode and rebuild the sample cow: meshes, pictures, a .blend")
    verb.add_argument("folder")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_demo)


def run_demo(arguments: Namespace, console: Console) -> int:
    """Walk the main road on the sample cow and leave everything to look at in a folder."""
    folder = make_folder(arguments.folder)
    cow = sample_cow()
    with console.progress() as progress:
        shape = encode(
            cow,
            LMAX,
            channels=["position", "color", "curvature_density", "log_area_distortion", "vertex_density"],
            progress=progress,
        )
    shape.save(folder / "cow.harmonics.npz")
    rebuilt = write_meshes(cow, shape, folder)
    files = write_images(shape, folder)
    save_png(spectrum_plot(shape.harmonics), folder / "spectrum.png")
    data = {
        **encode_report(shape, {}),
        "rebuilt": {name: compare(cow, mesh, samples=20_000, volume="none").mean_rel for name, mesh in rebuilt.items()},
        "pictures": [str(file) for file in files],
        "blend": _blend(folder, console),
    }
    console.result(data, _lines(data, folder))
    return 0


def write_meshes(cow: Mesh, shape: Shape, folder: Path) -> dict[str, Mesh]:
    """Save the cow, its image on the sphere, and its reconstructions; gives those by name."""
    cow.save(folder / "cow.ply")
    sampling_mesh(shape, "source").with_attributes(**cow.attributes).save(folder / "cow_on_sphere.ply")
    rebuilt = {f"degree_{lmax:02d}": decode(shape, lmax=lmax) for lmax in LEVELS}
    rebuilt["icosphere"] = decode(shape, "icosphere", 32)
    rebuilt["adaptive"] = decode(shape, "adaptive", ADAPTIVE_VERTICES)
    for name, mesh in rebuilt.items():
        mesh.save(folder / f"cow_{name}.ply")
    return rebuilt


def _lines(data: dict[str, Any], folder: Path) -> list[str]:
    errors = [f"  {name:12} mean error {error:.4%} of the diagonal" for name, error in data["rebuilt"].items()]
    return [
        f"The sample cow: {data['V']} vertices, {data['F']} faces, {data['flips']} flipped triangles on the sphere.",
        *errors,
        f"Everything is in {folder}.",
    ]


def _blend(folder: Path, console: Console) -> str | None:
    """Have Blender (the `bpy` module, or `blender` on the path) make `cow.blend` and `cow.png`; None without."""
    script, blend = _scene_script(), folder / "cow.blend"
    program = [sys.executable] if importlib.util.find_spec("bpy") else _blender_command()
    if script is None or program is None:
        console.log("No Blender was found (no `bpy` module, no `blender` on the path): cow.blend is left out.")
        return None
    extra = ["--"] if program[0] != sys.executable else []
    command = [*program, str(script), *extra, str(folder.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BLENDER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        console.log(f"Blender did not make cow.blend: {error}")
        return None
    if done.returncode or not blend.exists():
        console.log(f"Blender did not make cow.blend:\n{(done.stderr or done.stdout)[-2000:]}")
        return None
    return str(blend)


def _blender_command() -> list[str] | None:
    blender = shutil.which("blender")
    return [blender, "--background", "--factory-startup", "--python"] if blender else None


def _scene_script() -> Path | None:
    """The add-on's script that builds the scene: beside `core` in a checkout or an extension, else installed."""
    here = Path(__file__).resolve().parents[2]
    places = [here / "addon" / "demo_scene.py", here / "demo_scene.py"]
    installed = importlib.util.find_spec("spherical_cow_addon")
    if installed is not None and installed.submodule_search_locations:
        places.append(Path(next(iter(installed.submodule_search_locations))) / "demo_scene.py")
    return next((place for place in places if place.is_file()), None)
