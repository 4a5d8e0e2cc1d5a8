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

_NO_ROOM = ("out of memory", "can't allocate memory", "not enough memory", "bad allocation", "Unable to allocate")


def require_torch() -> Any:
    """The module `torch`. Raises `MissingLibrary` where it is not installed, or cannot be loaded."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "torch"
        why = "is not installed here" if missing else f"cannot be loaded: {error}"
        raise MissingLibrary(
            f"Networks need PyTorch, which {why}.",
            "Install it (pip install torch), or choose a Python that has it in the preferences of the extension.",
        ) from error
    except OSError as error:  # a library of the system that PyTorch needs
        raise MissingLibrary(
            f"Networks need PyTorch, which cannot be loaded: {error}.", "Install it again (pip install torch)."
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
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise too_little_memory() from error
        raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, NumPy or PyTorch, on any device, says that memory has run out."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_ROOM)
    )


def too_little_memory() -> SphericalCowError:
    """The error that says so."""
    return SphericalCowError(
        "There is not enough memory for this network.", "Use a lower resolution, a smaller batch, or the device cpu."
    )


def free_memory(device: Any) -> None:
    """Give back what a device holds in reserve after the work; nothing for the processor."""
    torch = require_torch()
    kind = str(device).partition(":")[0]
    if kind in ("cuda", "mps"):
        getattr(torch, kind).empty_cache()
