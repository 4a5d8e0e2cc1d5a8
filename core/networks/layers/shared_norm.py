# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch normalisation over the batches of all processes, so that several learn what one would.

PyTorch's own `SyncBatchNorm` works on CUDA only; this one on whatever the processes can sum over.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .resnet import given


class SharedBatchNorm(_BatchNorm):
    """As the batch normalisation that it is made of, with the same parameters and buffers."""

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, affine=False, track_running_stats=False)
        self.affine, self.track_running_stats = norm.affine, norm.track_running_stats
        self.training = norm.training
        for name, parameter in norm.named_parameters(recurse=False):
            setattr(self, name, parameter)
        for name, buffer in norm.named_buffers(recurse=False):
            setattr(self, name, buffer)

    def _check_input_dim(self, x: Tensor) -> None:
        """Any number of dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, …) normalised: in training with mean and variance over the batches of all processes."""
        if not self.training:
            return super().forward(x)
        dims = [0, *range(2, x.ndim)]
        shape = (1, -1, *(1,) * (x.ndim - 2))
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        count = x.numel() // x.shape[1] * torch.distributed.get_world_size()
        mean = summed(wide.sum(dims)) / count
        centred = wide - mean.reshape(shape)
        variance = summed(centred.square().sum(dims)) / count
        self._note(mean.detach(), variance.detach(), count)
        y = centred * torch.rsqrt(variance + self.eps).reshape(shape)
        if self.affine:
            y = y * self.weight.reshape(shape) + self.bias.reshape(shape)
        return y.to(x.dtype)

    @torch.no_grad()
    def _note(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Keep the running mean and the unbiased running variance for evaluation."""
        if not self.track_running_stats:
            return
        batches = given(self.num_batches_tracked)
        batches.add_(1)
        momentum = 1.0 / float(batches) if self.momentum is None else self.momentum
        given(self.running_mean).lerp_(mean, momentum)
        given(self.running_var).lerp_(variance * (count / max(count - 1, 1)), momentum)


class _Sum(torch.autograd.Function):
    """The sum over all processes; so is its gradient, since each process has a part of the loss."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.contiguous().clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        torch.distributed.all_reduce(total)
        return total


def summed(x: Tensor) -> Tensor:
    """The sum of x over all processes, with a gradient."""
    return cast(Tensor, _Sum.apply(x))  # type: ignore[no-untyped-call]


def share_norms(network: nn.Module) -> None:
    """Let every batch normalisation of a network see the batches of all processes."""
    for name, module in list(network.named_modules()):
        if isinstance(module, _BatchNorm) and not isinstance(module, SharedBatchNorm):
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, SharedBatchNorm(module))
