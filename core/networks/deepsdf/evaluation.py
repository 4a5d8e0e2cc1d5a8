# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder with NumPy alone: points → distances for one code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mesh import FloatArray
from .layout import COORDINATES, Layout, layout_of

Single = NDArray[np.float32]
_CHUNK = 4096


class Decoder:
    """A decoder with fixed weights. weights: by their published names. tanhs: how often tanh is taken at the end."""

    def __init__(self, weights: Mapping[str, NDArray[Any]], tanhs: int = 1) -> None:
        """Raises `CheckpointError` for weights that are not those of a decoder."""
        self.layout: Layout = layout_of({name: value.shape for name, value in weights.items()})
        self.tanhs = tanhs
        self._layers = [effective(weights, layer) for layer in range(self.layout.layers)]

    def distances(self, code: NDArray[Any]) -> Callable[[FloatArray], FloatArray]:
        """The field of a code (C,): points (N, 3) in the decoder's own space → distances (N,), negative inside.

        The share of the code in each layer is worked out once, so that it costs nothing for each point.
        """
        given, size = np.asarray(code, np.float32), self.layout.code
        folded = []
        for layer, (weight, bias) in enumerate(self._layers):
            extra = size + COORDINATES if not layer else self.layout.extras[layer - 1]
            hidden = weight.shape[1] - extra
            if extra > COORDINATES:
                bias = bias + weight[:, hidden : hidden + size] @ given
            point = weight[:, -COORDINATES:] if extra else None
            folded.append((_columns(weight[:, :hidden]), None if point is None else _columns(point), bias))
        return partial(_evaluate, folded, self.tanhs)


Folded = tuple[Single, Single | None, Single]
"""Of a layer: (hidden in, out), (3, out) or None, (out,)."""


def _columns(weight: Single) -> Single:
    return np.ascontiguousarray(weight.T)


def _evaluate(layers: list[Folded], tanhs: int, points: FloatArray) -> FloatArray:
    result = np.empty(len(points), np.float32)
    for begin in range(0, len(points), _CHUNK):  # so that a layer stays near the processor
        point = np.asarray(points[begin : begin + _CHUNK], np.float32)
        x = np.empty((len(point), 0), np.float32)
        for number, (hidden, seen, bias) in enumerate(layers):
            if number:
                np.maximum(x, 0.0, out=x)
                x = x @ hidden
                x += bias
                if seen is not None:
                    x += point @ seen
            elif seen is not None:  # as it always is in the first layer
                x = point @ seen + bias
        for _ in range(tanhs):
            x = np.tanh(x)
        result[begin : begin + _CHUNK] = x[:, 0]
    return result.astype(np.float64)


def effective(weights: Mapping[str, NDArray[Any]], layer: int) -> tuple[Single, Single]:
    """(weight (out, in), bias (out,)) of a layer: rows of direction `weight_v` and length `weight_g`
    (Salimans and Kingma 2016)."""
    bias = np.asarray(weights[f"lin{layer}.bias"], np.float32)
    if f"lin{layer}.weight_v" not in weights:
        return np.asarray(weights[f"lin{layer}.weight"], np.float32), bias
    direction = np.asarray(weights[f"lin{layer}.weight_v"], np.float32)
    length = np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(weights[f"lin{layer}.weight_g"], np.float32) * direction / length, bias
