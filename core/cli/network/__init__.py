# SPDX-License-Identifier: GPL-3.0-or-later
"""`spherical-cow network …`: neural shape models, one module for each verb."""

from __future__ import annotations

from typing import Any

from . import codes, evaluate, fit, fit_pictures, info, listing, predict, study, study_symmetry

_MODULES = (codes, listing, info, predict, fit, fit_pictures, evaluate, study, study_symmetry)


def add_verbs(verbs: Any) -> None:
    """Add `network` with its own verbs."""
    parser = verbs.add_parser("network", help="neural shape models: list, fit, predict, tools")
    own = parser.add_subparsers(dest="network_verb", metavar="VERB", required=True)
    for module in _MODULES:
        module.add_verbs(own)
