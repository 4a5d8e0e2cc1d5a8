# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes that train one network: `torchrun` starts them, on one machine or many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import InvalidParameter, SphericalCowError
from ..runtime import chosen_device, require_torch

if TYPE_CHECKING:
    from torch import Tensor

    from .lesson import Lesson

LossFunction = Callable[[Any, int], "Tensor"]
"""A batch and the step → the loss of this process."""


@dataclass(frozen=True)
class Processes:
    """This process among all: number `share` of `shares`, on a device such as "cuda:1"."""

    share: int
    shares: int
    device: str

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.share == 0

    def mean(self, *values: float) -> list[float]:
        """The mean of each value over all processes, the same to the bit in each."""
        if self.shares == 1:
            return list(values)
        torch = require_torch()
        total = torch.tensor(values, dtype=torch.float64, device=self.device if self._on_cuda else "cpu")
        torch.distributed.all_reduce(total)
        return [value / self.shares for value in total.tolist()]

    def of_first(self, value: float) -> float:
        """What the first process has."""
        return self.mean(value if self.first else 0.0)[0] * self.shares

    def bytes_of_first(self, data: bytes | None) -> bytes | None:
        """What the first process has, whatever the others have."""
        if self.shares == 1:
            return data
        torch = require_torch()
        size = round(self.of_first(-1.0 if data is None else len(data)))  # a mean times a number may be a bit less
        if size < 0:
            return None
        content = torch.zeros(size, dtype=torch.uint8)
        if self.first and data is not None:
            content = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        content = content.to(self.device)
        torch.distributed.broadcast(content, 0)
        return bytes(content.cpu().numpy().tobytes())

    @property
    def _on_cuda(self) -> bool:
        return self.device.startswith("cuda")

    def loss_of(self, lesson: Lesson) -> LossFunction:
        """The loss of a lesson; of several processes the gradients become the mean over all of them."""
        if self.shares == 1:
            return lesson.loss
        torch = require_torch()
        from ..layers.shared_norm import share_norms

        share_norms(lesson.network)

        class Whole(torch.nn.Module):  # type: ignore[misc,name-defined]
            """Network and loss in one, as PyTorch wants it."""

            def __init__(self) -> None:
                super().__init__()
                self.network = lesson.network

            def forward(self, batch: Any, step: int) -> Any:
                """The loss."""
                return lesson.loss(batch, step)

        parallel = torch.nn.parallel.DistributedDataParallel
        devices = [self.device] if self._on_cuda else None
        return parallel(Whole(), device_ids=devices)


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """This process among those that `torchrun` has started; the only one without it.

    device: a name of `runtime.DEVICES`; of several CUDA devices on a machine each process takes its own. Raises
    `InvalidParameter` for a device that is not there, or of which there are too few.
    """
    torch = require_torch()
    shares = int(os.environ.get("WORLD_SIZE", "1"))
    chosen = chosen_device(device)
    if shares == 1:
        yield Processes(0, 1, chosen)
        return
    if chosen == "mps":
        chosen = "cpu"
    if chosen == "cuda":
        number, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= there:
            raise InvalidParameter(
                f"There are more processes on this machine than its {there} CUDA devices.",
                f"Start {there} of them (--nproc-per-node {there}), or train on the device cpu.",
            )
        torch.cuda.set_device(number)
        chosen = f"cuda:{number}"
    mine = not torch.distributed.is_initialized()  # who calls may have joined them already
    if mine:
        _join(torch, chosen)
    try:
        yield Processes(torch.distributed.get_rank(), shares, chosen)
    finally:
        if mine:
            torch.distributed.destroy_process_group()


def _join(torch: Any, device: str) -> None:
    try:
        torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    except (RuntimeError, ValueError) as error:
        raise SphericalCowError(
            f"The processes do not find each other: {str(error).splitlines()[0]}.",
            "Start them with torchrun, with the same --rdzv-endpoint on each machine.",
        ) from error
