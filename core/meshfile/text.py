# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers out of lines of text, by whole columns: a hundred times faster than line by line."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray


@dataclass(frozen=True)
class Words:
    """The words of some lines, as text of single spaces, and how many each line has (n,)."""

    text: bytes
    sizes: IntArray


def words_of(lines: Sequence[bytes]) -> Words:
    """Words of the lines; comments cut off."""
    text = b"\n".join([*lines, b""])
    if b"#" in text:
        text = b"\n".join([*(line.partition(b"#")[0] for line in lines), b""])
    letters = np.frombuffer(text, np.uint8)
    before = np.searchsorted(word_ends(letters), np.flatnonzero(letters == ord("\n")))
    return Words(text, np.diff(before, prepend=0))


def numbers(text: bytes, count: int) -> FloatArray:
    """The `count` numbers of a text. Raises `ValueError` when there are others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it warns of words that are no numbers
        values = np.fromstring(text, dtype=np.float64, sep=" ")
    if len(values) != count:
        raise ValueError("not a number, or too few of them")
    return values


def whole_numbers(values: NDArray[Any]) -> IntArray:
    """The values as integers. Raises `ValueError` when one is no whole number, or too large to be an index."""
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    if not (np.abs(values) < 2.0**53).all():  # NaN fails, too
        raise ValueError("an index out of range")
    whole = values.astype(np.int64)
    if (whole != values).any():
        raise ValueError("an index that is not a whole number")
    return whole


def table_of(lines: Sequence[bytes], width: int, least: int) -> FloatArray:
    """(n, width) the first `width` numbers of each line, NaN where there are fewer; `least` there must be."""
    words = words_of(lines)
    if words.sizes.min() < least:
        raise ValueError("a line with too few numbers")
    values = numbers(words.text, int(words.sizes.sum()))
    start = np.cumsum(words.sizes) - words.sizes
    column = np.arange(width)
    place = np.minimum(start[:, None] + column, len(values) - 1)
    return np.asarray(np.where(column < words.sizes[:, None], values[place], np.nan))


def word_ends(letters: NDArray[np.uint8]) -> IntArray:
    """Where words end: the place of their last letter."""
    inside = letters > 32
    return np.flatnonzero(inside[:-1] & ~inside[1:])
