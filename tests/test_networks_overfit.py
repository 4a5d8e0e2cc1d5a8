# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape in a small decoder, and the gradients of the layers of Occupancy Networks."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from spherical_cow.errors import Cancelled, InvalidMesh, InvalidParameter
from spherical_cow.fields.extraction import Extraction
from spherical_cow.geometry.inside import contains
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.icosphere import icosphere

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.evaluation.study import study, voxel_overlap  # noqa: E402
from spherical_cow.networks.occupancy.decoder import (  # noqa: E402
    ConditionalBatchNorm,
    ConditionalBlock,
    ConditionalDecoder,
    SimpleDecoder,
)
from spherical_cow.networks.occupancy.encoders import LatentEncoder, PointEncoder  # noqa: E402
from spherical_cow.networks.occupancy.field import field_of, gradient_of  # noqa: E402
from spherical_cow.networks.occupancy.overfit import OverfitSettings, overfit  # noqa: E402

CPU = torch.device("cpu")


def blob() -> Mesh:
    """A smooth shape with bumps, away from the origin."""
    ball = icosphere(12)
    x, y, z = ball.vertices.T
    radius = 1.0 + 0.25 * np.sin(3.0 * x) * np.cos(4.0 * y) + 0.15 * z**3
    return Mesh(5.0 + 3.0 * ball.vertices * radius[:, None] * [1.0, 0.7, 0.8], ball.faces)


def filled(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """In double precision, with no parameter that is zero or one."""
    torch.manual_seed(seed)
    for parameter in network.double().parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.5)
    return network


def test_one_shape_is_learned() -> None:
    mesh = blob()
    learned = overfit(mesh, OverfitSettings(hidden=32, steps=300, points=50_000))
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    size = (high - low).max()
    points = 0.5 * (low + high) + 1.1 * size * (np.random.default_rng(7).random((50_000, 3)) - 0.5)
    found, truth = learned.inside(points), contains(mesh, points)
    both = np.count_nonzero(found & truth)
    assert both / np.count_nonzero(found | truth) >= 0.97
    assert 2.0 * both / (np.count_nonzero(found) + np.count_nonzero(truth)) >= 0.99
    surface = learned.mesh(Extraction(64, 2, refinement=2, normals=True))
    assert trimesh.Trimesh(surface.vertices, surface.faces, process=False).is_watertight
    assert signed_volume(surface) == pytest.approx(signed_volume(mesh), rel=0.02)


def test_overfitting_repeats_itself_and_can_be_stopped() -> None:
    mesh, settings = blob(), OverfitSettings(hidden=8, steps=20, batch=64, points=500, seed=3)
    one, other = overfit(mesh, settings), overfit(mesh, settings)
    assert one.loss == other.loss > 0.0
    assert all(torch.equal(a, b) for a, b in zip(one.decoder.parameters(), other.decoder.parameters(), strict=True))

    def stop(fraction: float, phase: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        overfit(mesh, settings, stop)
    with pytest.raises(InvalidMesh, match="inside"):
        overfit(Mesh(mesh.vertices, mesh.faces[1:]), settings)
    with pytest.raises(InvalidParameter):
        OverfitSettings(hidden=0)


def test_voxels_lose_less_the_finer_they_are() -> None:
    """A cube of half the edge: voxels whose walls are its walls keep all of it."""
    box = trimesh.creation.box(extents=(0.5, 0.5, 0.5))
    mesh = Mesh(np.asarray(box.vertices), np.asarray(box.faces))
    points = np.random.default_rng(0).random((20_000, 3)) * 1.1 - 0.55
    occupied = contains(mesh, points)
    assert voxel_overlap(mesh, points, occupied, 8) == 1.0
    coarse, fine = (voxel_overlap(mesh, points, occupied, n) for n in (9, 33))
    assert coarse < fine < 1.0


@pytest.mark.parametrize("network", ["occupancy", pytest.param("distance", marks=pytest.mark.slow)])
def test_the_study(network: str) -> None:
    mesh = blob()
    open_mesh = Mesh(mesh.vertices, mesh.faces[1:])
    steps = 20 if network == "occupancy" else 1
    found = study([("blob", mesh), ("open", open_mesh)], (4, 16), network, steps=steps, points=5000)
    assert list(found.errors) == ["open"] and "inside" in found.errors["open"]
    assert [(row.representation, row.resolution) for row in found.rows] == [("voxels", 4), ("voxels", 16), (network, 0)]
    coarse, fine, kept = (row.iou for row in found.rows)
    assert 0.0 < coarse < fine < 1.0 and 0.2 < kept <= 1.0
    assert [row.bytes for row in found.rows[:2]] == [8, 512]
    assert len(found.csv().splitlines()) == 4 and len(found.table()) == 4
    assert found.plot((320, 200)).shape == (200, 320, 3)
    with pytest.raises(InvalidParameter, match="telepathy"):
        study([], network="telepathy")


@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_the_conditional_layers(training: bool) -> None:
    x, code = (torch.randn(*shape, dtype=torch.double, requires_grad=True) for shape in ((2, 4, 5), (2, 3)))
    points = torch.rand(2, 5, 3, dtype=torch.double, requires_grad=True)
    for layer in (ConditionalBatchNorm(3, 4), ConditionalBlock(3, 4)):
        assert torch.autograd.gradcheck(filled(layer).train(training), (x, code), fast_mode=True)
    decoder = filled(ConditionalDecoder(3, 4)).train(training)
    assert torch.autograd.gradcheck(lambda p, c: decoder(p, None, c), (points, code), fast_mode=True)


def test_gradients_of_the_other_layers() -> None:
    points = torch.rand(2, 6, 3, dtype=torch.double, requires_grad=True)
    latent = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    simple = filled(SimpleDecoder(3, 4))
    assert torch.autograd.gradcheck(simple, (points, latent), fast_mode=True)
    encoder = filled(LatentEncoder(2, 4))
    occupancy = torch.rand(2, 6, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(encoder, (points, occupancy), fast_mode=True)
    assert torch.autograd.gradcheck(filled(PointEncoder(3, 4)), (points,), fast_mode=True)


@pytest.mark.parametrize("kind", ["conditional", "simple"])
def test_folded_decoders_and_their_gradients(kind: str) -> None:
    decoder = filled(ConditionalDecoder(3, 8) if kind == "conditional" else SimpleDecoder(3, 8)).eval()
    given = torch.randn(1, 3, dtype=torch.double)
    with torch.no_grad():
        folded = decoder.folded(given, given)
    points = torch.rand(40, 3, dtype=torch.double, requires_grad=True)
    exact = decoder(points[None], given, given)[0]
    slopes = [torch.autograd.grad(values.sum(), points)[0] for values in (exact, folded(points))]
    torch.testing.assert_close(*slopes)
    with torch.no_grad():
        torch.testing.assert_close(folded(points), exact)
    assert torch.autograd.gradcheck(folded, (points,), fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda p: torch.sigmoid(folded(p)), (points[:5],), fast_mode=True)


def test_fields_of_arrays_in_any_number_of_threads() -> None:
    decoder = ConditionalDecoder(3, 8).eval()
    torch.nn.init.normal_(decoder.fc_out.weight)
    with torch.no_grad():
        folded = decoder.folded(None, torch.randn(1, 3))
        points = np.random.default_rng(0).random((9000, 3))
        before, values = torch.get_num_threads(), []
        try:
            for threads in (1, 3):
                torch.set_num_threads(threads)
                values.append(field_of(folded, CPU)(points))
                assert torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
    assert np.array_equal(*values) and values[0].dtype == np.float64
    step = np.array([1e-2, 0.0, 0.0])
    slope = (field_of(folded, CPU)(points + step) - field_of(folded, CPU)(points - step)) / 2e-2
    assert np.median(np.abs(gradient_of(folded, CPU)(points)[:, 0] - slope)) < 1e-3
    assert gradient_of(folded, CPU)(np.zeros((0, 3))).shape == (0, 3)
    asked = []
    again = field_of(folded, CPU, lambda p: asked.append(len(p)) or torch.full((len(p),), 7.0), values[0][0])
    assert again(points)[0] == 7.0 and 0 < sum(asked) < 9000, "values near the threshold are asked for again"
