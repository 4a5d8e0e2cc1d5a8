# SPDX-License-Identifier: GPL-3.0-or-later
"""`network fit-pictures IMAGES… OUT`: a mesh with a texture that looks like the pictures, without any training."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import Cancelled, InvalidParameter
from ...files import write_text
from ...meshfile import WRITABLE, write_mesh
from ...meshfile.textured import textured_files, write_textured_obj
from ...networks.picture_fit.cameras import read_camera_file
from ...networks.picture_fit.result import PictureFit
from ...networks.picture_fit.settings import STARTS, PictureFitSettings, settings_from
from ...networks.picture_fit.shots import shots_from
from ...networks.runtime import in_words, require_torch
from ...pictures import save_png
from ...progress import Progress
from ...symmetry.templates import SCHEMES
from ..console import Console, require_writable
from ..seeds import seed_of

EXIT_STOPPED = 130


def add_verbs(verbs: Any) -> None:
    """Add the verb `fit-pictures`."""
    usual = PictureFitSettings()
    parser = verbs.add_parser(
        "fit-pictures",
        help="one or several pictures of an object → a mesh with a texture, without any training",
        description="Pictures are transparent around the object, on a plain background, or come with masks. Without "
        "cameras, one picture is seen from the front, and several are those of a turntable, evenly around it. "
        "Ctrl-C ends early and writes the best so far.",
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="one or several pictures")
    parser.add_argument("output", type=Path, help=f"the mesh ({', '.join(WRITABLE)}); .obj with material and texture")
    parser.add_argument("--masks", nargs="+", type=Path, metavar="IMAGE", help="white where the object is, for each")
    parser.add_argument("--cameras", type=Path, metavar="FILE", help="of the pictures, in their order (.npz, .json)")
    parser.add_argument("--texture", type=Path, metavar="PNG", help="write the texture, for other formats than .obj")
    parser.add_argument("--cameras-out", type=Path, metavar="JSON", help="write the cameras, as they are in the end")
    shape = parser.add_argument_group("the shape")
    shape.add_argument("--symmetry", default=usual.symmetry, choices=SCHEMES, help="of the object, across x, x and z …")
    shape.add_argument("--start", default=usual.start, choices=STARTS)
    shape.add_argument("--level", type=int, default=usual.level, help="10 level² + 2 vertices (default %(default)s)")
    shape.add_argument("--smoothness", type=float, default=usual.smoothness, metavar="X", help="(default 1)")
    shape.add_argument("--color-weight", type=float, default=usual.color_weight, metavar="X", help="0: outlines alone")
    work = parser.add_argument_group("the work")
    work.add_argument("--steps", type=int, default=usual.steps, metavar="N", help="(default %(default)s)")
    work.add_argument("--seconds", type=float, default=usual.seconds, metavar="S", help="stop after; 0 for no limit")
    work.add_argument("--resolution", type=int, default=usual.resolution, metavar="N", help="of what is compared")
    work.add_argument("--texture-size", type=int, default=usual.texture_size, metavar="N", help="height of the texture")
    work.add_argument("--symmetric-texture", action="store_true", help="both sides of the symmetry share it")
    work.add_argument("--seed", type=seed_of, default=usual.seed)
    where = parser.add_argument_group("cameras that are not known, in degrees")
    where.add_argument("--refine-cameras", action="store_true", help="move the cameras, too; known ones as well")
    where.add_argument("--azimuth", type=float, default=usual.azimuth, help="of the first picture: 0 front, 90 side")
    where.add_argument("--turn", type=float, default=usual.turn, help="to each next picture (0: evenly around)")
    where.add_argument("--elevation", type=float, default=usual.elevation, help="from which they look down")
    where.add_argument("--field-of-view", type=float, default=usual.field_of_view, help="(default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_fit_pictures)


def run_fit_pictures(arguments: argparse.Namespace, console: Console) -> int:
    """Fit, write what is asked for, print the report; 130 when it was stopped and the best so far is written."""
    settings = settings_from(vars(arguments))
    _check_outputs(arguments)
    cameras = read_camera_file(arguments.cameras) if arguments.cameras else []
    shots = shots_from(arguments.images, arguments.masks or (), cameras)
    require_torch()
    from ...networks.picture_fit.learning.fit import fit_pictures

    with console.progress() as progress, _stoppable(progress) as told, in_words():
        fit = fit_pictures(shots, settings, progress=told)
    files = _write(arguments, fit)
    assert fit.report is not None
    data = {**settings.to_dict(), **fit.report.to_dict(), "files": files}
    console.result(data, _lines(fit, files))
    return EXIT_STOPPED if fit.report.stopped else 0


@contextmanager
def _stoppable(progress: Progress) -> Iterator[Progress]:
    """A progress that raises `Cancelled` after Ctrl-C, so that the best so far is kept; a second one ends at once."""
    asked = [False]

    def ask(number: int, frame: Any) -> None:
        asked[0] = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def told(fraction: float, phase: str) -> None:
        if asked[0]:
            progress(fraction, "Stopping, with the best so far")  # painting it takes a while
            raise Cancelled
        progress(fraction, phase)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, before)


def _check_outputs(arguments: argparse.Namespace) -> None:
    output: Path = arguments.output
    if output.suffix.lower() not in WRITABLE:
        raise InvalidParameter(
            f"{output.name} is no name of a mesh.", f"Give the mesh last, and end it with {', '.join(WRITABLE)}."
        )
    written = textured_files(output) if output.suffix.lower() == ".obj" else (output,)
    for path in filter(None, (*written, arguments.texture, arguments.cameras_out)):
        require_writable(path)
    if arguments.texture is not None and arguments.texture.suffix.lower() != ".png":
        raise InvalidParameter(f"{arguments.texture.name} is no name of a PNG.", "End it with .png.")


def _write(arguments: argparse.Namespace, fit: PictureFit) -> list[str]:
    made = fit.reconstruction
    assert made.texture is not None
    if arguments.output.suffix.lower() == ".obj":
        files = write_textured_obj(made.mesh, made.texture.pixels, made.texture.uv, arguments.output)
    else:
        write_mesh(made.mesh, arguments.output)
        files = [arguments.output]
    if arguments.texture is not None:
        save_png(made.texture.pixels, arguments.texture)
        files.append(arguments.texture)
    if arguments.cameras_out is not None:
        rows = [{"matrix": camera.matrix.tolist(), "world": camera.world.tolist()} for camera in fit.cameras]
        write_text(arguments.cameras_out, json.dumps({"cameras": rows}, indent=1) + "\n")
        files.append(arguments.cameras_out)
    return [str(file) for file in files]


def _lines(fit: PictureFit, files: list[str]) -> list[str]:
    report, mesh = fit.report, fit.reconstruction.mesh
    assert report is not None
    lines = [
        f"{files[0]}: {mesh.n_vertices:,} vertices, {mesh.n_faces:,} faces",
        f"outlines agree to {report.mean_iou:.1%} (worst picture {min(report.iou):.1%}), "
        f"colours to {report.mean_psnr:.1f} dB (worst {min(report.psnr):.1f})",
        f"{report.steps} steps, best after {report.best_step}; {sum(report.seconds.values()):.1f} s",
    ]
    if report.self_intersections:
        lines.append(f"{report.self_intersections} faces meet others: more smoothness, or Repair, mends that.")
    if report.stopped:
        lines.append("Stopped: this is the best so far.")
    return [*lines, *fit.reconstruction.remarks]
