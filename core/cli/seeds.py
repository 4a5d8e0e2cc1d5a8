# SPDX-License-Identifier: GPL-3.0-or-later
"""The option --seed of verbs with networks."""

from __future__ import annotations

import argparse

_MOST = 2**62


def seed_of(text: str) -> int:
    """A seed that NumPy and PyTorch take."""
    try:
        seed = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from error
    if not 0 <= seed < _MOST:
        raise argparse.ArgumentTypeError(f"{text} is no seed: it is 0 or more, with 18 digits at most")
    return seed
