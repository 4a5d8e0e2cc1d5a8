# SPDX-License-Identifier: GPL-3.0-or-later
"""SHTOOLS text files (`.sh`): lines `l, m, C, S`, as pyshtools has them (Wieczorek, Meschede 2018).

A file holds one channel. Ours begin with a comment line (`#`, which pyshtools skips) that states the
normalisation and the name of the channel; the format itself has no place for either.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path

import numpy as np

from ..errors import HarmonicsFileError
from ..files import atomic_write
from ..mesh import FloatArray
from .container import COLOR, NORMALIZATION, POSITION, SCALARS, Harmonics
from .layout import degrees_and_orders, from_cilm, to_cilm

LMAX_LIMIT = 4096
"""A file of a higher degree is refused: its array would not fit into memory."""
HEADER_LINES = 2
"""Lines before the first coefficient that may be anything (SHTOOLS allows up to two headers)."""

_REMEDY = "Give an SHTOOLS file with lines 'l, m, C, S'."


def write_sh(harmonics: Harmonics, path: str | Path) -> list[Path]:
    """Write each channel to a file of its own; gives their paths.

    One channel goes to `path`, several to `path` with `_<channel>` added to the name: `cow_x.sh`. Read by
    `pyshtools.SHCoeffs.from_file(path)`, whose defaults are our conventions. Raises `OutputError`.
    """
    target = Path(path)
    single = len(harmonics.channels) == 1
    written = []
    for name, coefficients in zip(harmonics.channels, harmonics.coefficients, strict=True):
        file = target if single else target.with_name(f"{target.stem}_{_file_part(name)}{target.suffix}")
        with atomic_write(file) as temporary:
            temporary.write_text(_text(name, coefficients), encoding="utf-8")
        written.append(file)
    return written


def read_sh(path: str | Path) -> Harmonics:
    """Read what `write_sh` or pyshtools wrote, 4π-normalised without Condon–Shortley phase.

    A path without a file, beside which `<stem>_<channel>.sh` lie, gives all of these as channels. The name
    of a channel is that in the comment, else that of the file. Degrees that are absent are 0.

    Raises `HarmonicsFileError` for anything else.
    """
    target = Path(path)
    beside = target.parent.glob(f"{glob.escape(target.stem)}_*{target.suffix}")
    files = [target] if target.exists() else sorted(beside)
    if not files:
        raise HarmonicsFileError(f"There is no file {target}.", "Check the name.")
    channels = sorted((_read_channel(file, target.stem) for file in files), key=_usual_place)
    size = max(len(coefficients) for _, coefficients in channels)
    stacked = np.zeros((len(channels), size, size))
    for row, (_, coefficients) in zip(stacked, channels, strict=True):
        row[: len(coefficients), : len(coefficients)] = coefficients
    names = tuple(name for name, _ in channels)
    if len(set(names)) != len(names):
        raise HarmonicsFileError(f"Several files hold the same channel: {', '.join(names)}.", "Move one away.")
    return Harmonics(stacked, names)


def stem_of_set(stem: str) -> str:
    """`cow` of `cow_x`, and also of `cow_vertex_density`."""
    known = next((name for name in SCALARS if stem.endswith(f"_{name}")), None)
    return stem.removesuffix(f"_{known}") if known else re.sub(r"_[^_]+$", "", stem)


def _file_part(name: str) -> str:
    """The name of a channel with only characters that every file system takes."""
    return re.sub(r"[^\w.-]", "-", name)


def _usual_place(channel: tuple[str, FloatArray]) -> tuple[int, str]:
    usual = (*POSITION, *COLOR, *SCALARS)
    return (usual.index(channel[0]) if channel[0] in usual else len(usual)), channel[0]


def _text(name: str, coefficients: FloatArray) -> str:
    lmax = len(coefficients) - 1
    cosine, sine = to_cilm(coefficients)
    order, degree = (index.tolist() for index in reversed(degrees_and_orders(lmax)))
    rows = sorted(zip(degree, order, strict=True))
    label = " ".join(name.split())
    head = f"# normalization: {NORMALIZATION}, csphase: 1, lmax: {lmax}, channel: {label}\n"
    return head + "".join(f"{i}, {m}, {cosine[i, m]:.16e}, {sine[i, m]:.16e}\n" for i, m in rows)


def _read_channel(file: Path, stem: str) -> tuple[str, FloatArray]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise HarmonicsFileError(f"{file} is not a text file.", _REMEDY) from error
    except OSError as error:
        raise HarmonicsFileError(f"{file} cannot be read: {error.strerror}.", "Check the file.") from error
    comments = " ".join(line for line in lines if line.lstrip().startswith("#"))
    _require_convention(file, comments)
    name = re.search(r"channel: (.+?)\s*$", comments)
    fallback = file.stem if file.stem == stem else file.stem.removeprefix(f"{stem}_")
    return name[1] if name else fallback, from_cilm(_cilm(file, lines))


def _require_convention(file: Path, comments: str) -> None:
    """Refuse a file that says that it follows other conventions than ours."""
    for key, expected in (("normalization", NORMALIZATION), ("csphase", "1")):
        stated = re.search(rf"{key}: ([^\s,]+)", comments)
        if stated and stated[1] != expected:
            raise HarmonicsFileError(
                f"{file} states {key} {stated[1]}; only {expected} is read.",
                "Convert it with pyshtools first.",
            )


def _cilm(file: Path, lines: list[str]) -> FloatArray:
    """The coefficients (2, L+1, L+1) of the lines of a file."""
    rows: list[tuple[int, int, float, float]] = []
    headers = 0
    for number, line in enumerate(lines, start=1):
        words = line.replace(",", " ").split()
        if not words or words[0].startswith("#"):
            continue
        row = _row(words)
        if row is not None:
            rows.append(row)
        elif rows or headers == HEADER_LINES:
            raise HarmonicsFileError(f"Line {number} of {file} is not 'l, m, C, S': {line.strip()[:60]!r}.", _REMEDY)
        else:
            headers += 1
    if not rows:
        raise HarmonicsFileError(f"{file} has no coefficients.", _REMEDY)
    degree, order, cosine, sine = (np.array(column) for column in zip(*rows, strict=True))
    cilm = np.zeros((2, degree.max() + 1, degree.max() + 1))
    cilm[0, degree, order], cilm[1, degree, order] = cosine, sine
    return cilm


def _row(words: list[str]) -> tuple[int, int, float, float] | None:
    """(l, m, C, S) of a line, or None when it is something else."""
    try:
        degree, order = int(words[0]), int(words[1])
        cosine, sine = float(words[2]), float(words[3]) if len(words) > 3 else 0.0
    except (ValueError, IndexError):
        return None
    fits = 0 <= order <= degree <= LMAX_LIMIT and np.isfinite(cosine) and np.isfinite(sine)
    return (degree, order, cosine, sine) if fits else None
