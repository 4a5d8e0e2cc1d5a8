# SPDX-License-Identifier: GPL-3.0-or-later
"""`network codes …`: one decoder for many shapes, and a code for each (DeepSDF)."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from ...errors import InvalidParameter
from ...fields.extraction import Extraction
from ...meshfile import READABLE, read_mesh
from ...networks.deepsdf.codes import Placed, ShapeCodes
from ...networks.deepsdf.codes_file import save_codes
from ...networks.deepsdf.originals import open_codes
from ...networks.deepsdf.settings import PRESETS, FitCodeSettings, preset
from ...networks.runtime import DEVICES, require_torch
from ..console import Console, require_writable
from ..seeds import seed_of

_CODES = "shape codes (.safetensors), or the folder of an experiment of DeepSDF"


def add_verbs(verbs: Any) -> None:
    """Add `codes` with its own verbs."""
    parser = verbs.add_parser("codes", help="one decoder for many shapes (DeepSDF): train, fit, interpolate, list")
    own = parser.add_subparsers(dest="codes_verb", metavar="VERB", required=True)

    verb = own.add_parser("train", help="learn a decoder, and a code for each mesh")
    verb.add_argument("meshes", nargs="+", metavar="MESH", help="mesh files, or folders of them")
    verb.add_argument("output", metavar="OUT", help="the result (.safetensors)")
    verb.add_argument("--preset", choices=list(PRESETS), default="small", help="size of the decoder (default small)")
    verb.add_argument("--epochs", type=int, help="how often each shape is looked at")
    verb.add_argument("--samples", type=int, help="distances worked out for each shape")
    verb.add_argument("--common-size", action="store_true", help="learn the sizes of the shapes too")
    _common(verb)
    verb.set_defaults(run=run_train)

    verb = own.add_parser("fit", help="find the code of a new mesh")
    verb.add_argument("codes", metavar="CODES", help=_CODES)
    verb.add_argument("mesh", metavar="MESH")
    verb.add_argument("--steps", type=int, default=FitCodeSettings.steps, help="of the optimiser (default %(default)s)")
    verb.add_argument("--name", help="of the new member; by default that of the file")
    verb.add_argument("--out", metavar="OUT", help="write the codes with the new member (.safetensors)")
    verb.add_argument("--mesh-out", metavar="MESH", help="write the surface that its code stands for")
    _resolution(verb)
    _common(verb)
    verb.set_defaults(run=run_fit)

    verb = own.add_parser("interpolate", help="the shapes between two members")
    verb.add_argument("codes", metavar="CODES", help=_CODES)
    verb.add_argument("first", metavar="A", help="a member, by its name")
    verb.add_argument("second", metavar="B")
    verb.add_argument(
        "--weight",
        type=weights_of,
        default=[0.5],
        metavar="W",
        help="0 is A, 1 is B (default 0.5); several make a series: 0,0.25,0.5",
    )
    verb.add_argument("output", metavar="OUT", help="the mesh; a series is numbered: out_000.ply, out_001.ply, …")
    _resolution(verb)
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run_interpolate)

    verb = own.add_parser("list", help="the members, and what is known of the decoder")
    verb.add_argument("codes", metavar="CODES", help=_CODES)
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run_list)


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--seed", type=seed_of, default=0)
    verb.add_argument("--device", choices=DEVICES, default="auto")
    verb.add_argument("--json", action="store_true", help="print one JSON object")


def _resolution(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--resolution", type=int, default=128, help="cells along an edge (default %(default)s)")
    verb.add_argument("--faces", type=int, default=0, help="simplify to so many; 0 for all")


def run_train(arguments: argparse.Namespace, console: Console) -> int:
    """Learn from mesh files."""
    require_torch()
    from ...networks.deepsdf.learning.train import train

    output = _codes_name(arguments.output)
    given = {"epochs": arguments.epochs, "samples": arguments.samples}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = preset(arguments.preset, seed=arguments.seed, common_size=arguments.common_size, **changes)
    files = mesh_files(arguments.meshes)
    meshes = [read_mesh(file) for file in files]
    with console.progress() as progress:
        trained = train(meshes, [file.stem for file in files], settings, arguments.device, progress)
    save_codes(trained.codes, output)
    data = {**trained.to_dict(), "file": str(output), "bytes": output.stat().st_size}
    lines = [f"{member['name']:30} F1 {member['f1']:.4f}" for member in data["members"]]
    last = f"{len(files)} shapes, F1 {data['f1']:.4f}, loss {data['loss']:.5f}, {data['seconds']:.1f} s"
    console.result(data, [*lines, f"{last}, {data['bytes'] / 1e6:.2f} MB"])
    return 0


def run_fit(arguments: argparse.Namespace, console: Console) -> int:
    """Fit the code of a mesh file."""
    require_torch()
    from ...networks.deepsdf.learning.train import fit_code

    if arguments.out:
        _codes_name(arguments.out)
    if arguments.mesh_out:
        require_writable(arguments.mesh_out)
    codes, mesh = open_codes(arguments.codes), read_mesh(arguments.mesh)
    settings = FitCodeSettings(steps=arguments.steps, seed=arguments.seed)
    with console.progress() as progress:
        fitted = fit_code(codes, mesh, settings, arguments.device, progress)
    more = codes.with_member(arguments.name or Path(arguments.mesh).stem, fitted.placed)
    more = more.with_f1({more.names[-1]: fitted.accuracy.f1})
    if arguments.out:
        save_codes(more, arguments.out)
    data: dict[str, Any] = {**fitted.to_dict(), "name": more.names[-1]}
    if arguments.mesh_out:
        data |= _write(codes, fitted.placed, arguments.mesh_out, arguments, console)
    console.result(data, [f"{data['name']}: F1 {data['f1']:.4f}, loss {data['loss']:.5f}, {data['seconds']:.1f} s"])
    return 0


def run_interpolate(arguments: argparse.Namespace, console: Console) -> int:
    """Write the shapes between two members."""
    output, weights = Path(arguments.output), arguments.weight
    require_writable(output)
    codes = open_codes(arguments.codes)
    single = len(weights) == 1
    rows = []
    for number, weight in enumerate(weights):
        path = output if single else output.with_name(f"{output.stem}_{number:03d}{output.suffix}")
        placed = codes.between(arguments.first, arguments.second, weight)
        rows.append({"weight": weight, **_write(codes, placed, str(path), arguments, console)})
    console.result({"meshes": rows}, [f"{row['weight']:6.3f}  {row['file']}  {row['V']:,} vertices" for row in rows])
    return 0


def _write(
    codes: ShapeCodes, placed: Placed, path: str, arguments: argparse.Namespace, console: Console
) -> dict[str, Any]:
    with console.progress() as progress:
        mesh = codes.mesh(placed, Extraction(arguments.resolution, faces=arguments.faces), progress)
    if not mesh.n_faces:
        raise InvalidParameter("There is no surface here: everything is outside.", "Choose weights nearer to 0 and 1.")
    mesh.save(path)
    return {"file": path, "V": mesh.n_vertices, "F": mesh.n_faces}


def run_list(arguments: argparse.Namespace, console: Console) -> int:
    """Print the members."""
    codes = open_codes(arguments.codes)
    layout = codes.decoder.layout
    rows = [
        {
            "name": name,
            "code_length": float((code.astype(float) ** 2).sum() ** 0.5),
            "size": float(1.0 / scale),
            "f1": codes.f1_of(name),
        }
        for name, code, scale in zip(codes.names, codes.codes, codes.scales, strict=True)
    ]
    data = {
        "members": rows,
        "code": layout.code,
        "widths": list(layout.widths),
        "parameters": layout.parameters,
        "facts": dict(codes.facts),
    }
    lines = [f"{row['name']:30} |code| {row['code_length']:.3f}  F1 {row['f1']:.3f}" for row in rows]
    head = f"{len(rows)} members, codes of {layout.code} numbers, decoder of {layout.parameters:,}"
    console.result(data, [head, *lines])
    return 0


def mesh_files(paths: list[str]) -> list[Path]:
    """The files that were named, and the meshes in folders that were."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in READABLE) if path.is_dir() else [path]
        if not inside:
            raise InvalidParameter(f"There are no meshes in {path}.", "Choose another folder.")
        found += inside
    return found


def weights_of(text: str) -> list[float]:
    """ "0.5" or "0,0.25,0.5" as numbers."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no weights such as 0,0.5,1") from error
    if not all(map(math.isfinite, found)):
        raise argparse.ArgumentTypeError(f"{text!r} has weights that are not finite")
    return found


def _codes_name(path: str) -> Path:
    """A name for a file of codes, in a place that can be written."""
    if Path(path).suffix != ".safetensors":
        raise InvalidParameter(
            f"{Path(path).name} has another ending than a file of shape codes.", "Name the result ….safetensors."
        )
    require_writable(path)
    return Path(path)
