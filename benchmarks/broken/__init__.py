# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred broken meshes that are made, not collected, so that what is wrong with them is known.

Everything is built from formulas and seeds and is the same in every run. Each mesh is built when it is asked for.
"""

from __future__ import annotations

from functools import cache

from . import assemblies, damaged, handles, parts, sheets
from .case import Case, Known

__all__ = ["Case", "Known", "all_cases", "find_case", "quick_cases"]


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, in a fixed order; names are unique."""
    return tuple(case for group in (handles, parts, sheets, damaged, assemblies) for case in group.cases())


def quick_cases() -> tuple[Case, ...]:
    """The small and typical ones."""
    return tuple(case for case in all_cases() if case.quick)


def find_case(name: str) -> Case:
    """The case of this name. Raises `KeyError`."""
    return {case.name: case for case in all_cases()}[name]
