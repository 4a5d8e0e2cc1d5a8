# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickest way to ask a network for distances, where no derivatives are wanted."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from torch import Tensor, nn

from ...errors import InvalidParameter
from .network import DistanceNetwork


def quickest(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Points (N, 3) → distances (N,): on CUDA in one kernel, where Triton is there and the network has the size for it;
    else the network itself."""
    if not isinstance(network, DistanceNetwork) or not network.encoder.embeddings.is_cuda or not find_spec("triton"):
        return network
    from .fused import fuse

    try:
        return fuse(network)
    except InvalidParameter:
        return network
