# SPDX-License-Identifier: GPL-3.0-or-later
"""The fused kernel for CUDA, in Triton's interpreter: the same numbers as the plain network."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("triton", reason="Triton is not installed, which the fused kernel for CUDA needs")

SCRIPT = """
import sys, torch
from spherical_cow.networks.distance.fused import fuse
from spherical_cow.networks.distance.hash_grid import HashGrid
from spherical_cow.networks.distance.network import DistanceNetwork

torch.manual_seed(0)
levels, hidden, smooth = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "smooth"
network = DistanceNetwork(HashGrid(levels=levels, log2_rows=12, finest=512, smooth=smooth), hidden=hidden)
with torch.no_grad():
    network.encoder.embeddings.uniform_(-1.0, 1.0)
points = torch.rand(300, 3) * 2.2 - 1.1
points[0], points[1] = 1.0, -1.0
truth = network(points)
assert torch.equal(fuse(network)(points[:0]), truth[:0])
print(float((fuse(network)(points) - truth).abs().max() / truth.abs().max()))
"""


@pytest.mark.parametrize(("levels", "hidden", "kind"), [(16, 64, "linear"), (9, 24, "smooth")])
def test_it_agrees_with_the_plain_network(levels: int, hidden: int, kind: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(levels), str(hidden), kind]
    surroundings = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-3


def test_networks_that_the_kernel_cannot_run_are_refused() -> None:
    from spherical_cow.errors import InvalidParameter
    from spherical_cow.networks.distance.fused import fuse
    from spherical_cow.networks.distance.hash_grid import HashGrid
    from spherical_cow.networks.distance.network import DistanceNetwork

    with pytest.raises(InvalidParameter, match="4 layers"):
        fuse(DistanceNetwork(HashGrid(levels=2), layers=4))
