# SPDX-License-Identifier: GPL-3.0-or-later
"""`network list`: the models there are."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ...networks.catalogue import cards
from ..console import Console


def add_verbs(verbs: Any) -> None:
    """Add the verb `list`."""
    parser = verbs.add_parser("list", help="the models there are, and what each sees")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_list)


def run_list(arguments: argparse.Namespace, console: Console) -> int:
    """Print the models."""
    known = cards()
    lines = [f"{card.name:26} {card.inputs:8} {card.about}" for card in known]
    console.result({"models": [asdict(card) for card in known]}, lines)
    return 0
