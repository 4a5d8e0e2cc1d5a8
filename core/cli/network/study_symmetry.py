# SPDX-License-Identifier: GPL-3.0-or-later
"""`network study-symmetry`: reconstruction with and without symmetry, at equal training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...datasets.symmetric import FAMILIES
from ...errors import InvalidParameter
from ...files import atomic_write
from ...networks.evaluation.symmetry_study import SCHEMES, StudySettings
from ...networks.runtime import DEVICES, require_torch
from ...pictures import save_png
from ..console import Console, require_writable
from ..seeds import seed_of

_DEFAULT = StudySettings()


def add_verbs(verbs: Any) -> None:
    """Add the verb `study-symmetry`."""
    parser = verbs.add_parser(
        "study-symmetry",
        help="reconstruction with and without symmetry at equal training: errors and numbers",
        description="Small networks learn shapes from pictures, each with another scheme of symmetry; steps, seeds and "
        "data are the same. They are measured on shapes that were held back. Without --data the shapes are made.",
    )
    parser.add_argument("--schemes", nargs="+", default=list(_DEFAULT.schemes), choices=SCHEMES, metavar="NAME",
                        help=f"of {', '.join(SCHEMES)} (free plane); others are compared with the first")  # fmt: skip
    usual = list(_DEFAULT.families)
    parser.add_argument("--families", nargs="+", default=usual, choices=tuple(FAMILIES), metavar="NAME",
                        help=f"of made shapes: {', '.join(FAMILIES)} ({' '.join(usual)})")  # fmt: skip
    parser.add_argument("--data", metavar="DIR", help="a dataset with pictures and masks, in place of made shapes")
    for name, text in (
        ("seeds", "trainings of each scheme"),
        ("steps", "of each training"),
        ("batch", "pictures in a step"),
        ("views", "pictures of each shape to learn from; 0 for all"),
        ("count", "made shapes of each family"),
        ("level", "of the template"),
    ):
        default = getattr(_DEFAULT, name)
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"{text} ({default})")
    parser.add_argument("--rate", type=float, default=_DEFAULT.rate, help=f"of learning ({_DEFAULT.rate:g})")
    parser.add_argument(
        "--size", default=_DEFAULT.size, choices=("full", "half", "small", "tiny"), help="widths (tiny)"
    )
    parser.add_argument("--seed", type=seed_of, default=0, help="the first one")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--csv", metavar="OUT", help="write a line for each training")
    parser.add_argument("--plot", metavar="PNG", help="draw examples")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_study_symmetry)


def run_study_symmetry(arguments: argparse.Namespace, console: Console) -> int:
    """Make the study, write table and picture, print the means."""
    for path in filter(None, (arguments.csv, arguments.plot)):
        require_writable(path)
    if arguments.plot and Path(arguments.plot).suffix.lower() != ".png":
        raise InvalidParameter(f"{arguments.plot} is no name of a PNG.", "End it with .png.")
    names = ("seeds", "steps", "batch", "rate", "views", "size", "level", "count", "seed", "device")
    settings = StudySettings(
        schemes=tuple(arguments.schemes),
        families=tuple(dict.fromkeys(arguments.families)),
        **{name: getattr(arguments, name) for name in names},
    )
    require_torch()
    from ...networks.reconstruction.study import study_symmetry

    with console.progress() as progress:
        found = study_symmetry(settings, arguments.data, progress)
    if arguments.csv:
        with atomic_write(arguments.csv) as temporary:
            temporary.write_text(found.csv(), encoding="utf-8")
    if arguments.plot:
        save_png(found.picture(), arguments.plot)
    console.result(found.to_dict(), found.table())
    return 0
