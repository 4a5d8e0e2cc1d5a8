# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder as a field of NumPy points, evaluated on all processors, and its gradient."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ...fields.multiresolution import Field
from ...fields.projection import Gradient
from ...mesh import FloatArray
from .decoder import PointFunction

CHUNK = 2048
"""Points that a processor evaluates at once: what lies between two layers then stays in its cache."""


UNSURE = 1e-3
"""How near to the threshold a value is looked at again: far more than what rounding makes of log odds."""


def field_of(
    function: PointFunction, device: torch.device, exact: PointFunction | None = None, threshold: float = 0.0
) -> Field:
    """The same function of points (N, 3) as arrays.

    exact: the decoder as published, asked again where a value is so near the threshold that rounding decides on which
    side it is, so that the same points are inside.
    On the CPU each thread takes chunks of its own through all layers. Sharing out every layer instead, as PyTorch does,
    makes the threads wait for each other a hundred times as often, and goes through the memory with every layer.
    """

    def run(one: PointFunction, points: Tensor) -> Tensor:
        return _in_threads(one, points) if device.type == "cpu" else one(points.to(device)).cpu()

    def evaluate(points: FloatArray) -> FloatArray:
        with torch.inference_mode():
            given = torch.from_numpy(np.ascontiguousarray(points, np.float32))
            found = run(function, given)
            unsure = (found - threshold).abs() < UNSURE
            if exact is not None and unsure.any():
                found[unsure] = run(exact, given[unsure])
            return found.numpy().astype(np.float64)

    return evaluate


def gradient_of(function: PointFunction, device: torch.device) -> Gradient:
    """The gradient (N, 3) of the function at points (N, 3), by differentiating it."""

    def evaluate(points: FloatArray) -> FloatArray:
        parts = []
        for begin in range(0, len(points), 4 * CHUNK):
            part = torch.from_numpy(points[begin : begin + 4 * CHUNK].astype(np.float32)).to(device)
            with torch.enable_grad():
                part.requires_grad_()
                parts.append(torch.autograd.grad(function(part).sum(), part)[0].cpu().numpy())
        return np.concatenate([np.zeros((0, 3)), *parts])

    return evaluate


def _in_threads(function: PointFunction, points: Tensor) -> Tensor:
    chunks, threads = torch.split(points, CHUNK), torch.get_num_threads()

    def run(chunk: Tensor) -> Tensor:
        with torch.inference_mode():
            return function(chunk)

    if threads == 1:
        return torch.cat([run(chunk) for chunk in chunks])
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return torch.cat(list(pool.map(run, chunks)))
    finally:
        torch.set_num_threads(threads)  # threads to come are told by the last call
