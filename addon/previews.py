# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker has so far: a file in its folder that it replaces now and then, always whole."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = "preview.npz"
"""The file in the folder of the work."""


class News:
    """Whether there is a new preview since the last look. Where none is wanted, no file is looked for."""

    def __init__(self, folder: Path, *, wanted: bool) -> None:
        self.path, self.wanted, self.seen = folder / NAME, wanted, (0, 0)

    def latest(self) -> Path | None:
        """The file where it is new since the last time, else None."""
        if not self.wanted:
            return None
        with suppress(OSError):  # there is none yet
            found = self.path.stat()
            mark = (found.st_mtime_ns, found.st_ino)
            if mark != self.seen:
                self.seen = mark
                return self.path
        return None


def arrays_in(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz; nothing in it is unpickled."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
