# SPDX-License-Identifier: GPL-3.0-or-later
"""What lessons over a dataset have in common: in which order examples come, and what of them is kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.layout import Dataset, ModelFolder
from ...errors import DatasetError

Array = NDArray[Any]
CACHE_BYTES = 1 << 30

_SHUFFLE = 0


def listed(dataset: Dataset, split: str, classes: tuple[str, ...] = ()) -> list[ModelFolder]:
    """The models of a split, of all classes where none are given. Raises `DatasetError` where there are none."""
    found = [model for name in classes or dataset.classes for model in dataset.models(split, name)]
    if not found:
        raise DatasetError(
            f"The lists {split}.lst in {dataset.root} name no shapes.",
            "Add names to them, or set overfit = true in the options to validate on what is learned from.",
        )
    return found


@lru_cache(maxsize=4)
def _order(seed: int, lap: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, _SHUFFLE, lap)).permutation(count)


def shuffled(seed: int, number: int, count: int) -> int:
    """Which of `count` examples comes as the `number`-th since the beginning of a training, whoever asks.

    Each comes once in a round, in an order of its own.
    """
    lap, position = divmod(number, count)
    return int(_order(seed, lap, count)[position])


class Cache:
    """What has been read, as long as there is room; for several threads at once. most: bytes."""

    def __init__(self, most: int = CACHE_BYTES) -> None:
        self._left, self._kept, self._lock = most, dict[Hashable, tuple[Array, ...]](), threading.Lock()

    def get(self, key: Hashable, read: Callable[[], tuple[Array, ...]]) -> tuple[Array, ...]:
        """The arrays, read only where they are not kept."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        value = read()
        size = sum(array.nbytes for array in value)
        with self._lock:
            if key not in self._kept and size <= self._left:
                self._kept[key], self._left = value, self._left - size
        return value
