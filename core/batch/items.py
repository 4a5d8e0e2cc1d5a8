# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are worked on, and what their results are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..errors import InvalidParameter, MeshFileError
from ..files import expanded
from ..harmonics.shtools import stem_of_set
from .files import absolute, unreadable
from .verbs import Options, Verb

LIST_ENDINGS = (".txt", ".lst")
"""Files with these endings are lists: the name of an input in each line, relative to the list."""


@dataclass(frozen=True)
class Item:
    """One input. name: its place below the folder that all inputs share, with "/": it names the row of the summary.
    output: the place of its result below the output folder, or None for a verb without result files."""

    path: Path
    name: str
    output: str | None = None


def find_items(inputs: Sequence[str | Path], verb: Verb, options: Options, *, recursive: bool = True) -> list[Item]:
    """The items in folders, globs, list files and single files, by name, each once.

    Of a folder (with its sub-folders, if `recursive`) those files count whose endings the verb takes; hidden ones do
    not. A single file and a line of a list always count, so that one that cannot be read is reported.

    Raises `InvalidParameter` where there is nothing to work on, and `MeshFileError` for a list that cannot be read.
    """
    roots: list[Path] = []
    files: list[Path] = []
    for entry in inputs:
        for path in _named_by(entry):
            if path.is_dir():
                roots.append(path)
                files += _in_folder(path, verb.endings, recursive)
            else:
                roots.append(path.parent)
                files.append(path)
    found = sorted({absolute(file) for file in files})
    if not found:
        where = ", ".join(str(entry) for entry in inputs) or "no input"
        raise InvalidParameter(f"There is no mesh in {where}.", f"Its files should end in {', '.join(verb.endings)}.")
    try:
        root = os.path.commonpath([absolute(place) for place in roots])
    except ValueError:  # several drives of Windows
        raise InvalidParameter("The inputs lie on several disks.", "Name inputs of one disk at a time.") from None
    items = [Item(file, file.relative_to(root).as_posix()) for file in found]
    if verb.name == "decode":
        items = _one_of_each_set(items)
    return with_outputs(items, verb, options)


def require_apart(
    inputs: Sequence[str | Path], items: Sequence[Item], verb: Verb, out: Path, *, recursive: bool = True
) -> None:
    """Raise `InvalidParameter` where results would become inputs of the next run, or replace inputs."""
    place = out.resolve()
    for entry in inputs:
        folder = expanded(entry)
        if not folder.is_dir():
            continue
        if place == folder.resolve():
            raise InvalidParameter("The results would replace the files.", "Choose another folder for the output.")
        if recursive and place.is_relative_to(folder.resolve()):
            raise InvalidParameter(
                f"The output folder {out} is inside the input folder {folder}: the next run would take the results"
                " as inputs.",
                "Choose a folder outside.",
            )
    results = {place / item.output for item in items if item.output is not None}
    for item in items:
        if item.path.resolve() in results:
            raise InvalidParameter(f"A result would replace the input {item.path}.", "Choose another output folder.")
        becomes_input = item.output is not None and PurePosixPath(item.output).suffix.lower() in verb.endings
        if becomes_input and item.path.resolve().is_relative_to(place):
            raise InvalidParameter(
                f"The input {item.path} is inside the output folder: it may be a result of an earlier run.",
                "Choose another output folder, or other inputs.",
            )


def with_outputs(items: Sequence[Item], verb: Verb, options: Options) -> list[Item]:
    """The items with the names of their results, no two of which are the same, in upper or lower case.

    `a.obj` gives `a` with the verb's ending. Where `a.ply` would give the same, the whole name is kept: `a.obj.ply`;
    but the one whose result is called as itself keeps that name.
    """
    wished = [_output(item, verb, options, whole=False) for item in items]
    count = Counter(name.casefold() for name in wished if name is not None)
    used: set[str] = set()
    outputs: list[str | None] = [None] * len(items)
    for index, (item, name) in enumerate(zip(items, wished, strict=True)):
        if name is None:
            continue
        alone = count[name.casefold()] == 1 or name == item.name
        if alone and name.casefold() not in used:
            outputs[index] = name
            used.add(name.casefold())
    for index, (item, name) in enumerate(zip(items, wished, strict=True)):
        if name is not None and outputs[index] is None:
            outputs[index] = unused = _unused(_output(item, verb, options, whole=True) or name, used)
            used.add(unused.casefold())
    return [replace(item, output=output) for item, output in zip(items, outputs, strict=True)]


def _unused(name: str, used: set[str]) -> str:
    """The name, with a number where it is taken."""
    place, number = PurePosixPath(name), 2
    bare, ending = stem(place.name), place.name[len(stem(place.name)) :]
    while name.casefold() in used:
        name = str(place.with_name(f"{bare}_{number}{ending}"))
        number += 1
    return name


def _output(item: Item, verb: Verb, options: Options, *, whole: bool) -> str | None:
    place = PurePosixPath(item.name)
    ending = verb.ending(place.suffix, options)
    if ending is None:
        return None
    return str(place.with_name((place.name if whole else stem(place.name)) + ending))


def stem(name: str) -> str:
    """A file's name without ending; `.harmonics.npz` is one ending."""
    bare = PurePosixPath(name).stem
    return bare.removesuffix(".harmonics") if bare != ".harmonics" else bare


def _named_by(entry: str | Path) -> list[Path]:
    """The files and folders that an input stands for."""
    path = expanded(entry)
    if path.is_dir():
        return [path]
    if path.suffix.lower() in LIST_ENDINGS:
        return _in_list(path)
    if path.exists():
        return [path]
    if not glob.has_magic(str(path)):
        raise InvalidParameter(f"There is no file or folder {path}.", "Check the name and the folder.")
    found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207  a pattern of any depth
    if not found:
        raise InvalidParameter(f"Nothing fits {str(entry)!r}.", "Check the pattern and the folder.")
    return found


def _in_list(path: Path) -> list[Path]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise MeshFileError(f"{path.name} is not a list of names.", "Save it as UTF-8 text.") from error
    lines = [line.strip() for line in text.splitlines()]
    return [path.parent / expanded(line) for line in lines if line and not line.startswith("#")]


def _in_folder(folder: Path, endings: tuple[str, ...], recursive: bool) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        for name in names:
            file = Path(place, name)
            if file.suffix.lower() in endings and not name.startswith(".") and file.is_file():
                found.append(file)
    return found


def _one_of_each_set(items: Sequence[Item]) -> list[Item]:
    """Of an SHTOOLS set, which is one shape in several files, the x channel or the common file."""
    kept = []
    names = {item.name for item in items}
    for item in items:
        place = PurePosixPath(item.name)
        if place.suffix.lower() == ".sh" and "_" in place.stem:
            base = stem_of_set(place.stem)
            if str(place.with_name(base + place.suffix)) in names:
                continue
            if place.stem != f"{base}_x" and str(place.with_name(f"{base}_x{place.suffix}")) in names:
                continue
        kept.append(item)
    return kept
