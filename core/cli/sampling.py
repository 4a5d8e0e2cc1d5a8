# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that choose the vertices on which a shape is rebuilt."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ..shape import Shape


def add_sampling(verb: ArgumentParser) -> None:
    """Offer --source, --icosphere and --vertices, of which one can be given."""
    sampling = verb.add_mutually_exclusive_group()
    sampling.add_argument("--source", action="store_true", help="the source's own vertices and faces (default)")
    sampling.add_argument("--icosphere", type=int, metavar="N", help="an icosphere of frequency N, 10 N² + 2 vertices")
    sampling.add_argument("--vertices", type=int, metavar="N", help="N vertices placed by the vertex density")


def chosen_sampling(arguments: Namespace, shape: Shape) -> tuple[str, int | None]:
    """(sampling, size) as `codec.decode` takes them; an icosphere for a shape without its map, unless one was given."""
    if arguments.icosphere is not None:
        return "icosphere", arguments.icosphere
    if arguments.vertices is not None:
        return "adaptive", arguments.vertices
    if arguments.source or shape.sphere is not None:
        return "source", None
    return "icosphere", None
