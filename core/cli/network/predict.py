# SPDX-License-Identifier: GPL-3.0-or-later
"""`network predict CHECKPOINT [INPUT] OUT`: the mesh that a network sees in an image, points or voxels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from ...alignment.similarity import Similarity
from ...errors import InvalidParameter
from ...mesh import Mesh
from ...meshfile import WRITABLE, write_mesh
from ...networks.catalogue import open_model
from ...networks.inputs import Framing, Read, read_input
from ...networks.inputs.images import TRAINED_FILL
from ...networks.inputs.points import AXES
from ...networks.interface import PictureModel
from ...networks.prediction import Predicted, Prediction, predict, require_input
from ...networks.runtime import DEVICES
from ...pictures import save_png
from ...progress import Stages
from ..console import Console, require_writable
from .predict_picture import run_picture

RESOLUTION = 128
_SETTINGS = ("resolution", "steps", "threshold", "seed", "count", "faces", "up", "published")


def add_verbs(verbs: Any) -> None:
    """Add the verb `predict`."""
    parser = verbs.add_parser(
        "predict",
        help="an image, points, voxels, a mesh or nothing → the mesh that a network sees there",
        description="What the input is, is told by its ending: png, jpg … for models that see an image; a mesh (ply, "
        "obj …) or points (xyz, npz) for those that see points; a mesh or binvox for those that see voxels. A result "
        "with a texture is written as OUT.obj with OUT.mtl and OUT_texture.png; other formats get its colours.",
    )
    parser.add_argument("checkpoint", type=Path, help="a .pt, .pth or .safetensors file")
    parser.add_argument("input", nargs="?", type=Path, help="left out for models that make shapes by themselves")
    parser.add_argument("output", type=Path, help=f"the mesh ({', '.join(WRITABLE)})")
    surface = parser.add_argument_group("the surface")
    surface.add_argument("--resolution", type=int, metavar="N", help=f"cells along an edge (default {RESOLUTION})")
    surface.add_argument("--steps", type=int, metavar="N", help="how often the first grid is doubled (default 2)")
    surface.add_argument("--threshold", type=float, metavar="P", help="probability on the surface (default 0.2)")
    surface.add_argument("--refine", type=int, default=0, metavar="N", help="steps of moving vertices onto the surface")
    surface.add_argument(
        "--published",
        action="store_true",
        help="--refine as published, after --faces; 30 is theirs. Of Pixel2Mesh: the picture as its code prepares it",
    )
    surface.add_argument("--faces", type=int, default=0, metavar="N", help="simplify to so many")
    parser.add_argument("--seed", type=int, default=0, help="of drawn points, or of the (first) new shape")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="so many new shapes, each in a file")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    image = parser.add_argument_group("images")
    image.add_argument("--crop", action="store_true", help="cut the picture to the object and put it into the middle")
    image.add_argument("--fill", type=float, metavar="SHARE", help="of the edge, after --crop (default as trained)")
    image.add_argument("--whiten", action="store_true", help="paint a plain background white")
    image.add_argument("--view", type=Path, metavar="PNG", help="write what the network sees")
    image.add_argument("--stages", action="store_true", help="also write OUT_1, OUT_2 …: the meshes on the way")
    solid = parser.add_argument_group("points, voxels and meshes")
    parser.add_argument("--up", default="y", choices=tuple(AXES), help="the axis that is up in input and output")
    solid.add_argument("--as-is", action="store_true", help="the input lies in the cube from -0.5 to 0.5 already")
    solid.add_argument("--blocks", type=Path, metavar="MESH", help="write the voxels that the network sees")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_predict)


def run_predict(arguments: argparse.Namespace, console: Console) -> int:
    """Predict, write the meshes, print the report."""
    given = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    settings = Prediction(**{"resolution": RESOLUTION, **given, "refinement": arguments.refine})
    outputs = _outputs(arguments, settings)
    if arguments.fill is not None and not arguments.crop:
        raise InvalidParameter("--fill is how much the object fills after --crop.", "Add --crop, or leave it out.")
    stages = Stages()
    with stages("open"):
        model = open_model(arguments.checkpoint, arguments.device)
    if isinstance(model, PictureModel):
        return run_picture(arguments, console, model, stages)
    _check_options(arguments, model.card.inputs)
    with stages("read"):
        read = _read(arguments, model.card.inputs)
    require_input(model, read.given)
    for remark in read.remarks:
        console.log(f"input: {remark}.")
    placement = Similarity(AXES[arguments.up]) if arguments.as_is else read.placement
    if arguments.view is not None:
        save_png(np.asarray(read.given), arguments.view)
    with console.progress() as progress:
        made = predict(
            model,
            read.given,
            settings,
            placement=placement,
            with_blocks=arguments.blocks is not None,
            progress=progress,
        )
    with stages("write"):
        files = _write(arguments, outputs, made)
    data = made.to_dict()
    data |= {
        "files": files,
        "remarks": [*read.remarks, *made.remarks],
        "seconds": {**stages.seconds, **data["seconds"]},
    }
    console.result(data, _lines(data, made))
    return 0


def _outputs(arguments: argparse.Namespace, settings: Prediction) -> dict[int, Path]:
    """Seed → file; refuses before any work what cannot be written."""
    output: Path = arguments.output
    for path in filter(None, (output, arguments.view, arguments.blocks)):
        require_writable(path)
    for path in filter(None, (output, arguments.blocks)):
        if path.suffix.lower() not in WRITABLE:
            raise InvalidParameter(f"{path.name} is no name of a mesh.", f"End it with {', '.join(WRITABLE)}.")
    if settings.count == 1:
        return {settings.seed: output}
    seeds = range(settings.seed, settings.seed + settings.count)
    return {seed: output.with_name(f"{output.stem}_{seed}{output.suffix}") for seed in seeds}


def _check_options(arguments: argparse.Namespace, inputs: str) -> None:
    """Refuse options that this kind of model has no use for."""
    wrong = {
        "--count": arguments.count > 1 and inputs != "nothing" and arguments.input is not None,
        "--view": arguments.view is not None and inputs != "image",
        "--crop": arguments.crop and inputs != "image",
        "--whiten": arguments.whiten and inputs != "image",
        "--blocks": arguments.blocks is not None and inputs != "voxels",
        "--stages": arguments.stages,
        "--as-is": arguments.as_is and inputs not in ("points", "voxels"),
    }
    found = [option for option, unfit in wrong.items() if unfit]
    if found:
        raise InvalidParameter(f"{found[0]} has no meaning for a model whose input is: {inputs}.", "Leave it out.")


def _read(arguments: argparse.Namespace, inputs: str) -> Read:
    if arguments.input is None:
        return Read(None)
    fill = TRAINED_FILL if arguments.fill is None else arguments.fill
    return read_input(arguments.input, inputs, Framing(arguments.crop, fill, arguments.whiten))


def _write(arguments: argparse.Namespace, outputs: dict[int, Path], made: Predicted) -> list[str]:
    files = []
    for seed, mesh in zip(made.seeds, made.meshes, strict=True):
        write_mesh(mesh, outputs[seed])
        files.append(str(outputs[seed]))
    if isinstance(made.blocks, Mesh):
        write_mesh(made.blocks, arguments.blocks)
    return files


def _lines(data: dict[str, Any], made: Predicted) -> list[str]:
    size = f", {data['parameters']:,} parameters" if "parameters" in data else ""
    lines = [f"{data['title']}{size}, grid of {data['resolution']}³ cells"]
    for file, mesh in zip(data["files"], made.meshes, strict=True):
        lines.append(f"{file}: {mesh.n_vertices:,} vertices, {mesh.n_faces:,} faces")
    lines.append(f"{data['seconds']['predict']:.1f} s")
    return [*lines, *made.remarks]
