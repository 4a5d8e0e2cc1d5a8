# SPDX-License-Identifier: GPL-3.0-or-later
"""The Occupancy Networks as people use them: from an input to a mesh in its place."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from meshes import REFERENCE, reference, uv_sphere
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.errors import CheckpointError, InvalidParameter
from spherical_cow.mesh import Mesh
from spherical_cow.networks.inputs import unit_cube

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.models.occupancy import (  # noqa: E402
    OccupancyFromImage,
    OccupancyFromPoints,
    OccupancyFromVoxels,
    OccupancyUnconditional,
)
from spherical_cow.networks.occupancy.network import OccupancyNetwork  # noqa: E402
from spherical_cow.networks.occupancy.sizes import Sizes  # noqa: E402

MODELS = {
    "onet_img": OccupancyFromImage,
    "onet_pointcloud": OccupancyFromPoints,
    "onet_voxels": OccupancyFromVoxels,
    "onet_uncond": OccupancyUnconditional,
}
NARROW = {"image": Sizes(16, 16, 8), "points": Sizes(16, 16, 16), "voxels": Sizes(16, 16, 4)}
NARROW["nothing"] = Sizes(8, 16, 16, 8)
TURNED = Rotation.from_euler("xyz", [0.3, -1.1, 2.0]).as_matrix()


def input_of(arrays: dict[str, Any]) -> Any:
    if "inputs_u8" in arrays:
        return arrays["inputs_u8"]
    if "inputs_packed" in arrays:
        return np.unpackbits(arrays["inputs_packed"]).reshape(32, 32, 32)
    return arrays["inputs"][0] if arrays["inputs"].size else arrays["z"][0]


@pytest.mark.parametrize("name", MODELS)
def test_the_published_meshes(name: str, tmp_path: Path) -> None:
    arrays, facts = reference(name)
    path = tmp_path / "model_best.pt"
    path.write_bytes(lzma.decompress((REFERENCE / name / "model_best.pt.xz").read_bytes()))
    model = open_model(path, "cpu")
    assert type(model) is MODELS[name]
    assert model.facts()["parameters"] == facts["n_params"]
    mesh = model.predict(input_of(arrays), 64, placement=Similarity.identity())
    expected = facts["mise_16_2"]
    assert mesh.n_vertices == expected["n_verts"] and mesh.n_faces == expected["n_faces"]
    assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).is_watertight
    assert cKDTree(arrays["mesh_v"]).query(mesh.vertices)[0].max() < 1e-3


@pytest.fixture(scope="module")
def narrow() -> dict[str, Any]:
    """A small network of each kind whose weights are random, with something inside."""
    made = {}
    for cls in MODELS.values():
        torch.manual_seed(3)
        network = OccupancyNetwork(cls.kind, NARROW[cls.kind]).eval()
        with torch.no_grad():
            for name, weight in network.named_parameters():
                if "fc_1" in name or "conv_gamma.weight" in name or "conv_beta" in name:
                    weight.normal_(0.0, 0.3)
        model = cls(network)
        center_log_odds(model)
        made[cls.kind] = model
    return made


def center_log_odds(model: Any) -> None:
    """Let about a third of the cube be inside."""
    network = model.network
    points = torch.rand(1, 500, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    given = {"image": np.full((224, 224, 3), 0.5), "nothing": None}.get(network.kind, blob())
    inputs, _ = model._seen(given, None, 0)
    with torch.no_grad():
        seen = None if inputs is None else torch.from_numpy(inputs.astype(np.float32))
        odds = network(points, seen, network.latent(1, 0))
        network.decoder.fc_out.weight /= odds.std()
        network.decoder.fc_out.bias -= network(points, seen, network.latent(1, 0)).quantile(0.6)


def blob() -> Mesh:
    ball = uv_sphere(12)
    return ball.with_vertices(ball.vertices * [1.0, 0.7, 0.4] + 0.2 * ball.vertices[:, [2]] ** 2)


@pytest.mark.parametrize("kind", ["points", "voxels"])
def test_moving_and_scaling_the_input_moves_the_result_with_it(kind: str, narrow: dict[str, Any]) -> None:
    model, mesh = narrow[kind], blob()
    first = model.predict(mesh, 16, 0.3, seed=4)
    assert first.n_faces > 50
    for move in (Similarity(np.eye(3), 3.0, np.array([10.0, -4.0, 0.5])), Similarity(np.eye(3), 1e-3)):
        moved = model.predict(move.apply_to(mesh), 16, 0.3, seed=4)
        assert np.array_equal(moved.faces, first.faces)
        assert np.abs(moved.vertices - move.apply(first.vertices)).max() < 1e-4 * move.scale
        if kind == "points":
            given = model.predict(move.apply(mesh.vertices), 16, 0.3)
            plain = model.predict(mesh.vertices, 16, 0.3)
            assert np.abs(given.vertices - move.apply(plain.vertices)).max() < 1e-4 * move.scale


@pytest.mark.parametrize("kind", ["points", "voxels"])
def test_an_object_that_is_turned_with_its_axes_takes_the_result_along(kind: str, narrow: dict[str, Any]) -> None:
    model, mesh = narrow[kind], blob()
    first = model.predict(mesh, 16, 0.3, seed=4)
    move = Similarity(TURNED, 2.0, np.array([1.0, 2.0, 3.0]))
    moved = move.apply_to(mesh)
    turned = model.predict(moved, 16, 0.3, seed=4, placement=unit_cube(moved, TURNED))
    assert np.array_equal(turned.faces, first.faces)
    assert np.abs(turned.vertices - move.apply(first.vertices)).max() < 1e-4
    not_told = model.predict(moved, 16, 0.3, seed=4)
    assert not np.array_equal(not_told.faces, first.faces), "the network knows no turned objects"


def test_the_threshold_is_a_probability_and_a_lower_one_gives_more(narrow: dict[str, Any]) -> None:
    volumes = []
    for threshold in (0.1, 0.3, 0.6):
        mesh = narrow["voxels"].predict(blob(), 16, threshold)
        volumes.append(trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).volume)
    assert volumes[0] > volumes[1] > volumes[2]
    for threshold in (0.0, 1.0, -3.0, float("nan")):
        with pytest.raises(InvalidParameter, match="between 0 and 1"):
            narrow["voxels"].predict(blob(), 16, threshold)


def same(a: Mesh, b: Mesh) -> bool:
    return np.array_equal(a.vertices, b.vertices) and np.array_equal(a.faces, b.faces)


def test_seeds(narrow: dict[str, Any]) -> None:
    new = narrow["nothing"]
    assert np.array_equal(new.predict(seed=3, resolution=16).vertices, new.predict(seed=3, resolution=16).vertices)
    assert not same(new.predict(seed=3, resolution=16), new.predict(seed=4, resolution=16))
    code = new.network.latent(1, 3).numpy()
    assert np.array_equal(new.predict(code[0], 16).vertices, new.predict(seed=3, resolution=16).vertices)
    points = narrow["points"]
    one, other = (points.predict(blob(), 16, 0.3, seed=seed) for seed in (1, 2))
    assert not same(one, other)


def test_resolutions_that_cannot_be_doubled_twice(narrow: dict[str, Any]) -> None:
    for resolution in (7, 10, 12):
        mesh = narrow["nothing"].predict(seed=3, resolution=resolution)
        assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).is_watertight


def test_wrong_inputs_are_told_in_words(narrow: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match="needs an image"):
        narrow["image"].predict(blob())
    with pytest.raises(InvalidParameter, match="needs points"):
        narrow["points"].predict()
    with pytest.raises(InvalidParameter, match="needs voxels"):
        narrow["voxels"].predict()
    with pytest.raises(InvalidParameter, match="makes shapes by itself"):
        narrow["nothing"].predict(blob())
    with pytest.raises(InvalidParameter, match="makes shapes by itself"):
        narrow["nothing"].predict(np.zeros(7))
    with pytest.raises(InvalidParameter, match="not numbers"):
        narrow["nothing"].predict(np.full(8, np.nan))
    with pytest.raises(InvalidParameter, match="not numbers"):
        narrow["points"].predict(np.full((300, 3), np.nan))
    with pytest.raises(InvalidParameter, match="one place"):
        narrow["points"].predict(np.ones((300, 3)))


def test_narrow_checkpoints_are_known_and_of_another_kind_refused(tmp_path: Path, narrow: dict[str, Any]) -> None:
    for kind, model in narrow.items():
        path = tmp_path / f"{kind}.pt"
        torch.save({"model": model.network.state_dict(), "it": 7}, path)
        opened = open_model(path, "cpu")
        assert type(opened) is type(model) and opened.facts()["it"] == 7
    with pytest.raises(CheckpointError, match="not for this model"):
        OccupancyFromVoxels.load(tmp_path / "points.pt", "cpu")
