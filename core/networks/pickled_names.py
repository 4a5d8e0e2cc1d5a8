# SPDX-License-Identifier: GPL-3.0-or-later
"""Which functions and classes a pickle would call, read off without running it: to name what was refused."""

from __future__ import annotations

import io
import pickletools
import zipfile
import zlib
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator
from pathlib import Path

_MOST_BYTES = 64_000_000
_MOST_STEPS = 1_000_000
_LONGEST = 100
_UNREADABLE = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    RuntimeError,
    ValueError,
    NotImplementedError,
)
_PICKLES = 5
"""A file of PyTorch before 1.6 begins with so many: mark, version, system, the object, the keys of its numbers."""


def called_names(path: Path) -> tuple[str, ...]:
    """What the pickles in a file of PyTorch, or a bare pickle, would call, as "module.name" in order.

    As much as can be read: a damaged or endless file gives the names up to there.
    """
    try:
        content = _pickle_of(path)
    except _UNREADABLE:
        return ()
    stream, found = io.BytesIO(content), []
    try:
        for _ in range(_PICKLES):
            found += list(_names(stream))
    except Exception:  # whatever a hostile pickle does to the reader of its text: what was read stands
        pass
    return tuple(dict.fromkeys(map(shown, found)))


def shown(name: str) -> str:
    """A name out of a file as a message may have it: not endless, and without what would move a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:_LONGEST])


def protocol(path: Path) -> int:
    """Of the (first) pickle in a file: 2 in all that PyTorch writes by itself; 0 where it cannot be read."""
    try:
        content = _pickle_of(path)
    except _UNREADABLE:
        return 0
    return content[1] if content[:1] == b"\x80" and len(content) > 1 else 0


def _pickle_of(path: Path) -> bytes:
    """The first bytes of the file, or of `data.pkl` in a file that is an archive."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as plain:
            return plain.read(_MOST_BYTES)
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in [*archive.namelist(), ""] if name.endswith("data.pkl") or not name)
        with archive.open(name) as file:
            return file.read(_MOST_BYTES)


def _names(stream: io.BytesIO) -> Iterator[str]:
    """The names in one pickle."""
    texts: list[str] = []
    for step, (operation, argument, _) in enumerate(pickletools.genops(stream)):
        if step > _MOST_STEPS:
            return
        if isinstance(argument, str) and operation.name in {"GLOBAL", "INST"}:
            yield _of_today(*argument.split(" ", 1))
        elif operation.name == "STACK_GLOBAL" and len(texts) > 1:
            yield ".".join(texts[-2:])
        elif isinstance(argument, str):
            texts.append(argument)


def _of_today(module: str, name: str) -> str:
    """What a function of Python 2, whose names the older pickles have, is called now."""
    if (module, name) in NAME_MAPPING:
        return ".".join(NAME_MAPPING[module, name])
    return f"{IMPORT_MAPPING.get(module, module)}.{name}"
