# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a training begins: with a network that leaves the template as it is.

Random weights put the vertices anywhere, so that the first surface is crumpled. Nearest points do not tell that, and
no loss smooths it out again. The last layer of each stage is linear, so there are weights with which it gives the
template back, by least squares. These are good as long as a vertex tells more of where it is than of what the picture
shows there; features of an encoder that normalises its batches, or that has rebuilt pictures, would drown its place.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...mesh import FloatArray
from .graph import GraphConvolution
from .network import Pixel2Mesh
from .template import Level

_RIDGE = 1e-4
"""Of the mean square of the features: keeps weights small where features are nearly the same everywhere."""

_LEAST = 0.1
"""What is left of a picture that drowns all else, by what is made of coordinates, as root mean squares."""


def leave_template(network: Pixel2Mesh, pictures: Tensor) -> None:
    """Give each stage a last layer that gives back what the stage begins with, for pictures (B, 3, 224, 224); and let
    its first layer look less at the picture, where that would count more than coordinates.

    Nothing is random: done again, it changes nothing but by rounding.
    """
    levels, seen = network.template.levels, 3 + sum(network.nn_encoder.channels)
    target = network.init_pts.detach().double().cpu().numpy()
    for number, (block, level) in enumerate(zip(network.gcns, levels, strict=True)):
        _quieten(block.conv1, level, _given_to(block.conv1, network, pictures), seen)  # type: ignore[arg-type]
        final = number == len(levels) - 1
        layer: GraphConvolution = network.gconv if final else block.conv2  # type: ignore[assignment]
        _solve(layer, level, _given_to(layer, network, pictures), target)
        target = np.concatenate([target, target[level.edges].mean(axis=1)])


def _given_to(layer: GraphConvolution, network: Pixel2Mesh, pictures: Tensor) -> FloatArray:
    """(B, V, width) the features that come to a layer."""
    seen: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    with torch.no_grad():
        network(pictures)
    handle.remove()
    return seen[0].double().cpu().numpy()


def _quieten(layer: GraphConvolution, level: Level, x: FloatArray, seen: int) -> None:
    """Scale the weights of what is pooled, the features from the fourth to the last of those `seen`, where it counts
    more than coordinates: the more, the less of it is left."""

    def square(rows: slice) -> float:
        near, own = (one.detach().double().cpu().numpy()[rows] for one in (layer.weight, layer.loop_weight))
        return float(np.mean([np.square(level.support @ (one @ near) + one @ own).mean() for one in x[:, :, rows]]))

    place, picture = square(slice(3)), square(slice(3, seen))
    if picture > place:
        share = (place / picture) ** 0.5
        with torch.no_grad():
            for one in (layer.weight, layer.loop_weight):
                one[3:seen] *= share * max(share, _LEAST)


def _solve(layer: GraphConvolution, level: Level, x: FloatArray, target: FloatArray) -> None:
    """Set weights with which features (B, V, width) become the target (V, 3)."""
    width = x.shape[2]
    rows = np.concatenate([np.column_stack([level.support @ one, one, np.ones(len(one))]) for one in x])
    square = rows.T @ rows
    damping = np.full(len(square), _RIDGE * np.diagonal(square)[:-1].mean() + np.finfo(float).tiny)
    damping[-1] = 0.0  # the bias may be as large as it likes
    found = np.linalg.solve(square + np.diag(damping), rows.T @ np.tile(target, (len(x), 1)))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(found[:width]))
        layer.loop_weight.copy_(torch.from_numpy(found[width:-1]))
        layer.bias.copy_(torch.from_numpy(found[-1]))
