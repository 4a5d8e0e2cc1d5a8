# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of DeepSDF as a network of PyTorch, under its published names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....mesh import FloatArray
from ..layout import COORDINATES, Layout


class NormedLinear(nn.Module):
    """A linear layer whose rows have the direction of `weight_v` and the length `weight_g`."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.weight_v = nn.Parameter(torch.empty(out, into))
        self.weight_g = nn.Parameter(torch.empty(out, 1))
        self.bias = nn.Parameter(torch.empty(out))

    @property
    def weight(self) -> Tensor:
        """(out, in) what the layer multiplies by."""
        return self.weight_v * (self.weight_g / self.weight_v.norm(dim=1, keepdim=True))


class DecoderNetwork(nn.Module):
    """Codes and points → distances. dropout: after each hidden layer, in training. tanhs: how often tanh is taken."""

    def __init__(self, layout: Layout, dropout: float = 0.0, seed: int = 0, tanhs: int = 1) -> None:
        super().__init__()
        self.layout, self.dropout, self.tanhs = layout, dropout, tanhs
        generator = torch.Generator().manual_seed(seed)
        for layer in range(layout.layers):
            into, out = layout.sizes(layer)
            made = NormedLinear(into, out) if layout.normed[layer] else nn.Linear(into, out)
            self.add_module(f"lin{layer}", made)
            _begin(made, into, generator)

    def forward(self, codes: Tensor, points: Tensor) -> Tensor:
        """codes (B, C), points (B, N, 3) in the decoder's own space → distances (B, N), negative inside.

        What a layer makes of a code is the same for all points, and is worked out once.
        """
        code, x = self.layout.code, points
        for layer in range(self.layout.layers):
            module: Any = self.get_submodule(f"lin{layer}")
            weight, bias = module.weight, module.bias
            extra = code + COORDINATES if not layer else self.layout.extras[layer - 1]
            hidden = weight.shape[1] - extra
            after = torch.matmul(x, weight[:, :hidden].T) if layer else 0.0
            if extra:
                after = after + torch.matmul(points, weight[:, -COORDINATES:].T)
            if extra > COORDINATES:
                after = after + torch.matmul(codes, weight[:, hidden : hidden + code].T)[:, None]
            x = after + bias
            if layer < self.layout.layers - 1:
                x = torch.relu(x)
                if self.dropout:
                    x = nn.functional.dropout(x, self.dropout, self.training)
        for _ in range(self.tanhs):
            x = torch.tanh(x)
        return x[..., 0]

    def arrays(self) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
        """The weights by name."""
        return {name: value.detach().cpu().float().numpy().copy() for name, value in self.state_dict().items()}


def network_of(layout: Layout, weights: Mapping[str, Any], tanhs: int = 1) -> DecoderNetwork:
    """A decoder with given weights, ready for use (not for training)."""
    network = DecoderNetwork(layout, tanhs=tanhs)
    network.load_state_dict({name: torch.tensor(np.asarray(value, np.float32)) for name, value in weights.items()})
    return network.eval()


def _begin(module: nn.Module, into: int, generator: torch.Generator) -> None:
    """PyTorch's usual beginning, from a generator of our own."""
    bound = float(into) ** -0.5
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name != "weight_g":
                parameter.uniform_(-bound, bound, generator=generator)
        if isinstance(module, NormedLinear):
            module.weight_g.copy_(module.weight_v.norm(dim=1, keepdim=True))


def distances_on(network: DecoderNetwork, code: NDArray[Any]) -> Callable[[FloatArray], FloatArray]:
    """The field of a code (C,), worked out where the network is: points (N, 3) → distances (N,)."""
    device = next(network.parameters()).device
    given = torch.from_numpy(np.asarray(code, np.float32))[None].to(device)

    def distances(points: FloatArray) -> FloatArray:
        with torch.inference_mode():
            query = torch.from_numpy(np.asarray(points, np.float32)).to(device)
            return network(given, query[None])[0].double().cpu().numpy()

    return distances
