# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed distance networks on a hash grid: against torch-ngp with seeded weights, and in themselves."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import REFERENCE, reference
from spherical_cow.errors import InvalidParameter

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.checkpoints import load_checkpoint  # noqa: E402
from spherical_cow.networks.distance import grid_kernels  # noqa: E402
from spherical_cow.networks.distance.hash_grid import HashGrid, encode_by_formula  # noqa: E402
from spherical_cow.networks.distance.network import DistanceNetwork, relative_error  # noqa: E402


def embeddings(count: int, seed: int) -> Any:
    """The values that the reference fills its tables with."""
    index = np.arange(2 * count, dtype=np.uint64)
    values = ((index * np.uint64(2654435761) + np.uint64(seed)) % np.uint64(2**32)) / 2**32 * 0.2 - 0.1
    return torch.from_numpy(values.astype(np.float32).reshape(-1, 2))


def network_of(name: str) -> tuple[DistanceNetwork, dict[str, Any], dict[str, Any]]:
    arrays, facts = reference("hashgrid_sdf")
    case = facts[name]
    smooth = case["interpolation"] == "smoothstep"
    grid = HashGrid(finest=case["desired_resolution"], log2_rows=case["log2_hashmap_size"], smooth=smooth)
    assert grid.offsets.tolist() == case["offsets"]
    network = DistanceNetwork(grid)
    with torch.no_grad():
        grid.embeddings.copy_(embeddings(len(grid.embeddings), facts["seed"]))
        for number, layer in enumerate(network.backbone):
            layer.weight.copy_(torch.from_numpy(arrays[f"{name}_backbone{number}"]))
    prefix = f"{name}_"
    return (
        network,
        {k.removeprefix(prefix): torch.from_numpy(v) for k, v in arrays.items() if k.startswith(prefix)},
        case,
    )


@pytest.mark.parametrize("name", ["small", "smooth", "full"])
def test_values_and_derivatives_are_those_of_the_original(name: str) -> None:
    network, arrays, case = network_of(name)
    points = arrays["x"].clone().requires_grad_()
    torch.testing.assert_close(network.encoder(points), arrays["enc"], rtol=1e-5, atol=1e-6)
    found = network(points)
    torch.testing.assert_close(found, arrays["y"][:, 0], rtol=1e-5, atol=1e-6)
    loss = relative_error(found, arrays["target"][:, 0])
    loss.backward()
    assert loss.item() == pytest.approx(case["loss"], rel=1e-6)
    torch.testing.assert_close(points.grad, arrays["grad_x"], rtol=1e-4, atol=1e-5)
    for number, layer in enumerate(network.backbone):
        torch.testing.assert_close(layer.weight.grad, arrays[f"grad_backbone{number}"], rtol=1e-4, atol=1e-6)
    table = network.encoder.embeddings.grad
    torch.testing.assert_close(table[arrays["grad_emb_idx"].long()], arrays["grad_emb_val"], rtol=1e-4, atol=1e-7)
    assert table.abs().sum().item() == pytest.approx(case["grad_emb_abs_sum"], rel=1e-4)


def test_the_original_checkpoint_loads(tmp_path: Path) -> None:
    network, arrays, _ = network_of("small")
    path = tmp_path / "ngp.pth"
    path.write_bytes(lzma.decompress((REFERENCE / "hashgrid_sdf" / "ngp_small.pth.xz").read_bytes()))
    other = DistanceNetwork(HashGrid(finest=512, log2_rows=12))
    load_checkpoint(path, other)
    with torch.no_grad():
        torch.testing.assert_close(other(arrays["x"]), network(arrays["x"]), rtol=0.0, atol=0.0)


@pytest.mark.parametrize(
    ("levels", "coarsest", "finest", "log2_rows"),
    [(16, 4, 32, 19), (6, 16, 32, 19), (16, 8, 64, 16), (14, 12, 32, 16), (16, 16, 128, 19), (12, 12, 64, 19)],
)
def test_tables_of_any_size_are_those_of_the_original(levels: int, coarsest: int, finest: int, log2_rows: int) -> None:
    """The powers of a level may miss a whole number by the last bit, and are rounded up: so that bit counts."""
    growth = np.exp2(np.log2(finest / coarsest) / (levels - 1))
    rows = [min(2**log2_rows, (int(np.ceil(coarsest * growth**level)) + 1) ** 3) for level in range(levels)]
    grid = HashGrid(levels, coarsest, finest, log2_rows)
    assert np.diff(grid.offsets.numpy()).tolist() == [-(-count // 8) * 8 for count in rows]


@pytest.mark.parametrize("smooth", [False, True])
def test_compiled_and_formula_agree(smooth: bool) -> None:
    torch.manual_seed(3)
    grid = HashGrid(levels=5, coarsest=4, finest=200, log2_rows=9, smooth=smooth)
    torch.nn.init.normal_(grid.embeddings)
    points = (2.2 * torch.rand(500, 3) - 1.1).requires_grad_()
    weights = torch.randn(grid.width)
    found = []
    for features in (
        grid(points),
        encode_by_formula(0.5 * (points + 1.0), grid.embeddings, grid.offsets, grid.scales, smooth),
    ):
        found.append((features, *torch.autograd.grad((features @ weights).sum(), (points, grid.embeddings))))
    for compiled, formula in zip(*found, strict=True):
        torch.testing.assert_close(compiled, formula, rtol=1e-4, atol=1e-3)
    outside = (points.abs() > 1.0).any(dim=1)
    assert outside.any() and not found[0][0][outside].any()


def test_a_ball_can_be_learned() -> None:
    torch.manual_seed(0)
    network = DistanceNetwork(HashGrid(levels=4, coarsest=4, finest=32, log2_rows=12), hidden=32)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(200):
        points = 2.0 * torch.rand(2000, 3) - 1.0
        loss = (network(points) - (points.norm(dim=1) - 0.5)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    points = 2.0 * torch.rand(2000, 3) - 1.0
    with torch.no_grad():
        assert (network(points) - (points.norm(dim=1) - 0.5)).abs().mean() < 0.01


@pytest.mark.parametrize("settings", [{"levels": 0}, {"coarsest": 64, "finest": 16}, {"log2_rows": 40}])
def test_impossible_grids_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(InvalidParameter, match="hash grid"):
        HashGrid(**settings)


@pytest.mark.parametrize("rows", [1000, 4096])
def test_the_compiled_hash_is_that_of_the_formula_for_tables_of_any_size(rows: int) -> None:
    rng = np.random.default_rng(0)
    table, points = rng.normal(size=(rows, 2)).astype(np.float32), rng.random((300, 3)).astype(np.float32)
    offsets, scales = np.array([0, rows]), np.array([2047.0], np.float32)
    found = grid_kernels.encode(points, table, offsets, scales, False)
    tensors = (torch.from_numpy(array) for array in (points, table, offsets))
    assert np.abs(found - encode_by_formula(*tensors, scales, False).numpy()).max() < 1e-5
