# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs about mending: repair, recipe."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..batch import run
from ..batch.rows import DONE
from ..errors import InvalidParameter
from ..files import expanded
from ..meshfile import read_mesh, write_mesh
from ..progress import Progress
from ..repairs.catalogue import STEPS
from ..repairs.recipe import Recipe, recipe_to_json
from ..repairs.recipes import RECIPES, find_recipe
from ..repairs.run import RepairResult, repair
from .batch_report import meter, status, tell
from .console import Console, require_writable

SETTINGS = ("parts", "resolution", "prefer")


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    verb = verbs.add_parser("repair", help="mend a mesh, or a folder of meshes, until it can be encoded")
    verb.add_argument("input", help="a mesh, or a folder of meshes")
    verb.add_argument("output", nargs="?", help="the mended mesh, or a folder for them; not needed for a dry run")
    repair_options(verb)
    verb.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_repair)

    verb = verbs.add_parser("recipe", help="show the steps of a recipe and their parameters")
    verb.add_argument("name", nargs="?", default="genus0", help=f"{', '.join(RECIPES)} (default genus0), or a file")
    verb.add_argument("--json", action="store_true", help="as a file that `repair --recipe FILE` takes")
    verb.set_defaults(run=run_recipe)


def repair_options(verb: ArgumentParser) -> None:
    """The options of repair."""
    verb.add_argument(
        "--recipe", default="genus0", metavar="NAME", help=f"{', '.join(RECIPES)} (default genus0), or a file"
    )
    verb.add_argument("--parts", choices=("join", "largest"), help="join several parts, or keep the largest")
    verb.add_argument("--resolution", type=int, metavar="N", help="voxels along the longest side, where it takes some")
    verb.add_argument("--prefer", choices=("auto", "cut", "fill"), help="what to do with handles (default auto)")
    verb.add_argument("--stages", action="store_true", help="also write the mesh after each step, numbered")


def run_repair(arguments: Namespace, console: Console) -> int:
    """Mend one mesh, or each of a folder; 1 when some of a folder could not be mended."""
    recipe = _chosen(arguments)
    if arguments.output is None and not arguments.dry_run:
        raise InvalidParameter("There is no place for the result.", "Give one, or ask for a --dry-run.")
    arguments.output = arguments.output or "."
    source = expanded(arguments.input)
    if source.is_dir():
        return _repair_folder(source, recipe, arguments, console)
    if not arguments.dry_run:
        require_writable(arguments.output)
    with console.progress() as progress:
        report = _repair_file(source, expanded(arguments.output), recipe, arguments, progress)
    console.result(report, [*_lines(report), *_outcome(arguments, report)])
    return 0


def run_recipe(arguments: Namespace, console: Console) -> int:
    """Print the steps in order."""
    recipe = find_recipe(arguments.name)
    lines = [recipe.title]
    for step in recipe.steps:
        info = STEPS[step.name]
        lines.append(f"  {'+' if step.enabled else '-'} {step.name:28} {info.description}")
        for parameter in info.parameters:
            value = step.settings[parameter.name]
            choices = f" ({' | '.join(name for name, _ in parameter.choices)})" if parameter.choices else ""
            lines.append(f"      {parameter.name} = {value}{choices}   {parameter.description}")
    if arguments.json:
        lines = [recipe_to_json(_in_full(recipe))]  # indented, to be edited
    print("\n".join(lines))
    return 0


def _in_full(recipe: Recipe) -> Recipe:
    """With the value of every parameter."""
    return replace(recipe, steps=tuple(replace(step, parameters=step.settings) for step in recipe.steps))


def _chosen(arguments: Namespace) -> Recipe:
    given = {name: getattr(arguments, name) for name in SETTINGS if getattr(arguments, name) is not None}
    return find_recipe(arguments.recipe).with_settings(**given)


def _repair_file(
    source: Path, target: Path, recipe: Recipe, arguments: Namespace, progress: Progress
) -> dict[str, Any]:
    """Mend one file; gives the report as JSON-ready data."""
    result = repair(read_mesh(source), recipe, keep_stages=arguments.stages, progress=progress)
    if not arguments.dry_run:
        write_mesh(result.mesh, target)
        _write_stages(result, target)
    return result.report.to_dict()


def _write_stages(result: RepairResult, target: Path) -> None:
    for number, stage in enumerate(result.stages, 1):
        write_mesh(stage.mesh, target.with_name(f"{target.stem}_{number:02}_{stage.name}{target.suffix}"))


def _repair_folder(source: Path, recipe: Recipe, arguments: Namespace, console: Console) -> int:
    """Mend every mesh of a folder, under the same names, as `batch repair` does; one that fails stops no other."""
    with meter(console) as progress:
        summary = run(
            "repair",
            [source],
            None if arguments.dry_run else arguments.output,
            recursive=False,
            progress=progress,
            on_row=lambda row: tell(row, console),
            recipe=recipe,
            stages=arguments.stages,
        )
    done = "could be mended; nothing is written" if arguments.dry_run else "mended"
    found = [f"{row.input}: {row.facts['done'] or 'nothing to do'}" for row in summary.rows if row.status == DONE]
    console.result(summary.to_dict(), [*found, f"{summary.done} of {len(summary.rows)} meshes {done}."])
    return status(summary)


def _lines(report: dict[str, Any]) -> list[str]:
    change = report["change"]
    lines = [f"found    {text}" for text in report["found"]] or ["found    nothing wrong"]
    lines += [f"done     {text}" for text in report["done"]]
    lines += [f"warning  {text}" for text in report["warnings"]]
    if report["method"] == "unchanged":
        return [*lines, "The mesh is given back as it came."]
    kept = change["faces_kept"] / max(change["faces_before"], 1)
    lines.append(f"kept     {kept:.2%} of the faces as they were; {change['faces_new']:,} faces are new")
    removed = change["faces_before"] - change["faces_kept"]
    lines.append(f"removed  {removed:,} of {change['faces_before']:,} faces")
    lines.append(f"distance result from input, mean {change['mean_to_input_rel']:.4%} of the diagonal")
    lines.append(f"         input from result, mean {change['mean_to_result_rel']:.4%}: removed inner walls count")
    lines.append(f"         largest {change['hausdorff_rel']:.3%}")
    before = "none" if change["volume_before"] is None else f"{change['volume_before']:.6g}"
    lines.append(f"volume   {before} → {change['volume_after']:.6g}")
    lines.append(f"area     {change['area_before']:.6g} → {change['area_after']:.6g}")
    lines.append(f"time     {report['seconds']:.2f} s")
    return lines


def _outcome(arguments: Namespace, report: dict[str, Any]) -> list[str]:
    verdict = report["after"]["is_genus_zero"]
    words = "one closed surface of genus 0: it can be encoded" if verdict else "not yet encodable: check says why"
    return [f"{'Dry run, nothing is written' if arguments.dry_run else arguments.output}: {words}."]
