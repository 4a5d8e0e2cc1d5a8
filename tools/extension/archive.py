# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip itself: which files go in, written so that the same input gives the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import manual
from .targets import BuildError

EPOCH = (1980, 1, 1, 0, 0, 0)
SKIPPED_FOLDERS = {"__pycache__"}
SKIPPED_SUFFIXES = {".pyc", ".pyo", ".nbi", ".nbc", ".orig", ".rej"}
SIZE_LIMIT = 150_000_000
"""Bytes; the extensions platform refuses uploads not far above."""

TORCH_LIMIT = 420_000_000
"""The same with PyTorch in it: such a zip goes from hand to hand, and not over the platform."""

Contents = Mapping[str, Path | bytes]
"""Name inside the zip → a file, or the bytes themselves."""


def contents(root: Path, manifest: str, wheels: Sequence[Path]) -> dict[str, Path | bytes]:
    """What goes into the zip: the add-on, the library as its sub-package `core`, manual, wheels."""
    if (root / "addon" / "core").exists():
        raise BuildError("addon/core is in the way: the build puts core/ there. Remove it.")
    files: dict[str, Path | bytes] = {"blender_manifest.toml": manifest.encode("utf-8")}
    files |= _tree(root / "addon", "")
    files |= _tree(root / "core", "core/")
    files |= {f"wheels/{wheel.name}": wheel for wheel in wheels}
    files |= {f"docs/panel/{name}": data for name, data in manual.pages(root / "docs" / "panel").items()}
    files["LICENSE"] = root / "LICENSE"
    return files


def _tree(folder: Path, prefix: str) -> dict[str, Path | bytes]:
    found: dict[str, Path | bytes] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part in SKIPPED_FOLDERS or part.startswith(".") for part in inside.parts)
        if path.is_file() and not hidden and path.suffix not in SKIPPED_SUFFIXES:
            found[prefix + inside.as_posix()] = path
    if not found:
        raise BuildError(f"{folder} is empty. Run this in a complete checkout.")
    return found


def write(files: Contents, path: Path, limit: int | None = None) -> int:
    """Write a zip with sorted names and fixed dates, under a temporary name at first. Returns its size.

    Raises `BuildError` where it is larger than `limit` (None: `SIZE_LIMIT`).
    """
    limit = SIZE_LIMIT if limit is None else limit
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name in sorted(files):
            _add(archive, name, files[name])
    size = unfinished.stat().st_size
    if size > limit:
        unfinished.unlink()
        raise BuildError(f"{path.name} would have {size / 1e6:.0f} MB; {limit / 1e6:.0f} MB is the limit.")
    unfinished.replace(path)
    return size


def _add(archive: zipfile.ZipFile, name: str, source: Path | bytes) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.external_attr = 0o644 << 16
    # A wheel is compressed already; storing it keeps installing fast.
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
    archive.writestr(info, source if isinstance(source, bytes) else source.read_bytes(), compresslevel=9)
