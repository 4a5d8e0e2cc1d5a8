# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop needs of a model: it knows nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.nn import Parameter


class Lesson(Protocol):
    """A network with its data. The loop draws a batch for each step, and minimises `loss`.

    A class that names this one as its base gets what is not abstract here.
    """

    network: nn.Module

    def batch(self, step: int, share: int, shares: int) -> Mapping[str, Tensor]:
        """What this process learns from in a step: its share of the batch, the same whenever it is asked for, so that
        a training that goes on is the one that was never stopped, and two processes learn what one would.

        Called ahead of time in several threads at once; nothing but the arguments may count. On the CPU.
        """

    def loss(self, batch: Mapping[str, Tensor], step: int) -> Tensor:
        """The mean loss over a batch that lies on the network's device, with a gradient."""

    def score(self) -> float:
        """How good the network is on the validation data; more is better. It is in evaluation, without gradients."""

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """The parameters as Adam takes them, where some have a rate of their own."""
        return [{"params": [one for one in self.network.parameters() if one.requires_grad], "lr": rate}]

    def resting(self, step: int) -> Sequence[Parameter]:
        """Parameters that a step leaves as they are, whatever their gradients and their decay."""
        return ()

    def facts(self) -> Mapping[str, str | float | bool]:
        """What a checkpoint shall tell of it. A training goes on only with the same facts."""
        return {}

    def measured(self) -> Mapping[str, str | float | bool]:
        """What the last `score` found besides, for the facts of the checkpoint."""
        return {}
