# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow VERB …`: the whole library from the shell, with or without Blender."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import Cancelled, InvalidParameter, SphericalCowError
from . import (
    align_verbs,
    batch_verbs,
    blend_verbs,
    code_verbs,
    compare_verb,
    convert_verb,
    dataset_verbs,
    demo,
    field_verbs,
    locality_verb,
    mesh_verbs,
    network,
    picture_verbs,
    repair_verbs,
    space_verbs,
    symmetrise_verb,
    symmetry_verb,
    train_verb,
)
from .console import Console

EXIT_BAD_INPUT = 2
EXIT_CANCELLED = 130
EXIT_BROKEN_PIPE = 141


class _Parser(argparse.ArgumentParser):
    """Raises a typed error instead of leaving the process, so that Blender survives a typing mistake."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise InvalidParameter(f"{message[:1].upper()}{message[1:]}.", f"See: {self.prog} --help")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs; each sets `run`, a function of (arguments, console) → exit status."""
    parser = _Parser(prog="spherical-cow", description="Closed genus-0 meshes as spherical harmonics, and back.")
    parser.add_argument("--version", action="version", version=f"spherical-cow {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for module in (
        mesh_verbs,
        compare_verb,
        align_verbs,
        repair_verbs,
        code_verbs,
        convert_verb,
        blend_verbs,
        space_verbs,
        symmetry_verb,
        symmetrise_verb,
        locality_verb,
        batch_verbs,
        network,
        field_verbs,
        dataset_verbs,
        train_verb,
        picture_verbs,
        demo,
    ):
        module.add_verbs(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 when done, 1 when `check` finds a problem, 2 for bad input."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    console = Console(as_json="--json" in words)
    try:
        parsed = build_parser().parse_args(words)
        status = int(parsed.run(parsed, console))
        sys.stdout.flush()
        return status
    except (Cancelled, KeyboardInterrupt):
        console.log("spherical-cow: cancelled; nothing was written.")
        return EXIT_CANCELLED
    except SphericalCowError as error:
        console.error(error)
        return EXIT_BAD_INPUT
    except BrokenPipeError:  # the reader of our output has seen enough (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)


if __name__ == "__main__":
    sys.exit(main())
