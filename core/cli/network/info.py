# SPDX-License-Identifier: GPL-3.0-or-later
"""`network info FILE`: what a checkpoint is, before anything runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...networks.catalogue import describe
from ..console import Console


def add_verbs(verbs: Any) -> None:
    """Add the verb `info`."""
    parser = verbs.add_parser("info", help="what a checkpoint is: its model, parameters, input, licence, training")
    parser.add_argument("file", type=Path, help="a .pt, .pth or .safetensors file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_info)


def run_info(arguments: argparse.Namespace, console: Console) -> int:
    """Print the description."""
    description = describe(arguments.file)
    console.result(description.to_dict(), description.lines())
    return 0
