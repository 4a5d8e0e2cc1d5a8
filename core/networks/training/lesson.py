# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop needs of a model: it knows nothing else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn


class Lesson(Protocol):
    """A network with its data. The loop draws a batch for each step, and minimises `loss`."""

    network: nn.Module

    def batch(self, step: int, share: int, shares: int) -> Any:
        """What this process learns from in a step: its share of the batch, the same whenever it is asked for, so that
        a training that goes on is the one that was never stopped, and two processes learn what one would."""

    def loss(self, batch: Any, step: int) -> Tensor:
        """The mean loss over a batch, with a gradient."""

    def score(self) -> float:
        """How good the network is on the validation data; more is better."""
