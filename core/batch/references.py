# SPDX-License-Identifier: GPL-3.0-or-later
"""What each mesh is compared with: one mesh for all, or the one of the same name in a folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..errors import InvalidParameter, MeshFileError
from ..files import expanded
from ..meshfile import READABLE
from .files import content
from .items import Item


class References:
    """The references of a batch. Raises `InvalidParameter` where a verb needs one, or has no use for it."""

    def __init__(self, verb: str, reference: str | Path | None) -> None:
        if verb == "compare" and reference is None:
            raise InvalidParameter("There is nothing to compare with.", "Give a reference: a mesh, or a folder.")
        if verb != "compare" and reference is not None:
            raise InvalidParameter(f"The verb {verb!r} has no use for a reference.", "Leave it out.")
        self.place = None if reference is None else expanded(reference)
        if self.place is not None and not self.place.exists():
            raise InvalidParameter(f"There is no reference {self.place}.", "Give a mesh, or a folder of meshes.")
        self._content: tuple[Path, str] | None = None

    def of(self, item: Item) -> Path | None:
        """What this item is compared with: in a folder the file of the same place and name, or else, of the same name
        with another ending. Raises `MeshFileError` where there is none, or several."""
        if self.place is None or not self.place.is_dir():
            return self.place
        same = self.place / PurePosixPath(item.name)
        if same.is_file():
            return same
        beside = sorted(same.parent.iterdir()) if same.parent.is_dir() else []
        found = [file for file in beside if file.stem == same.stem and file.suffix.lower() in READABLE]
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} meshes" if found else "no mesh"
        raise MeshFileError(
            f"There is {what} {str(PurePosixPath(item.name).with_suffix(''))!r} in {self.place} to compare with.",
            "Give both the same name." if not found else "Leave one of them.",
        )

    def content(self, path: Path) -> str:
        """The digest of a reference; that of a single one is taken once."""
        if self._content is None or self._content[0] != path:
            self._content = (path, content(path))
        return self._content[1]
