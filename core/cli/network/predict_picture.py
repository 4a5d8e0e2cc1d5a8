# SPDX-License-Identifier: GPL-3.0-or-later
"""`network predict` with a model of pictures: meshes in stages, a texture, the camera."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InvalidParameter
from ...mesh import Mesh
from ...meshfile import write_mesh
from ...meshfile.textured import textured_files, write_textured_obj
from ...networks.inputs import Framing, Read, read_input
from ...networks.interface import PictureModel
from ...networks.models.pixel2mesh import Pixel2MeshModel
from ...networks.picture_prediction import reconstruct
from ...networks.reconstructed import Reconstruction
from ...pictures import save_png
from ...progress import Stages
from ..console import Console, require_writable

_ON_A_GRID = ("resolution", "steps", "threshold", "refine", "faces")
_OF_OTHERS = ("count", "as_is", "blocks")
_DEFAULTS = {"refine": 0, "faces": 0, "count": 1}


def run_picture(arguments: argparse.Namespace, console: Console, model: PictureModel, steps: Stages) -> int:
    """Reconstruct, write what was asked for, print the report."""
    _check_options(arguments, model)
    with steps("read"):
        read = _read(arguments, model)
    for remark in read.remarks:
        console.log(f"input: {remark}.")
    if arguments.view is not None:
        save_png(np.asarray(read.given), arguments.view)
    with console.progress() as progress:
        made = reconstruct(model, np.asarray(read.given), seed=arguments.seed, up=arguments.up, progress=progress)
    with steps("write"):
        files = _write(made.result, arguments)
    data = made.to_dict()
    data |= {
        "files": [str(file) for file in files],
        "remarks": [*read.remarks, *data["remarks"]],
        "seconds": {**steps.seconds, **data["seconds"]},
    }
    console.result(data, _lines(data, made.result))
    return 0


def _read(arguments: argparse.Namespace, model: PictureModel) -> Read:
    """The picture as the network sees it."""
    fill = model.trained_fill if arguments.fill is None else arguments.fill
    read = read_input(
        arguments.input, "image", Framing(arguments.crop, fill, arguments.whiten), model.picture_size
    )  # which also says what is no picture
    if isinstance(model, Pixel2MeshModel) and arguments.published:
        return replace(read, given=model.published_view(arguments.input))
    return read


def _check_options(arguments: argparse.Namespace, model: PictureModel) -> None:
    """Refuse what means nothing here, and files that cannot be written, before any work."""
    title = model.card.title
    if arguments.input is None:
        raise InvalidParameter(f"{title} needs a picture.", "Give a PNG or JPEG before the output.")
    for name in (*_ON_A_GRID, *_OF_OTHERS):
        if getattr(arguments, name) not in (None, False, _DEFAULTS.get(name)):
            why = "its mesh is bent, not found on a grid" if name in _ON_A_GRID else "it sees one picture"
            option = f"--{name.replace('_', '-')}"
            raise InvalidParameter(f"{option} has no meaning for {title}: {why}.", "Leave it out.")
    if arguments.published and not isinstance(model, Pixel2MeshModel):
        raise InvalidParameter(f"--published has no meaning for {title}.", "Leave it out.")
    if arguments.published and (arguments.crop or arguments.whiten):
        raise InvalidParameter("The published code takes pictures as they are.", "Leave out --crop and --whiten.")
    for path in _possible(arguments.output):
        require_writable(path)
        if path.exists() and arguments.input.exists() and path.samefile(arguments.input):
            raise InvalidParameter(f"The input {path.name} would be overwritten.", "Name the output otherwise.")


def _possible(output: Path) -> tuple[Path, ...]:
    return textured_files(output) if output.suffix.lower() == ".obj" else (output,)


def _write(result: Reconstruction, arguments: argparse.Namespace) -> list[Path]:
    output: Path = arguments.output
    files: list[Path] = []
    if arguments.stages:
        for number, mesh in enumerate(result.stages[:-1], start=1):
            files.append(output.with_name(f"{output.stem}_{number}{output.suffix}"))
            write_mesh(mesh, files[-1])
    if result.texture is not None and output.suffix.lower() == ".obj":
        plain = Mesh(result.mesh.vertices, result.mesh.faces)
        return [*files, *write_textured_obj(plain, result.texture.pixels, result.texture.uv, output)]
    write_mesh(result.mesh, output)
    return [*files, output]


def _lines(data: dict[str, Any], result: Reconstruction) -> list[str]:
    size = f", {data['parameters']:,} parameters" if "parameters" in data else ""
    bent = " → ".join(f"{mesh.n_vertices:,}" for mesh in result.stages)
    kind = f" ({data['variant']})" if "variant" in data else ""
    lines = [f"{data['title']}{kind}{size}", f"vertices: {bent}; faces of the last: {result.mesh.n_faces:,}"]
    if result.texture is not None:
        height, width = result.texture.pixels.shape[:2]
        lines.append(f"texture: {width} × {height}")
    lines += data["files"]
    return [*lines, f"{data['seconds']['predict']:.1f} s", *result.remarks]
