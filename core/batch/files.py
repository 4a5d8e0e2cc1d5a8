# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that belong to one item, their bytes and their digest."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from ..errors import MeshFileError
from ..meshfile.obj import companions

SHTOOLS = ".sh"
_CHUNK = 1 << 20


def absolute(path: Path) -> Path:
    """The path from the root, without "..", through links as they are named."""
    return Path(os.path.normpath(path.absolute()))


def files_of(path: Path) -> list[Path]:
    """The file, and those beside it that it is read with: materials and textures of an OBJ, buffers of a glTF, the
    other channels of an SHTOOLS set. Raises `MeshFileError` where it cannot be read."""
    try:
        ending = path.suffix.lower()
        if ending == SHTOOLS:
            stem = re.sub(r"_[^_]+$", "", path.stem)
            beside = [file for file in path.parent.iterdir() if _is_of_set(file, stem, path.suffix)]
        elif ending == ".obj":
            beside = companions(path.read_bytes(), path)
        elif ending == ".gltf":
            beside = _named_by_gltf(path)
        else:
            beside = []
        return [path, *sorted(file for file in beside if file != path)]
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> MeshFileError:
    """The error of a file that the system does not give."""
    if isinstance(error, FileNotFoundError):
        return MeshFileError(f"There is no file {path}.", "Check the name and the folder.")
    return MeshFileError(f"Cannot read {path}: {error.strerror or error}.", "Check its permissions and the disk.")


def _is_of_set(file: Path, stem: str, ending: str) -> bool:
    return file.suffix == ending and (file.stem == stem or file.stem.startswith(f"{stem}_"))


def _named_by_gltf(path: Path) -> list[Path]:
    try:
        scene = json.loads(path.read_bytes())
        entries = [entry for kind in ("buffers", "images") for entry in scene.get(kind, ())]
        names = [unquote(entry["uri"]) for entry in entries if not entry.get("uri", "data:").startswith("data:")]
        return [path.parent / name for name in names if (path.parent / name).is_file()]
    except (ValueError, TypeError, AttributeError, KeyError):
        return []  # whoever reads it says what is wrong


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises `MeshFileError` where it cannot be read."""
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                total.update(data)
    except OSError as error:
        raise unreadable(path, error) from error
    return total.hexdigest()


def content(path: Path) -> str:
    """SHA-256 over all files of an item, with their places relative to it. Raises as `digest` does."""
    parts = [[os.path.relpath(file, path.parent), digest(file)] for file in files_of(path)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Bundle:
    """The bytes of all files of an item, for a machine that cannot see them.

    main: the name of the file itself. files: name → bytes; names are relative, with "/".
    """

    main: str
    files: Mapping[str, bytes]

    def unpack(self, folder: Path) -> Path:
        """Write the files into the folder, and give the path of the main one."""
        for name, data in self.files.items():
            place = folder / PurePosixPath(name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return folder / PurePosixPath(self.main)


def pack(path: Path) -> Bundle:
    """The bundle of an item. Raises `MeshFileError` where it cannot be read."""
    files = [absolute(file) for file in files_of(path)]
    root = Path(os.path.commonpath([file.parent for file in files]))
    names = [file.relative_to(root).as_posix() for file in files]
    try:
        return Bundle(names[0], {name: file.read_bytes() for name, file in zip(names, files, strict=True)})
    except OSError as error:
        raise unreadable(path, error) from error
