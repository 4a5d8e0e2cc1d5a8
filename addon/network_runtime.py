# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that runs networks: Blender's own where it has PyTorch, or the one chosen in the preferences."""

from __future__ import annotations

import importlib.util
import sys


def interpreter() -> str:
    """The program that runs networks."""
    return sys.executable


def why_not() -> str:
    """Why networks cannot run, in a line for the user; "" where they can. Quick: panels ask at each redraw."""
    return "" if importlib.util.find_spec("torch") else "Networks need PyTorch: choose a Python in the preferences"
