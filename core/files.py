# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are written whole or not at all, and tables as text."""

from __future__ import annotations

import csv
import errno
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError


def expanded(path: str | Path) -> Path:
    """The path with a leading ~ replaced by the home folder; as it is where there is no such home."""
    with suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the name `path` when the body ends without an error.

    The temporary file lies in the same folder and has the same ending (libraries choose the format by it).
    When the body raises, or the process ends, an older file at `path` is as it was. A link is followed.

    Raises `OutputError` for a missing folder, no permission, a full disk, or a path that is a folder.
    """
    target = expanded(path)
    try:
        target = target.resolve()
        _require_writable(target)
    except OSError as error:
        raise _output_error(target, error) from error
    except ValueError as error:
        raise OutputError(f"The name {str(path)!r} cannot be a file.", "Choose another name.") from error
    # A device such as /dev/stdout must be written to, never replaced by a file.
    special = target.exists() and not target.is_file()
    folder = Path(tempfile.gettempdir()) if special else target.parent
    temporary = folder / f".{secrets.token_hex(8)}{target.suffix}"
    try:
        yield temporary
        _finish(temporary, target, special)
    except OSError as error:
        raise _output_error(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all. Raises `OutputError`."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Comma-separated values with a line of heads; numbers with all their digits, nothing for None.

    delimiter: a tab for what is pasted into a spreadsheet.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return buffer.getvalue()


def _require_writable(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "", str(target))
    if not target.parent.exists():
        raise FileNotFoundError(errno.ENOENT, "", str(target.parent))
    if not target.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "", str(target.parent))
    # Renaming would replace even a file that its owner made read-only.
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "", str(target))


def _finish(temporary: Path, target: Path, special: bool) -> None:
    if special:
        with temporary.open("rb") as source, target.open("wb", buffering=0) as sink:
            shutil.copyfileobj(source, sink)
        return
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())  # a full disk or quota may show only here
    if target.exists():
        shutil.copymode(target, temporary)
    temporary.replace(target)


def _output_error(target: Path, error: OSError) -> OutputError:
    reasons = {
        errno.EISDIR: ("it is a folder.", "Give a file name in it."),
        errno.ENOTDIR: (f"{target.parent} is not a folder.", "Give another place."),
        errno.EACCES: ("there is no permission.", "Choose another place, or change the permissions."),
        errno.EPERM: ("there is no permission.", "Choose another place, or change the permissions."),
        errno.EROFS: ("the disk is read-only.", "Choose another place."),
        errno.ENOSPC: ("the disk is full.", "Free some space, or choose another disk."),
        errno.EDQUOT: ("your share of the disk is full.", "Free some space, or choose another disk."),
        errno.ENAMETOOLONG: ("the name is too long.", "Choose a shorter name."),
    }
    if error.errno == errno.ENOENT and not target.parent.exists():
        reasons[errno.ENOENT] = (f"there is no folder {target.parent}.", "Make the folder first.")
    found, remedy = reasons.get(error.errno or 0, (f"{error.strerror or error}.", "Choose another place."))
    return OutputError(f"Cannot write {target}: {found}", remedy)
