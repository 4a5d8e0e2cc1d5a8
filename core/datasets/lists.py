# SPDX-License-Identifier: GPL-3.0-or-later
"""Which models there are, in which split each is, and the lists and metadata that say so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import InvalidParameter
from ..files import write_text
from .layout import METADATA, SPLITS, read_list
from .metadata import read_metadata, write_metadata

Split = tuple[float, float, float]
"""Shares of train, val and test, which add up to 1."""

DEFAULT_CLASS = "meshes"
MADE = "made.json"
"""In the folder of each model that was made here: from what, and how. Nobody else reads it."""
_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f]')


@dataclass(frozen=True)
class Named:
    """A mesh file, and the class and name of the model that is made of it."""

    path: Path
    category: str
    name: str

    def __str__(self) -> str:
        return f"{self.category}/{self.name}"


def require_split(split: Sequence[float]) -> Split:
    """The three shares. Raises `InvalidParameter` where they are not parts of a whole, or nothing is to train with."""
    good = len(split) == 3 and all(0.0 <= share <= 1.0 for share in split) and abs(sum(split) - 1.0) < 1e-6
    if not good or split[0] == 0.0:
        raise InvalidParameter(
            f"The split {' '.join(f'{share:g}' for share in split)} is not three shares of a whole.",
            "Give those of train, val and test, such as 0.7 0.1 0.2.",
        )
    return (split[0], split[1], split[2])


def require_class(name: str) -> str:
    """The name of a class. Raises `InvalidParameter` for one that cannot be a folder."""
    if not name.strip() or name != safe_name(name):
        raise InvalidParameter(f"{name!r} cannot be the name of a class.", "Use letters, digits, - and _.")
    return name


def safe_name(text: str) -> str:
    """The text as the name of a folder on any system."""
    bare = _UNSAFE.sub("_", text).strip().rstrip(".").lstrip(".")
    return bare or "_"


def named(places: Sequence[tuple[Path, str]], category: str | None) -> list[Named]:
    """Class and name of each mesh, no two the same in upper or lower case.

    places: files, and where each lies below the inputs, without ending. category: of all; None for the first folder of
    each, or `DEFAULT_CLASS` where there is none. Deeper folders become part of the name.
    """
    used: set[str] = set()
    found = []
    for path, place in places:
        *folders, bare = PurePosixPath(place).parts
        own = category
        if own is None:
            own = safe_name(folders[0]) if folders else DEFAULT_CLASS
            folders = folders[1:]
        name = wished = safe_name("_".join([*folders, bare]))
        number = 2
        while f"{own}/{name}".casefold() in used:
            name, number = f"{wished}_{number}", number + 1
        used.add(f"{own}/{name}".casefold())
        found.append(Named(path, own, name))
    return found


def split_names(names: Sequence[str], split: Split, seed: int, category: str = "") -> dict[str, list[str]]:
    """Split → names, by chance but the same for the same seed, whatever the order of the names.

    Each split with a share gets at least one, where there are enough of them.
    """
    order = sorted(names, key=lambda name: hashlib.sha256(f"{seed}\n{category}\n{name}".encode()).digest())
    counts = [int(share * len(order) + 1e-9) for share in split[1:]]
    for index, share in enumerate(split[1:]):
        if share > 0.0 and counts[index] == 0 and len(order) - sum(counts) > 1:
            counts[index] = 1
    last = len(order) - counts[1]
    middle = last - counts[0]
    parts = (order[:middle], order[middle:last], order[last:])
    return {name: sorted(part) for name, part in zip(SPLITS, parts, strict=True)}


def write_lists(
    root: Path, split: Split, seed: int, categories: Collection[str] | None = None
) -> dict[str, dict[str, int]]:
    """Write the lists of these classes (all by default), and `metadata.yaml`; gives class → split → how many.

    Only models that were made here are drawn: others stay in the lists that name them. Raises `OutputError`, and
    `DatasetError` for lists that are there and damaged.
    """
    counts: dict[str, dict[str, int]] = {}
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
        if categories is not None and folder.name not in categories:
            continue
        made = [entry.name for entry in folder.iterdir() if (entry / MADE).is_file()]
        if not made:
            continue
        others = {name: _others(folder, name) for name in SPLITS}  # all are read before any is written
        counts[folder.name] = {}
        for part, members in split_names(made, split, seed, folder.name).items():
            names = [*others[part], *members]
            write_text(folder / f"{part}.lst", "\n".join(names))  # an end of line would be one more name
            counts[folder.name][part] = len(names)
    path = root / METADATA
    told = read_metadata(path) if path.is_file() else {}
    if counts.keys() - told.keys():
        write_metadata(path, {**told, **{name: told.get(name, name) for name in counts}})
    return counts


def _others(folder: Path, part: str) -> list[str]:
    """What a list names that was not made here."""
    path = folder / f"{part}.lst"
    names = dict.fromkeys(read_list(path)) if path.is_file() else {}
    return [name for name in names if not (folder / name / MADE).is_file()]
