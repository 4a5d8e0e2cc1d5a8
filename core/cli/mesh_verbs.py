# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs about meshes: check."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..mesh import require_usable
from ..meshfile import read_mesh
from ..topology import check
from .console import Console


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    verb = verbs.add_parser("check", help="is this mesh one closed genus-0 surface? (exit status 0 yes, 1 no)")
    verb.add_argument("mesh", help="OBJ, PLY, STL, OFF or GLB")
    verb.add_argument("--no-self-intersections", action="store_true", help="leave out the slowest test")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_check)


def run_check(arguments: Namespace, console: Console) -> int:
    """Print the report; 0 when the mesh is a closed manifold of genus 0, else 1."""
    mesh = read_mesh(arguments.mesh)
    require_usable(mesh)
    with console.progress() as progress:
        report = check(mesh, not arguments.no_self_intersections, progress)
    lines = [f"{'ok ' if row.ok else 'BAD'}  {row.text}" for row in report.rows]
    verdict = "One closed surface of genus 0: it can be encoded."
    console.result(report.to_dict(), [*lines, verdict if report.is_genus_zero else "It cannot be encoded as it is."])
    return 0 if report.is_genus_zero else 1
