# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches made ahead of time in threads, while the network learns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from .lesson import Lesson
    from .processes import Processes


def batches(
    lesson: Lesson, processes: Processes, steps: range, workers: int
) -> Iterator[tuple[int, Mapping[str, Tensor]]]:
    """(step, this process's share of its batch, on its device), for each of the steps in order.

    workers: threads; 0 for none. What they make depends on the step alone. An error of theirs is raised here.
    """
    on_cuda = processes.device.startswith("cuda")

    def made(step: int) -> Mapping[str, Tensor]:
        batch = lesson.batch(step, processes.share, processes.shares)
        return {name: value.pin_memory() for name, value in batch.items()} if on_cuda else batch

    def placed(batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {name: value.to(processes.device, non_blocking=True) for name, value in batch.items()}

    if not workers:
        for step in steps:
            yield step, placed(made(step))
        return
    pool = ThreadPoolExecutor(workers, "spherical-cow-reading")
    under_way: deque[tuple[int, Future[Mapping[str, Tensor]]]] = deque()
    ahead = iter(steps)
    try:
        while True:
            while len(under_way) <= workers and (coming := next(ahead, None)) is not None:
                under_way.append((coming, pool.submit(made, coming)))
            if not under_way:
                return
            step, future = under_way.popleft()
            yield step, placed(future.result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
