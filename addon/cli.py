# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender -b FILE.blend --command spherical_cow VERB …`: the panel's work without the window.

Exit status: 0 done, 1 when `check` finds that the mesh cannot be encoded, 2 for bad input.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

import bpy

from . import bridge, comparisons, compat, jobs, recipe_book, storage
from .choices import ALIGNMENTS, FILE_TYPES, METHODS, PROTOCOLS, SAMPLINGS, SPACES
from .core.errors import InvalidParameter, SphericalCowError
from .idnames import COMMAND
from .operators import coefficients, compare
from .operators.check import check_request
from .operators.encode import encode_request, store_result
from .operators.repair import repair_request, require_no_shape_keys, store_report, write_result

_handles: list[object] = []


def parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    top = argparse.ArgumentParser(prog=f"blender -b FILE.blend --command {COMMAND}", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    check = _verb(verbs, "check", _check, "is the mesh one closed surface without handles?")
    check.add_argument("--no-self-intersections", action="store_true", help="leave out the slowest test")
    encode = _verb(verbs, "encode", _encode, "spherical harmonics of the mesh")
    encode.add_argument("--lmax", type=int, default=64, help="highest degree (default 64)")
    encode.add_argument("--method", choices=[item[0] for item in METHODS], default="balanced")
    encode.add_argument("--target", type=float, help="largest mean error in percent, in place of a fixed degree")
    encode.add_argument("--use-modifiers", action="store_true", help="encode what the modifiers make of the mesh")
    encode.add_argument("--out", help="write NAME.harmonics.npz")
    decode = _verb(verbs, "reconstruct", _reconstruct, "a new object from the coefficients")
    decode.add_argument("--sampling", choices=[item[0] for item in SAMPLINGS], default="source")
    decode.add_argument("--frequency", type=int, default=32, help="of the icosphere")
    decode.add_argument("--count", type=int, default=20_000, help="vertices of the adapted mesh")
    decode.add_argument("--from-curvature", action="store_true")
    against = _verb(verbs, "compare", _compare, "how far the mesh is from another one")
    against.add_argument("--against", help="name of the other object (default: the original of this one)")
    against.add_argument("--align", choices=[item[0] for item in ALIGNMENTS], default="none")
    against.add_argument("--space", choices=[item[0].lower() for item in SPACES], default="world")
    against.add_argument("--use-modifiers", action="store_true", help="compare what the modifiers make of both")
    against.add_argument("--protocol", action="append", default=[], choices=[item[0] for item in PROTOCOLS])
    against.add_argument("--out", help="write the numbers as .csv or .json")
    repair = _verb(verbs, "repair", _repair, "make the mesh one that can be encoded, or mend it by another recipe")
    repair.add_argument("--recipe", default="genus0", help="clean, cad, genus0 (default), your own, or a file with one")
    repair.add_argument("--dry-run", action="store_true", help="say what would be done")
    folder = verbs.add_parser("repair-folder", help="repair every mesh file of a folder")
    folder.add_argument("folder")
    folder.add_argument("output", nargs="?", default="", help="default: FOLDER/repaired")
    folder.add_argument("--recipe", default="cad", help="clean, cad (default), genus0, your own, or a file with one")
    folder.add_argument("--format", choices=[item[0].lower() for item in FILE_TYPES], default="ply")
    folder.add_argument("--keep-steps", action="store_true", help="also write the mesh after each step")
    folder.set_defaults(run=_repair_folder, object=None, save=None, json=False, needs_object=False)
    dataset = verbs.add_parser("dataset", help="folders to learn from: make MESHES… OUT, check FOLDER; images by me")
    dataset.add_argument("words", nargs=argparse.REMAINDER, help="as `spherical-cow dataset` takes them")
    return top


def _verb(verbs: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    verb.add_argument("--object", help="name of the mesh object (default: the active one)")
    verb.add_argument("--save", help="write the .blend here afterwards")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run, needs_object=True)
    return verb


def run(arguments: list[str]) -> int:
    """Do what the command line asks; gives the exit status."""
    if arguments[:1] == ["dataset"]:
        return _dataset(arguments)
    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        obj = _object(options.object) if options.needs_object else None
        status, data = options.run(obj, options)
        if options.save:
            bpy.ops.wm.save_as_mainfile(filepath=bpy.path.abspath(options.save), copy=True)
    except (SphericalCowError, RuntimeError) as error:
        print(f"spherical_cow: {error}", file=sys.stderr)
        return 2
    print(json.dumps(data) if options.json else "\n".join(_lines(data)))
    return int(status)


def _lines(data: dict[str, Any]) -> list[str]:
    """The result for people: the rows of a check, else one line per fact."""
    rows = [f"{'ok ' if row['ok'] else 'BAD'}  {row['text']}" for row in data.get("rows", ())]
    return rows or [f"{name}: {value}" for name, value in data.items()]


def _object(name: str | None) -> bpy.types.Object:
    obj = bpy.data.objects.get(name) if name else bpy.context.view_layer.objects.active
    if obj is None or obj.type != "MESH":
        raise InvalidParameter(
            f"There is no mesh object {name!r}." if name else "The file has no active mesh object.",
            "Name one with --object.",
        )
    return obj


def _progress(step: jobs.Step) -> None:
    if sys.stderr.isatty():
        print(f"\r{step.phase}: {step.fraction:.0%}   ", end="", file=sys.stderr, flush=True)


def _wait(request: jobs.Request) -> jobs.Result:
    return jobs.wait(jobs.work(request), _progress)


def _check(obj: bpy.types.Object, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    result = _wait(check_request(bridge.read(obj), not options.no_self_intersections))
    return (0 if result.data["is_genus_zero"] else 1), dict(result.data)


def _encode(obj: bpy.types.Object, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    settings = argparse.Namespace(
        lmax=options.lmax,
        method=options.method,
        channels={"color", "curvature", "density"},
        use_target=options.target is not None,
        target=options.target,
    )
    before = bridge.current_fingerprint(obj)
    result = _wait(encode_request(settings, bridge.read(obj, use_modifiers=options.use_modifiers)))
    shape = store_result(obj, result, before, options.use_modifiers)
    if options.out:
        coefficients.save(shape, options.out)
    return 0, {"object": obj.name, "lmax": shape.lmax, **shape.certificate.to_dict()}


def _reconstruct(obj: bpy.types.Object, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    if not storage.has_shape(obj):
        raise InvalidParameter(f"{obj.name!r} has not been encoded.", "Use encode first, and --save the file.")
    basis = "CURVATURE" if options.from_curvature else "POSITION"
    with bpy.context.temp_override(object=obj, active_object=obj, selected_objects=[obj]):
        bpy.ops.spherical_cow.reconstruct(
            sampling=options.sampling, frequency=options.frequency, count=options.count, basis=basis
        )
    new = bpy.context.view_layer.objects.active
    return 0, {"object": new.name, "vertices": len(new.data.vertices), "faces": len(new.data.polygons)}


def _compare(obj: bpy.types.Object, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    other = _object(options.against) if options.against else comparisons.original_of(obj)
    if other is None or other == obj:
        raise InvalidParameter("There is no second mesh.", "Name one with --against.")
    space, moment = options.space.upper(), compare.Moment.now(obj, other, options.space.upper())
    parameters = {"align": options.align, "protocols": options.protocol}
    request = compare.compare_request(obj, other, parameters, space=space, use_modifiers=options.use_modifiers)
    compare.keep(obj, other, _wait(request), moment)
    if options.out:
        compare.save(bridge.mesh_of(obj), options.out)
    numbers = comparisons.load(bridge.mesh_of(obj)) or {}
    names = {"object": obj.name, "against": other.name}
    return 0, {**names, **{name: value for name, value in numbers.items() if name != "histogram"}}


def _repair(obj: bpy.types.Object, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    result = _wait(repair_request(bridge.read(obj).mesh, recipe_book.find(options.recipe)))
    if not options.dry_run:
        require_no_shape_keys(obj)
        write_result(obj, result)
    store_report(obj, result, dry_run=options.dry_run)
    report = {name: value for name, value in result.data.items() if name != "stages"}
    if options.json:
        return 0, report
    words = {name: "; ".join(report[name]) or "nothing" for name in ("found", "done", "warnings")}
    return 0, {**words, **report["change"]}


def _repair_folder(obj: None, options: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    settings = {"file_type": options.format.upper(), "keep_stages": options.keep_steps, "recipe": options.recipe}
    done = bpy.ops.spherical_cow.repair_folder(directory=options.folder, output=options.output, **settings)
    return 0 if done == {"FINISHED"} else 2, {}


def _dataset(arguments: list[str]) -> int:
    """The library's own command in a process of its own: it needs no scene. This Blender's program renders."""
    program = bpy.app.binary_path
    given = any(word.split("=")[0] == "--blender" for word in arguments)
    if program and not given and arguments[1:2] == ["make"]:
        arguments = [*arguments, "--blender", program]
    command = [sys.executable, "-m", "core.cli.main", *arguments]
    return subprocess.run(command, env=jobs.environment(), check=False).returncode


def register() -> None:
    """Offer the command."""
    handle = compat.register_command(COMMAND, run)
    if handle is not None:
        _handles.append(handle)


def unregister() -> None:
    """Take it away."""
    while _handles:
        compat.unregister_command(_handles.pop())
