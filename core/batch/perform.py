# SPDX-License-Identifier: GPL-3.0-or-later
"""One mesh through one verb: files in, a file and facts out. This is what a worker does."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..codec import decode, encode
from ..errors import InvalidParameter
from ..harmonics.container import COLOR
from ..interchange import open_shape
from ..mesh import Mesh, require_usable
from ..meshfile import read_mesh, write_mesh
from ..metrics import compare
from ..repairs.recipe import recipe_from_json
from ..repairs.run import repair
from ..topology import check

Facts = dict[str, Any]


def perform(message: Mapping[str, Any]) -> Facts:
    """Do what the message of a `Task` says; write its target, if it has one, and give the facts for the summary.

    Raises the typed errors of the library.
    """
    source, target = Path(message["source"]), message["target"]
    if message["verb"] == "compare":
        return _plain(_compare(source, message["reference"], message["options"]))
    if message["verb"] == "dataset":
        from ..datasets.model import make_model  # which other verbs need not wait for

        return make_model(source, Path(target).parent, message["options"])
    work = _WORK[message["verb"]]
    return _plain(work(source, None if target is None else Path(target), message["options"]))


def _plain(facts: Facts) -> Facts:
    """Facts as JSON can hold them: plain numbers, and None for those that are not finite."""
    values = {name: value.item() if isinstance(value, np.generic) else value for name, value in facts.items()}
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in values.items()}


def _check(source: Path, target: Path | None, options: Mapping[str, Any]) -> Facts:
    mesh = read_mesh(source)
    require_usable(mesh)
    report = check(mesh, options["self_intersections"])
    faults = {row.name: row.count for row in report.rows if not row.ok}
    return {
        "vertices": mesh.n_vertices,
        "faces": mesh.n_faces,
        "encodable": report.is_genus_zero,
        "genus": report.genus,
        "parts": report.components,
        "faults": "; ".join(f"{name} {count}" for name, count in faults.items()),
        "reasons": "; ".join(report.reasons),
    }


def _repair(source: Path, target: Path | None, options: Mapping[str, Any]) -> Facts:
    mesh = read_mesh(source)
    result = repair(mesh, recipe_from_json(json.dumps(options["recipe"])), keep_stages=options["stages"])
    if target is not None:
        for number, stage in enumerate(result.stages, 1):
            write_mesh(stage.mesh, target.with_name(f"{target.stem}_{number:02}_{stage.name}{target.suffix}"))
        write_mesh(result.mesh, target)
    report = result.report
    return {
        "vertices": result.mesh.n_vertices,
        "faces": result.mesh.n_faces,
        "encodable": report.after.is_genus_zero,
        "method": report.method,
        "found": "; ".join(report.found),
        "done": "; ".join(report.done),
        "warnings": "; ".join(report.warnings),
        **report.change.to_dict(),
    }


def _encode(source: Path, target: Path | None, options: Mapping[str, Any]) -> Facts:
    mesh = read_mesh(source)
    mended: tuple[str, ...] = ()
    if options["repair"]:
        result = repair(mesh)
        mesh, mended = result.mesh, result.report.done
    channels = options["channels"]
    if channels is not None and options["color_if_any"] and "color" not in mesh.attributes:
        channels = [name for name in channels if name not in ("color", *COLOR)]
    shape = encode(mesh, options["lmax"], options["method"], channels, target=options["target"])
    # Times differ from run to run, and the same mesh shall give the same file: the summary has them.
    shape = replace(shape, certificate=replace(shape.certificate, seconds={}))
    if target is not None:
        shape.save(target, compact=options["compact"])
    facts = {name: value for name, value in shape.certificate.to_dict().items() if name != "seconds"}
    return {
        "vertices": mesh.n_vertices,
        "faces": mesh.n_faces,
        "lmax": shape.lmax,
        "channels": " ".join(shape.harmonics.channels),
        **({"repaired": "; ".join(mended)} if options["repair"] else {}),
        **facts,
    }


def _decode(source: Path, target: Path | None, options: Mapping[str, Any]) -> Facts:
    shape = open_shape(source)
    sampling = options["sampling"] or ("source" if shape.sphere is not None else "icosphere")
    mesh = decode(
        shape,
        sampling,
        options["size"],
        lmax=options["lmax"],
        from_curvature=options["from_curvature"],
        seed=options["seed"],
    )
    if target is not None:
        write_mesh(mesh, target)
    lmax = shape.lmax if options["lmax"] is None else min(shape.lmax, options["lmax"])
    return {"vertices": mesh.n_vertices, "faces": mesh.n_faces, "lmax": lmax, "sampling": sampling}


def _compare(source: Path, reference: str | None, options: Mapping[str, Any]) -> Facts:
    if reference is None:
        raise InvalidParameter("There is nothing to compare with.", "Give a reference.")
    other, mesh = _reference(reference), read_mesh(source)
    return dict(compare(other, mesh, options["samples"], options["seed"], volume=options["volume"]).to_dict())


@lru_cache(maxsize=1)
def _reference(path: str) -> Mesh:
    """The mesh that all others are compared with is read once; tasks name it by the same path."""
    return read_mesh(path)


_WORK: Mapping[str, Callable[[Path, Path | None, Mapping[str, Any]], Facts]] = {
    "check": _check,
    "repair": _repair,
    "encode": _encode,
    "decode": _decode,
}
