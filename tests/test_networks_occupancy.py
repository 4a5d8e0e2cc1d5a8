# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy Networks: against the published code with seeded weights, and in themselves."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from meshes import REFERENCE, reference
from scipy.spatial import cKDTree
from spherical_cow.errors import CheckpointError, InvalidParameter
from spherical_cow.fields.extraction import Extraction
from spherical_cow.fields.multiresolution import Box, sample_near_surface
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.sampling import sample_surface
from spherical_cow.mesh import Mesh

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.checkpoints import load_checkpoint  # noqa: E402
from spherical_cow.networks.occupancy.field import field_of  # noqa: E402
from spherical_cow.networks.occupancy.network import OccupancyNetwork, divergence, log_odds  # noqa: E402
from spherical_cow.networks.occupancy.refinement import refine  # noqa: E402
from spherical_cow.networks.occupancy.sizes import PUBLISHED, sizes_of  # noqa: E402

CASES = {"onet_img": "image", "onet_pointcloud": "points", "onet_voxels": "voxels", "onet_uncond": "nothing"}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict, dict]:
    arrays, facts = reference(request.param)
    path: Path = tmp_path_factory.mktemp(request.param) / "model_best.pt"
    path.write_bytes(lzma.decompress((REFERENCE / request.param / "model_best.pt.xz").read_bytes()))
    network = OccupancyNetwork(CASES[request.param])
    load_checkpoint(path, network)
    return network, {name: torch.from_numpy(array) for name, array in arrays.items() if array.size}, facts


def inputs_of(arrays: dict) -> Any:
    if "inputs_u8" in arrays:
        return arrays["inputs_u8"].permute(2, 0, 1)[None] / 255.0
    if "inputs_packed" in arrays:
        return torch.from_numpy(np.unpackbits(arrays["inputs_packed"].numpy()).reshape(1, 32, 32, 32)).float()
    return arrays.get("inputs")


def test_codes_and_log_odds(case: tuple) -> None:
    network, arrays, facts = case
    network.eval()
    assert sum(parameter.numel() for parameter in network.parameters()) == facts["n_params"]
    with torch.no_grad():
        inputs, latent = inputs_of(arrays), arrays.get("z")
        code = network.code(inputs)
        if code is not None:
            torch.testing.assert_close(code, arrays["c"], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network(arrays["points"], inputs, latent), arrays["logits"], rtol=1e-4, atol=1e-4)
        folded = network.decoder.folded(latent, code)(arrays["points"][0])
        torch.testing.assert_close(folded, arrays["logits"][0], rtol=1e-4, atol=1e-4)
        if "mean_z" in arrays:
            mean, log_deviation = network.encoder_latent(arrays["points"], arrays["occ"])
            torch.testing.assert_close(mean, arrays["mean_z"], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(divergence(mean, log_deviation), arrays["kl"], rtol=1e-4, atol=1e-4)


def test_loss_and_gradients(case: tuple) -> None:
    network, arrays, facts = case
    saved = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    points, occupancy, inputs = arrays["points"], arrays["occ"], inputs_of(arrays)
    halves = [torch.cat([values[:, :512], values[:, 512:1024]]) for values in (points, occupancy)]
    both = None if inputs is None else torch.cat([inputs, inputs.flip(-1)])
    loss = network.loss(*halves, both, seed=facts["seed"])
    loss.backward()
    assert loss.item() == pytest.approx(arrays["train_loss"].item(), rel=1e-5)
    for name, parameter in network.named_parameters():
        assert parameter.grad.norm().item() == pytest.approx(facts["grad_norms"][name], rel=1e-3, abs=1e-4), name
    network.zero_grad()
    network.load_state_dict(saved)


def test_the_mesh(case: tuple) -> None:
    network, arrays, facts = case
    expected = facts["mise_16_2"]
    mesh = network.mesh(inputs_of(arrays), Extraction(64, 2), latent=arrays.get("z"))
    assert mesh.n_vertices == expected["n_verts"]
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert other.is_watertight and other.volume == pytest.approx(expected["volume"], rel=1e-3)
    device = torch.device("cpu")
    with torch.no_grad():
        exact, fast = network.eval().point_functions(inputs_of(arrays), arrays.get("z"))
        field = field_of(fast, device, exact, log_odds(0.2))
        sampled = sample_near_surface(field, Box(), start=16, steps=2, threshold=log_odds(0.2))
    assert list(sampled.rounds) == expected["rounds"]
    gap = cKDTree(arrays["mesh_v"].numpy()).query(mesh.vertices)[0]
    assert gap.max() < 1e-3


def test_refinement_as_published(case: tuple) -> None:
    """The reference is three steps from the simplified mesh, with the seed of the case. RMSprop divides by the size of
    the gradient, so that where that is all rounding, it is a step's length: at a few vertices."""
    network, arrays, facts = case
    mesh = Mesh(arrays["simplify2000_v"].numpy(), arrays["simplify2000_f"].numpy())
    with torch.no_grad():
        _, fast = network.eval().point_functions(inputs_of(arrays), arrays.get("z"))
    refined = refine(mesh, fast, 0.2, 3, seed=facts["seed"])
    gap = np.abs(refined.vertices - arrays["refined_v"].numpy()).max(axis=1)
    assert np.median(gap) < 1e-6 and np.quantile(gap, 0.99) < 1e-5 and gap.max() < 3e-3


def test_simplified_is_as_near_the_surface_as_published(case: tuple) -> None:
    network, arrays, _ = case
    truth = Mesh(arrays["mesh_v"].numpy(), arrays["mesh_f"].numpy())
    theirs = Mesh(arrays["simplify2000_v"].numpy(), arrays["simplify2000_f"].numpy())
    ours = network.mesh(inputs_of(arrays), Extraction(64, 2, faces=2000), latent=arrays.get("z"))
    assert ours.n_faces <= 2000
    assert trimesh.Trimesh(ours.vertices, ours.faces, process=False).is_watertight
    errors = [distances_to_surface(sample_surface(mesh, 20_000)[0], truth).mean() for mesh in (ours, theirs)]
    assert errors[0] > 0.0
    assert errors[0] <= errors[1]


def test_nothing_inside_is_an_empty_mesh() -> None:
    network = OccupancyNetwork("nothing")
    with torch.no_grad():
        network.decoder.fc_out.bias.fill_(-100.0)
    network.train()
    assert network.mesh(extraction=Extraction(16, 1), latent=network.latent(1, seed=0)).n_faces == 0
    assert network.training, "as it was"
    with pytest.raises(InvalidParameter, match="latent code"):
        network.mesh()
    with pytest.raises(InvalidParameter, match="voxels"):
        OccupancyNetwork("voxels").mesh()


def test_latent_codes_repeat_with_their_seed() -> None:
    network = OccupancyNetwork("nothing")
    assert torch.equal(network.latent(3, seed=5), network.latent(3, seed=5))
    assert not torch.equal(network.latent(3, seed=5), network.latent(3, seed=6))


def test_wrong_settings() -> None:
    with pytest.raises(InvalidParameter, match="telepathy"):
        OccupancyNetwork("telepathy")
    with pytest.raises(InvalidParameter, match="between 0 and 1"):
        log_odds(1.0)


@pytest.mark.parametrize("shape", [(100_000, 1, 1, 1), (2**40, 0, 1, 1)])
def test_a_file_that_claims_huge_layers_is_refused_before_they_are_made(shape: tuple[int, ...], tmp_path: Path) -> None:
    weights = {"encoder.features.conv1.weight": torch.zeros(shape), "encoder.fc.weight": torch.zeros(8, 8)}
    weights["decoder.fc_p.weight"] = torch.zeros(8, 3, 1)
    assert sizes_of("image", weights) == PUBLISHED["image"]
    torch.save(weights, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="not for this model"):
        open_model(tmp_path / "a.pt")
