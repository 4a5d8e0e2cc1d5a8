# SPDX-License-Identifier: GPL-3.0-or-later
"""A shape as numbers of which a step moves whole regions: large steps (Nicolet, Jacobson and Jakob 2021)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from ....geometry.edges import edge_table
from ....geometry.laplacian import graph_laplacian
from ....mesh import FloatArray
from ....symmetry.templates import Template


class Smooth(torch.autograd.Function):
    """x = (1 + λ L)⁻¹ u, with gradients; the matrix is symmetric."""

    @staticmethod
    def forward(context: Any, values: Tensor, solve: Any) -> Tensor:
        """The smooth values (n, k) of `values` (n, k)."""
        context.solve = solve
        return torch.from_numpy(solve(values.detach().double().numpy())).to(values.dtype)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """The same for the gradient."""
        return smoothed(gradients[0], context.solve), None


def smoothed(values: Tensor, solve: Any) -> Tensor:
    """`Smooth` of values (n, k), with the solver of its matrix."""
    result: Tensor = Smooth.apply(values, solve)  # type: ignore[no-untyped-call]
    return result


class Shape:
    """The vertices of a template of one symmetry scheme as functions of `numbers`, which an optimiser moves.

    positions: (V, 3) where it begins, as near as the scheme allows. stiffness: λ; the larger, the farther a step
    reaches. middle: (3,) where the planes and the axis of the symmetry are; it moves, too.
    """

    def __init__(self, template: Template, scheme: str, positions: FloatArray, stiffness: float) -> None:
        gather = template.scheme(scheme)
        self._index = torch.from_numpy(gather.index)
        self._weight = torch.from_numpy(gather.weight).float()
        self._column = list(gather.column)
        if scheme == "rotational":
            self._own = None
            line = np.arange(gather.n_rows)
            self.laplacian = graph_laplacian(np.stack([line[:-1], line[1:]], axis=1), gather.n_rows)
            begin = gather.fit(positions)
        else:
            self._own = torch.from_numpy(np.flatnonzero((gather.weight[:, 0] >= 0.0).all(axis=1)))
            self.laplacian = mesh_laplacian(template)
            begin = gather(positions[self._own.numpy()])
        system = sparse.identity(len(begin)) + stiffness * self.laplacian
        self._solve = splu(system.tocsc()).solve
        self.numbers = torch.from_numpy(system @ begin).float().requires_grad_()
        self.middle = torch.zeros(3, requires_grad=True)

    def vertices(self) -> Tensor:
        """(V, 3)."""
        rows = smoothed(self.numbers, self._solve)
        if self._own is not None:
            rows = rows[self._own]
        return (rows[self._index][..., self._column] * self._weight).sum(dim=1) + self.middle


def mesh_laplacian(template: Template) -> sparse.csr_matrix:
    """(V, V) the graph Laplacian of the edges of a template."""
    return graph_laplacian(edge_table(template.mesh.faces).vertices, template.mesh.n_vertices)


class Adam:
    """Adam with one step length for all numbers, so that the direction of the smooth gradient is kept; or for `each`
    its own. (That of PyTorch takes longer to import than a small fit.)"""

    def __init__(self, numbers: Tensor, betas: tuple[float, float] = (0.9, 0.98), *, each: bool = False) -> None:
        self.numbers, self._betas, self._each = numbers, betas, each
        self._mean, self._count = torch.zeros_like(numbers), 0
        self._square = torch.zeros_like(numbers) if each else torch.zeros(())

    def step(self, rate: float) -> None:
        """Move the numbers by their gradient."""
        gradient = self.numbers.grad
        if gradient is None:
            return
        first, second = self._betas
        self._count += 1
        self._mean.mul_(first).add_(gradient, alpha=1.0 - first)
        square = gradient.square() if self._each else gradient.square().max()
        self._square.mul_(second).add_(square, alpha=1.0 - second)
        mean = self._mean / (1.0 - first**self._count)
        size = (self._square / (1.0 - second**self._count)).sqrt().clamp_min(1e-12)
        with torch.no_grad():
            self.numbers.sub_(rate * mean / size)
        self.numbers.grad = None


def as_tensor(matrix: sparse.csr_matrix) -> Tensor:
    """A sparse tensor of it."""
    found = matrix.tocoo()
    index = torch.from_numpy(np.stack([found.row, found.col]).astype(np.int64))
    values = torch.from_numpy(found.data).float()
    return torch.sparse_coo_tensor(index, values, found.shape, check_invariants=True).coalesce()
