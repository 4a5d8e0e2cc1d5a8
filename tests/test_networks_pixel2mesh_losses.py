# SPDX-License-Identifier: GPL-3.0-or-later
"""What Pixel2Mesh learns by: losses worked out by hand, and by finite differences in 64 bits, where neighbours and
nearest points come more than once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from meshes import octahedron
from spherical_cow.errors import InvalidParameter
from spherical_cow.sphere.icosphere import icosphere

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.pixel2mesh import losses  # noqa: E402
from spherical_cow.networks.pixel2mesh.ellipsoid import published_ellipsoid  # noqa: E402
from spherical_cow.networks.pixel2mesh.network import Stages  # noqa: E402
from spherical_cow.networks.pixel2mesh.pooling import Camera, pooled  # noqa: E402
from spherical_cow.networks.pixel2mesh.template import template_of  # noqa: E402

BALL = template_of(icosphere(1), 1)
GRAPH = losses.graphs_of(BALL)[0]


def batch_of_two() -> tuple[Any, Any, Any]:
    """(vertices, points, normals): two different bent icosahedra with points that share their nearest vertices."""
    rng = np.random.default_rng(3)
    vertices = BALL.vertices[None] + 0.2 * rng.normal(size=(2, 12, 3))
    points, normals = rng.normal(size=(2, 2, 40, 3))
    return tuple(torch.from_numpy(values) for values in (vertices, points, normals))


LOSSES: dict[str, Callable[..., Any]] = {
    "chamfer": lambda v, p, n: losses.chamfer_loss(v, p, 0.55),
    "normal": lambda v, p, n: losses.normal_loss(v, p, n, GRAPH.pairs),
    "edge": lambda v, p, n: losses.edge_loss(v, GRAPH.pairs),
    "laplacian": lambda v, p, n: losses.laplacian_loss(p[:, :12], v, GRAPH),
    "move": lambda v, p, n: losses.move_loss(p[:, :12], v),
    "all": lambda v, p, n: losses.total_loss(Stages((v, v * 1.1), (p[:, :12], v), None), p, n, (GRAPH, GRAPH)).total,
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_by_finite_differences(name: str) -> None:
    vertices, points, normals = batch_of_two()
    assert losses.nearest(points, vertices)[0].bincount().max() > 1, "points share the vertex that is nearest"
    assert GRAPH.degree.max() > 1
    given = vertices.clone().requires_grad_()
    LOSSES[name](given, points, normals).backward()
    step = 1e-6
    for place in list(np.ndindex(*vertices.shape))[:: 3 if name == "all" else 1]:
        ahead, behind = vertices.clone(), vertices.clone()
        ahead[place] += step
        behind[place] -= step
        slope = (LOSSES[name](ahead, points, normals) - LOSSES[name](behind, points, normals)).item() / (2 * step)
        assert given.grad[place].item() == pytest.approx(slope, rel=1e-5, abs=1e-8), place


def test_losses_of_simple_shapes() -> None:
    """Values worked out by hand."""
    mesh = octahedron()
    graph = losses.graphs_of(template_of(mesh, 1))[0]
    v = torch.from_numpy(mesh.vertices)[None]
    moved = v + torch.tensor([0.0, 0.3, -0.4])
    assert losses.move_loss(v, moved).item() == pytest.approx(0.25)
    assert losses.laplacian_loss(v, moved, graph).item() == pytest.approx(0.0, abs=1e-15)
    assert losses.laplacian_loss(v, 2.0 * v, graph).item() == pytest.approx(1.0)  # means of neighbours are the middle
    assert losses.edge_loss(v, graph.pairs).item() == pytest.approx(2.0 * 24 / 30)  # 12 edges twice, 6 of length 0
    far = v * torch.tensor([3.0, 1.0, 1.0])
    # From the two far points to the nearest vertices: 2 each; the other way these are √2 from their nearest, once each.
    assert losses.chamfer_loss(v, far).item() == pytest.approx((4.0 + 4.0) / 6 + (2.0 + 2.0) / 6)
    assert losses.chamfer_loss(v, far, 0.5).item() == pytest.approx((4.0 + 4.0) / 6 + 0.5 * (2.0 + 2.0) / 6)
    flat = torch.tensor([[0.0, 0.0, 5.0]], dtype=torch.float64).expand(1, 6, 3)  # of whatever length
    upright = [abs(a[2] - b[2]) / np.sqrt(2.0) for a, b in mesh.vertices[graph.pairs[:24].numpy()]]
    assert losses.normal_loss(v, v, flat, graph.pairs).item() == pytest.approx(sum(upright) / 30)
    terms = losses.total_loss(Stages((2.0 * v, moved), (v, v), None), far, None, (graph, graph))
    parts = (1.0, terms.chamfer), (0.3, terms.edge), (0.5, terms.laplacian), (0.1, terms.move)
    assert terms.total.item() == pytest.approx(sum(weight * part.item() for weight, part in parts))
    assert terms.laplacian.item() == pytest.approx(0.2), "in the first stage a fifth"
    assert terms.move.item() == pytest.approx(0.25) and terms.normal.item() == 0.0, "the first stage moves freely"
    few = losses.total_loss(
        Stages((v, v, moved), (v, v, v), None), v, None, (graph,) * 3, losses.Weights((5.0, 2.0), edge=0.0, whole=10.0)
    )
    assert few.chamfer.item() == pytest.approx(2.0 * losses.chamfer_loss(moved, v).item()), "the last weight stays"
    assert few.total.item() == pytest.approx(10.0 * (few.chamfer.item() + 0.1 * 0.25))


def test_graphs_of_other_stages_and_no_weights() -> None:
    vertices, points, _ = batch_of_two()
    other = losses.graphs_of(template_of(octahedron(), 1))[0]
    stages = Stages((vertices, vertices), (vertices, vertices), None)
    for graphs, words in (((GRAPH,), "12, 12 vertices .* graphs of 12"), ((GRAPH, other), "12, 6"), ((), "of no")):
        with pytest.raises(InvalidParameter, match=words):
            losses.total_loss(stages, points, None, graphs)
    with pytest.raises(InvalidParameter, match="Chamfer"):
        losses.Weights(chamfer=())


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_is_the_mean_of_its_items(name: str) -> None:
    given = batch_of_two()
    alone = [LOSSES[name](*(values[n : n + 1] for values in given)).item() for n in range(2)]
    assert LOSSES[name](*given).item() == pytest.approx(np.mean(alone), rel=1e-12) and alone[0] != alone[1]


def test_features_by_finite_differences() -> None:
    """What is pooled depends smoothly on where a vertex is projected, within a pixel."""
    camera = Camera().resized(64)
    feature = torch.rand((1, 3, 16, 16), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    vertices = torch.from_numpy(0.8 * published_ellipsoid().vertices)[None]
    given = vertices.clone().requires_grad_()
    weights = torch.rand((1, 156, 6), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (pooled(given, [feature], camera) * weights).sum().backward()
    step = 1e-7
    for axis in range(3):
        ahead, behind = vertices.clone(), vertices.clone()
        ahead[..., axis] += step
        behind[..., axis] -= step
        both = [(pooled(one, [feature], camera) * weights).sum(dim=2) for one in (ahead, behind)]
        slope = (both[0] - both[1]) / (2 * step)
        close = torch.isclose(given.grad[..., axis], slope, rtol=1e-4, atol=1e-5)
        assert close.float().mean() > 0.97, "but for a few on the border between two pixels"


def test_nearest_points_however_they_are_found() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand((2, 70, 3), generator=generator), torch.rand((2, 50, 3), generator=generator)
    truth = torch.cdist(a.double(), b.double()).argmin(dim=2)
    assert torch.equal(losses.nearest(a, b), truth)
    for most in (1, 300, 1 << 20):  # as on other devices, with so many distances at once
        assert torch.equal(losses._nearest_of_all(a, b, most), truth)
    a[0, 0] = torch.nan
    assert losses.chamfer_loss(a, b).isnan(), "and no error"
    with pytest.raises(InvalidParameter, match="points"):
        losses.chamfer_loss(a, b[:, :0])
