# SPDX-License-Identifier: GPL-3.0-or-later
"""PyTorch, where it is installed: which devices there are, and errors in words."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InvalidParameter, MissingLibrary, SphericalCowError

DEVICES = ("auto", "cpu", "cuda", "mps")
"""What a device can be called; "auto" is the fastest one that is there."""


def require_torch() -> Any:
    """The module `torch`. Raises `MissingLibrary` where it is not installed."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise MissingLibrary(
            "Networks need PyTorch, which is not installed here.",
            "Install it (pip install torch), or choose a Python that has it in the preferences of the extension.",
        ) from error


def available_devices() -> tuple[str, ...]:
    """The devices that are there, the fastest first; always ends with "cpu"."""
    torch = require_torch()
    cuda = ("cuda",) if torch.cuda.is_available() else ()
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*cuda, *mps, "cpu")


def chosen_device(name: str = "auto") -> str:
    """The device that `name` of `DEVICES` stands for here. Raises `InvalidParameter` for one that is not there."""
    there = available_devices()
    if name == "auto":
        return there[0]
    if name not in there:
        raise InvalidParameter(f"There is no device {name!r} here.", f"Choose from auto, {', '.join(there)}.")
    return name


@contextmanager
def in_words() -> Iterator[None]:
    """Turn PyTorch's own words for too little memory into ours."""
    torch = require_torch()
    try:
        yield
    except (torch.cuda.OutOfMemoryError, MemoryError) as error:
        raise _too_little_memory() from error
    except RuntimeError as error:
        if "out of memory" in str(error) or "can't allocate memory" in str(error):
            raise _too_little_memory() from error
        raise


def _too_little_memory() -> SphericalCowError:
    return SphericalCowError(
        "There is not enough memory for this network.", "Use a lower resolution, a smaller batch, or the device cpu."
    )
