# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel2Mesh: against the published codes with seeded weights, and in itself."""

from __future__ import annotations

import lzma
import pickle
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import REFERENCE, cube, ellipsoid, octahedron, put, reference, tetrahedron, torus
from PIL import Image
from scipy.spatial import ConvexHull
from spherical_cow.errors import CheckpointError, DatasetError, ImageError, InvalidParameter, MeshFileError
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.topology import check

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import describe, open_model  # noqa: E402
from spherical_cow.networks.checkpoints import save_checkpoint  # noqa: E402
from spherical_cow.networks.models.pixel2mesh import Pixel2MeshModel  # noqa: E402
from spherical_cow.networks.pixel2mesh import losses  # noqa: E402
from spherical_cow.networks.pixel2mesh.ellipsoid import PLACE, published_ellipsoid  # noqa: E402
from spherical_cow.networks.pixel2mesh.network import Pixel2Mesh, Stages  # noqa: E402
from spherical_cow.networks.pixel2mesh.pooling import Camera, pooled  # noqa: E402
from spherical_cow.networks.pixel2mesh.seen import camera_of  # noqa: E402
from spherical_cow.networks.pixel2mesh.stored import stored_arrays  # noqa: E402
from spherical_cow.networks.pixel2mesh.template import template_of  # noqa: E402
from spherical_cow.networks.pixel2mesh.template_files import read_template  # noqa: E402
from spherical_cow.networks.pixel2mesh.templates import (  # noqa: E402
    round_hull,
    template_around,
    template_from,
    template_named,
)
from spherical_cow.networks.pixel2mesh.variants import VARIANTS, Variant, variant_named  # noqa: E402

CASES = {
    "p2m_vgg_default": ("default", losses.Weights(picture=0.1)),
    "p2m_vgg_tfalign": ("tensorflow", losses.Weights(opposite=0.55, edge=0.1, move=0.033, picture=0.1)),
    "p2m_resnet50": ("resnet50", losses.Weights(opposite=0.55, edge=0.1, move=0.033)),
    "p2m_tong": ("auto-encoder", losses.Weights(normal=0.0, edge=0.3, laplacian=4.5, move=0.3, whole=100.0)),
}
TINY = Variant(width=2, hidden=8, last=6, camera=Camera().resized(64))


def unpacked(name: str, folder: Path) -> Path:
    """The checkpoint of a case, as its authors' code wrote it."""
    (packed,) = (REFERENCE / name).glob("*.xz")
    path = folder / packed.stem
    path.write_bytes(lzma.decompress(packed.read_bytes()))
    return path


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """(name, model, arrays, facts) of a reference; the file of its weights lies alone in its folder."""
    arrays, facts = reference(request.param)
    path = unpacked(request.param, tmp_path_factory.mktemp(request.param))
    model = Pixel2MeshModel.load(path)
    path.unlink()
    return request.param, model, arrays, facts


def picture_of(arrays: dict[str, np.ndarray]) -> Any:
    return torch.from_numpy(arrays["image224"]).reshape(1, 3, 224, 224)


def before_one_training_step(network: Any, picture: Any) -> None:
    """Take back what a step in training mode did to the running means and variances (a tenth of the way)."""
    encoder = network.nn_encoder
    saved = {name: value.clone() for name, value in encoder.state_dict().items()}
    norms = [layer for layer in encoder.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in norms:
        layer.momentum = 1.0
    encoder.train()
    with torch.no_grad():
        encoder(network.prepared(picture))
    for name, value in encoder.state_dict().items():
        if "running" in name:
            value.copy_((saved[name] - 0.1 * value) / 0.9)
    encoder.eval()


@pytest.fixture(scope="module")
def made(case: tuple[Any, ...]) -> tuple[Any, Any]:
    """(stages, features): what the network makes of the picture, with gradients. The checkpoint with a ResNet was
    written after a step in training mode, and its outputs before: that step is taken back."""
    name, model, arrays, _ = case
    network, features = model.network, []
    if name == "p2m_resnet50":
        before_one_training_step(network, picture_of(arrays))
    kept = network.nn_encoder.register_forward_hook(lambda module, given, found: features.extend(found))
    stages = network(picture_of(arrays))
    kept.remove()
    return stages, features


def test_stages_of_the_originals(case: tuple[Any, ...], made: tuple[Any, Any]) -> None:
    (name, model, arrays, facts), (stages, _) = case, made
    assert model.facts()["variant"] == CASES[name][0]
    classifier = 2_049_000 if name == "p2m_resnet50" else 0  # the last layer of the ResNet, of no use
    template = 468 if name == "p2m_tong" else 0  # which is in the files of the others
    assert model.facts()["parameters"] == facts["n_params"] - classifier + template
    assert bool(model.remarks) == bool(classifier)
    for number, (bent, before) in enumerate(zip(stages.bent, stages.before, strict=True), start=1):
        assert np.abs(bent[0].detach().numpy() - arrays[f"x{number}"].reshape(-1, 3)).max() < 5e-5
        if f"b{number}" in arrays:
            assert np.abs(before[0].detach().numpy() - arrays[f"b{number}"].reshape(-1, 3)).max() < 5e-5
    if "reconst_ds4" in arrays:
        picture = stages.picture[:, :, ::4, ::4].detach().numpy()
        assert np.abs(picture - arrays["reconst_ds4"]).max() < 1e-5
    else:
        assert stages.picture is None


def test_pictures_as_the_published_code_prepares_them(case: tuple[Any, ...], tmp_path: Path) -> None:
    _, model, arrays, _ = case
    if "image_png" not in arrays:
        pytest.skip("this case has no picture file")
    path = put(tmp_path, "seen.png", arrays["image_png"].tobytes())
    with Image.open(path) as image:
        pixels = np.asarray(image)
    for given in (path, pixels):
        assert np.abs(model.published_view(given).transpose(2, 0, 1) - arrays["image224"]).max() < 2e-5


def test_features_at_vertices(case: tuple[Any, ...], made: tuple[Any, Any]) -> None:
    (_, model, arrays, _), (_, features) = case, made
    with torch.no_grad():
        found = pooled(model.network.init_pts[None], features, model.network.camera)[0].numpy()
    rows = arrays["proj0_rows"]
    which = np.linalg.norm(rows[:, None, :3] - found[None, :, :3], axis=2).argmin(axis=1)
    assert np.abs(found[which] - rows).max() < 1e-5 * np.abs(rows).max()


def test_losses_and_gradients(case: tuple[Any, ...], made: tuple[Any, Any]) -> None:
    (name, model, arrays, facts), (stages, _) = case, made
    weights = CASES[name][1]
    points = torch.from_numpy(arrays["gt_points" if "gt_points" in arrays else "gt"])
    normals = torch.from_numpy(arrays["gt_normals"]) if "gt_normals" in arrays else None
    graphs = losses.graphs_of(model.network.template)
    bent = tuple(torch.from_numpy(arrays[f"x{n}"].reshape(1, -1, 3)).requires_grad_() for n in (1, 2, 3))
    before = tuple(one.detach() for one in stages.before)
    losses.total_loss(Stages(bent, before, None), points, normals, graphs, weights).total.backward()
    for number, one in enumerate(bent, start=1):
        expected = arrays[f"grad_x{number}"].reshape(1, -1, 3)
        assert np.linalg.norm(one.grad.numpy() - expected) < 1e-4 * np.linalg.norm(expected)
    terms = losses.total_loss(stages, points, normals, graphs, weights, picture_of(arrays))
    if "loss_terms" in facts:
        for term in ("chamfer", "edge", "laplace", "move", "normal"):
            ours = getattr(terms, "laplacian" if term == "laplace" else term).item()
            assert ours == pytest.approx(facts["loss_terms"][f"loss_{term}"], rel=1e-4), term
    assert terms.total.item() == pytest.approx(facts.get("loss", facts.get("total_pts_loss")), rel=1e-4)
    if name == "p2m_vgg_default":  # one is enough: a backward pass takes its time
        terms.total.backward()
        for key, parameter in model.network.named_parameters():
            if parameter.requires_grad:
                assert parameter.grad.norm().item() == pytest.approx(facts["grad_norms"][key], rel=1e-3), key
        model.network.zero_grad()


def test_the_camera_projects_as_published(case: tuple[Any, ...], made: tuple[Any, Any]) -> None:
    """The published formula gives columns and rows from the middle of the first pixel, or from the corner: in either
    case the optical axis is in the middle of the picture."""
    (name, model, _, _), (stages, _) = case, made
    camera, vertices = model.network.camera, stages.bent[2][0].detach().double().numpy()
    x, y, z = (vertices + np.array(camera.offset)).T
    focal, centre = (250.0, 112.0) if name == "p2m_vgg_tfalign" else (248.0, 111.5)
    row, column = focal * y / z + centre, focal * x / -z + centre
    pixels, depths = camera_of(camera).project(vertices)
    np.testing.assert_allclose(pixels - camera.first, np.stack([column, row], axis=1), atol=1e-8)
    np.testing.assert_allclose(depths, -z)
    np.testing.assert_allclose(camera_of(camera).matrix[:2, 2], 112.0)
    np.testing.assert_allclose(
        camera_of(camera.resized(64)).project(vertices)[0], pixels * 64 / 224, atol=1e-9, err_msg="the same view"
    )


def test_the_template_lies_on_its_ellipsoid() -> None:
    mesh = published_ellipsoid()
    assert (mesh.n_vertices, mesh.n_faces) == (156, 308)
    value = np.square(mesh.vertices) @ [1.0, 2.0, 2.0] / 0.08
    assert value.min() > 0.96 and value.max() < 1.0, "on chords between the points of a grid, so a little inside"
    grid = np.abs((mesh.vertices + np.array([0.3025, 0.225, 0.2])) / 0.0775 % 1.0 - 0.5) > 0.5 - 1e-4
    assert (grid.sum(axis=1) == 2).all(), "on its edges"
    first = np.unique(mesh.faces, return_index=True)[1]
    assert (np.diff(first) > 0).all(), "numbered as faces name them"


def template_case() -> tuple[tuple[Any, ...], list[np.ndarray]]:
    folder = REFERENCE / "p2m_template"
    if not folder.exists():
        pytest.skip(f"the published template is not in {REFERENCE}")
    return stored_arrays(folder / "info_ellipsoid.dat"), [
        read_template(folder / f"face{n}.obj").faces for n in (1, 2, 3)
    ]


def test_the_published_template_is_made_anew() -> None:
    """Number by number: places, triangles and their order, edges and their order, supports, on all three levels."""
    stored, faces = template_case()
    ours = published_ellipsoid()
    assert np.abs(ours.vertices + PLACE - stored[0]).max() < 1.1e-6
    assert np.array_equal(ours.faces, faces[0])
    made = template_of(ours)
    for number, level in enumerate(made.levels):
        assert np.array_equal(np.sort(level.faces, axis=1), np.sort(faces[number], axis=1))
        if number < 2:
            assert np.array_equal(np.sort(level.edges, axis=1), np.sort(stored[4][number], axis=1))
        index, values, shape = stored[1 + number][1]
        theirs = np.zeros(shape)
        theirs[tuple(index.T)] = values
        assert np.abs(level.support.toarray() - theirs).max() < 1e-6


def test_files_of_a_template_give_the_same_network() -> None:
    template_case()
    for name in ("info_ellipsoid.dat", "face1.obj"):
        told = read_template(REFERENCE / "p2m_template" / name)
        made = template_of(Mesh(published_ellipsoid().vertices, told.faces), 3, told.edges)
        own = template_of(published_ellipsoid())
        for number, (one, other) in enumerate(zip(made.levels, own.levels, strict=True)):
            if number < 2:  # what follows has no finer level that would be numbered by it
                assert np.array_equal(np.sort(one.edges, axis=1), np.sort(other.edges, axis=1))
            assert np.abs(one.support - other.support).max() < 1e-6
            rows = [set(map(tuple, np.sort(level.faces, axis=1).tolist())) for level in (one, other)]
            assert rows[0] == rows[1]
    with pytest.raises(InvalidParameter, match="edges"):
        template_of(octahedron(), 2, read_template(REFERENCE / "p2m_template/info_ellipsoid.dat").edges)


@pytest.mark.parametrize("mesh", [published_ellipsoid(), icosphere(2), cube(n=2), torus(8, 6)], ids="eicT")
def test_levels_are_closed_outward_and_begin_with_the_one_before(mesh: Mesh) -> None:
    """A fourth level, too; also of a mesh that is inside out, and of one with a hole through it."""
    made = template_of(mesh, 4)
    volume, before = None, made.vertices
    for number, (level, shape) in enumerate(zip(made.levels, made.meshes(), strict=True)):
        if shape.n_vertices < 400:
            report = check(shape, self_intersections=False)
            assert not {row.name for row in report.rows if not row.ok} - {"genus"}
            assert report.euler == mesh.n_vertices - mesh.n_faces // 2
            values = np.linalg.eigvalsh(level.support.toarray())
            assert values.min() >= -1.0 - 1e-9 and values.max() == pytest.approx(1.0)
        assert shape.n_faces == mesh.n_faces * 4**number == 2 * len(level.edges) // 3
        assert level.size == shape.n_vertices and np.array_equal(shape.vertices[: len(before)], before)
        now = oriented_volume(shape)
        assert now > 0.0 and (volume is None or now == pytest.approx(volume))
        volume, before = now, shape.vertices
    inside_out = template_of(Mesh(mesh.vertices, mesh.faces[:, ::-1]), 2)
    for one, other in zip(inside_out.meshes(), made.meshes()[:2], strict=True):
        assert oriented_volume(one) == pytest.approx(oriented_volume(other))


def oriented_volume(mesh: Mesh) -> float:
    return float(np.linalg.det(mesh.vertices[mesh.faces]).sum())


def test_templates_that_cannot_be() -> None:
    ball = icosphere(1)
    for mesh, levels, words in (
        (Mesh(ball.vertices, ball.faces[1:]), 3, "closed"),
        (Mesh(ball.vertices, np.concatenate([ball.faces[:1, ::-1], ball.faces[1:]])), 3, "closed"),
        (Mesh(ball.vertices, np.concatenate([ball.faces, ball.faces])), 3, "closed"),
        (Mesh(np.concatenate([ball.vertices, [[0, 0, 0]]]), ball.faces), 3, "not part of a face"),
        (Mesh(np.where(ball.vertices > 0.99, np.nan, ball.vertices), ball.faces), 3, "no place"),
        (Mesh(ball.vertices, ball.faces[:0]), 3, "faces"),
        (ball, 0, "levels"),
        (ball, 9, "levels"),
        (ball, 6, "1 to 5 levels"),
        (icosphere(100), 5, "levels"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            template_of(mesh, levels)


def test_templates_of_our_own() -> None:
    for camera in (Camera(), VARIANTS["tensorflow"].camera):
        for made in (
            template_named("ellipsoid", 2, camera),
            template_named("icosphere", 2, camera),
            template_from(torus(), 2, camera),
            template_around(cube(7.0, 3), 2, camera, frequency=2),
        ):
            z = made.vertices[:, 2] + camera.offset[2]
            assert z.min() > -1.2 and z.max() < -0.4
    box = cube(2.0, 2)
    hull = round_hull(box.vertices + np.array([5.0, 0.0, 0.0]), 3)
    assert np.abs(np.abs(hull.vertices - [6.0, 1.0, 1.0]).max(axis=1) - 1.0).max() < 1e-9, "on the box"
    assert ConvexHull(hull.vertices).volume > 7.0
    for points in (np.zeros((0, 3)), box.vertices * [1, 1, 0], np.full((5, 3), np.nan)):
        with pytest.raises(InvalidParameter, match="hull"):
            round_hull(points)
    with pytest.raises(InvalidParameter, match="ellipsoid, icosphere"):
        template_named("teapot")
    with pytest.raises(InvalidParameter):
        template_from(Mesh(np.zeros((4, 3)), tetrahedron().faces))


# --- the network in itself


def small_network(variant: Variant = TINY, mesh: Mesh | None = None, levels: int = 3) -> Any:
    torch.manual_seed(0)
    network = Pixel2Mesh(template_from(mesh or icosphere(1), levels, variant.camera), variant).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.05 * torch.randn(parameter.shape))
    return network


def pictures(count: int, size: int = 64) -> Any:
    return torch.rand((count, 3, size, size), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "variant",
    [
        TINY,
        replace(TINY, activated=False, normalised=False, camera=replace(TINY.camera, sampling="floor")),
        replace(TINY, camera=replace(TINY.camera, sampling="tensorflow")),
        replace(TINY, encoder="resnet50"),
    ],
    ids=["bilinear", "floor", "tensorflow", "resnet"],
)
def test_one_is_as_each_of_four(variant: Variant) -> None:
    network = small_network(variant)
    four = pictures(4)
    with torch.no_grad():
        together, alone = network(four), [network(one[None]) for one in four]
    # Where features jump from pixel to pixel, rounding in one stage may be another pixel in the next.
    compared = 1 if variant.camera.sampling == "floor" else 3
    for number in range(4):
        for stage in range(compared):
            torch.testing.assert_close(together.bent[stage][number], alone[number].bent[stage][0], rtol=0, atol=2e-6)
        if together.picture is not None:
            torch.testing.assert_close(together.picture[number], alone[number].picture[0], rtol=0, atol=2e-6)
    assert not torch.allclose(together.bent[2][0], together.bent[2][1], atol=1e-5), "pictures matter"


def test_all_parts_learn() -> None:
    network = small_network(levels=4)
    stages = network(pictures(2))
    assert [one.shape[1] for one in stages.bent] == [12, 42, 162, 642]
    truth = torch.from_numpy(published_ellipsoid().vertices).float().expand(2, -1, -1)
    graphs = losses.graphs_of(network.template)
    terms = losses.total_loss(stages, truth, truth, graphs, losses.Weights(picture=1.0), pictures(2))
    terms.total.backward()
    still = [name for name, p in network.named_parameters() if p.requires_grad and not p.grad.abs().sum() > 0.0]
    assert not still and not network.init_pts.requires_grad
    with torch.no_grad():
        assert torch.equal(deepcopy(network)(pictures(1)).bent[3], network(pictures(1)).bent[3])


def test_a_checkpoint_of_ours_needs_no_template(tmp_path: Path) -> None:
    variant = replace(TINY, activated=False, rebuilds=False, camera=replace(TINY.camera, sampling="floor"))
    network = Pixel2Mesh(template_around(ellipsoid(level=2), 4, variant.camera, 2), variant).eval()
    save_checkpoint(tmp_path / "own.safetensors", network, note="of a test")
    model = open_model(tmp_path / "own.safetensors")
    assert isinstance(model, Pixel2MeshModel) and model.network.variant == variant and model.picture_size == 64
    assert model.facts()["note"] == "of a test" and model.facts()["stages"] == "42, 162, 642, 2562"
    image = pictures(1)[0].permute(1, 2, 0).double().numpy()
    seen = model.reconstruct(image)
    with torch.no_grad():
        expected = network(pictures(1)).bent[-1][0].double().numpy()
    np.testing.assert_allclose(seen.mesh.vertices, expected, atol=1e-6)
    np.testing.assert_allclose(model.predict(image).vertices, seen.mesh.vertices)
    assert seen.camera is not None and seen.picture_size == 64
    assert model.rebuilt(image) is None and check(seen.mesh, self_intersections=False).euler == 2
    assert describe(tmp_path / "own.safetensors").card is Pixel2MeshModel.card


def test_a_picture_is_rebuilt() -> None:
    model = Pixel2MeshModel(small_network())
    picture = model.rebuilt(pictures(1)[0].permute(1, 2, 0).double().numpy())
    assert picture is not None and picture.shape == (64, 64, 3) and 0.0 <= picture.min() < picture.max() <= 1.0
    for wrong in (np.zeros((5, 5)), np.zeros((0, 4, 3))):
        with pytest.raises(ImageError):
            model.published_view(wrong)
    for wrong in (None, octahedron(), [[[0, 0, 0]]]):
        for look in (model.reconstruct, model.rebuilt, model.published_view):
            with pytest.raises(InvalidParameter, match="image"):
                look(wrong)


# --- files of other codes, and damaged ones


@lru_cache(maxsize=1)
def original() -> Any:
    torch.manual_seed(0)
    return Pixel2Mesh(template_named("ellipsoid", 3), replace(TINY, camera=Camera()))


def original_weights() -> dict[str, Any]:
    """Weights as a published code names them: without what our files have besides."""
    return {key: value for key, value in original().state_dict().items() if key not in ("faces", "view", "marks")}


def saved(folder: Path, weights: dict[str, Any], **besides: Any) -> Path:
    path = folder / "weights.pt"
    torch.save({"model": weights, **besides} if besides else weights, path)
    return path


def test_what_a_file_may_have_besides(tmp_path: Path) -> None:
    weights = {f"module.{key}": value for key, value in original_weights().items()}
    plain = open_model(saved(tmp_path, weights, epoch=3, optimizers=[{"state": {0: torch.ones(3)}, "lr": 1e-4}]))
    assert plain.facts()["epoch"] == 3 and plain.facts()["variant"] == "default" and plain.remarks == ()
    more = original_weights()
    more["gcns.0.conv1.adj_mat"] = torch.eye(156).to_sparse()
    more["nn_encoder.fc.weight"] = torch.zeros(10, 64)
    model = open_model(saved(tmp_path, more))
    assert any("adj_mat" in remark and "nn_encoder.fc.weight" in remark for remark in model.remarks)
    half = open_model(saved(tmp_path, {key: value.half() for key, value in original_weights().items()}))
    assert any("16 bits" in remark for remark in half.remarks)
    assert all(parameter.dtype == torch.float32 for parameter in half.network.parameters())
    without = {key: value for key, value in original_weights().items() if not key.startswith("nn_decoder")}
    blind = open_model(saved(tmp_path, without))
    assert any("nn_decoder" in remark for remark in blind.remarks) and not blind.network.variant.rebuilds
    torch.testing.assert_close(blind.network.gconv.weight, plain.network.gconv.weight)


def test_what_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    path = saved(tmp_path, original_weights())
    facts = describe(path).facts
    assert (facts["variant"], facts["stages"]) == ("default", "156, 618, 2466")
    unknown = original_weights()
    unknown["init_pts"] = unknown["init_pts"].flip(0)
    assert "stages" not in describe(saved(tmp_path, unknown)).facts
    unknown["\x1b[2J" + 5000 * "x"] = torch.zeros(1)
    unknown["init_pts"] = original_weights()["init_pts"]
    with pytest.raises(CheckpointError, match=r"\?\[2Jx* is not part") as caught:
        Pixel2MeshModel.load(saved(tmp_path, unknown))
    assert len(str(caught.value)) < 400 and str(caught.value).isprintable()


def test_what_no_weights_tell_can_be_told(tmp_path: Path) -> None:
    path = saved(tmp_path, original_weights())
    switches = replace(Variant(), activated=False, normalised=False, camera=Camera(sampling="tensorflow"))
    model = Pixel2MeshModel.load(path, switches=switches)
    assert model.network.variant == replace(switches, width=TINY.width, hidden=TINY.hidden, last=TINY.last)
    with torch.no_grad():
        assert not torch.allclose(model.network(pictures(1, 224)).bent[2], original().eval()(pictures(1, 224)).bent[2])


def wrong_shape(weights: dict[str, Any]) -> None:
    weights["gcns.1.conv1.weight"] = weights["gcns.1.conv1.weight"].T.clone()


def far_too_many(weights: dict[str, Any]) -> None:
    for number in range(3, 21):
        weights[f"gcns.{number}.conv1.weight"] = weights["gcns.1.conv1.weight"]


def claims_width(weights: dict[str, Any]) -> None:
    weights["nn_encoder.conv0_1.weight"] = torch.zeros(30_000, 1)


def claims_width_by_repeating(weights: dict[str, Any]) -> None:
    weights["nn_encoder.conv0_1.weight"] = torch.zeros(120, 1)
    weights.update({f"more{n}": torch.zeros(1, dtype=torch.int8).expand(1_000_000) for n in range(150)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("gcns.2.blocks.3.conv1.loop_weight"), "gcns.2.blocks.3.conv1.loop_weight is missing"),
        (lambda w: w.pop("nn_encoder.conv0_1.weight"), "nn_encoder.conv0_1.weight is missing"),
        (lambda w: w.pop("nn_decoder.conv_2.bias"), "nn_decoder.conv_2.bias is missing"),
        (lambda w: w.pop("init_pts"), "init_pts is missing"),
        (lambda w: w.update({"gcns.0.conv3.weight": w["gconv.weight"]}), "gcns.0.conv3.weight is not part"),
        (lambda w: w.update({"nn_encoder.conv9": w.pop("nn_encoder.conv5_4.bias")}), "nn_encoder.conv5_4.bias is miss"),
        (wrong_shape, r"gcns.1.conv1.weight is 8 × \d+ in place of"),
        (far_too_many, "cannot have 21 levels"),
        (lambda w: w.update({"gcns.5.conv1.weight": w["gconv.weight"]}), "gcns.3 is missing"),
        (lambda w: w.update({f"gcns.{5000 * '9'}.conv1.weight": w["gconv.weight"]}), "999 is missing|not part"),
        (lambda w: w.update({"gconv.weight": w["gconv.weight"].to_sparse()}), "gconv.weight is sparse"),
        (lambda w: w.update({"init_pts": w["init_pts"].to_sparse()}), "init_pts is sparse"),
        (claims_width, "do not fit"),
        (claims_width_by_repeating, "do not fit"),
        (lambda w: w.update({"gconv.weight": torch.tensor(3.0)}), "gconv.weight has the shape"),
        (lambda w: w.update({"init_pts": torch.zeros(156)}), "init_pts has the shape"),
        (lambda w: w.update({"init_pts": w["init_pts"].flip(0)}), "face1.obj"),
        (lambda w: w.update({"view": torch.zeros(6)}), "faces is missing"),
        (
            lambda w: w.update(faces=torch.full((4, 3), 999), view=torch.zeros(6), marks=torch.zeros(3).long()),
            "damaged",
        ),
        (
            lambda w: w.update(faces=torch.arange(12).view(4, 3), view=torch.zeros(6), marks=torch.zeros(3).long()),
            "closed|camera|not part",
        ),
        (
            lambda w: w.update(
                faces=torch.from_numpy(published_ellipsoid().faces), view=torch.zeros(6), marks=torch.zeros(3).long()
            ),
            "camera",
        ),
    ],
)
def test_files_that_are_not_for_it(tmp_path: Path, change: Callable[[dict[str, Any]], Any], words: str) -> None:
    weights = original_weights()
    change(weights)
    with pytest.raises(CheckpointError, match=words):
        Pixel2MeshModel.load(saved(tmp_path, weights))


def test_another_template_lies_beside_its_weights(tmp_path: Path) -> None:
    ball = icosphere(2)
    ball = ball.with_vertices(0.2 * ball.vertices)
    torch.manual_seed(0)
    network = Pixel2Mesh(template_of(ball), replace(TINY, camera=Camera())).eval()
    weights = {key: value for key, value in network.state_dict().items() if key not in ("faces", "view", "marks")}
    path = saved(tmp_path, weights)
    with pytest.raises(CheckpointError, match=r"42 vertices.*info_ellipsoid.dat or face1.obj"):
        open_model(path)
    (tmp_path / "face1.obj").write_text("\n".join(f"f {a + 1} {b + 1} {c + 1}" for a, b, c in ball.faces))
    for model in (open_model(path), Pixel2MeshModel.load(path, template=tmp_path / "face1.obj")):
        with torch.no_grad():
            found, expected = model.network(pictures(1, 224)), network(pictures(1, 224))
        torch.testing.assert_close(found.bent[2], expected.bent[2])
    (tmp_path / "face1.obj").write_text("f 1 2\nf 3 4 5\n")
    with pytest.raises(MeshFileError, match=r"triangles|cannot be read"):
        open_model(path)


class Hostile:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("was_here"),)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_are_read_without_unpickling(tmp_path: Path, protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    data = [
        rng.integers(0, 255, (8, 8, 3), dtype=np.uint8),
        np.asfortranarray(rng.normal(size=(5, 6))).astype(">f4"),
        (np.zeros((0, 3)), {"a": np.arange(3), "n": 1.5}, [None, True, "text", np.float64(2.5)]),
    ]
    path = put(tmp_path, "x.dat", pickle.dumps(data, protocol))
    image, points, (empty, named, rest) = stored_arrays(path)
    assert np.array_equal(image, data[0]) and image.dtype == np.uint8
    assert np.array_equal(points, data[1]) and points.dtype.isnative
    assert empty.shape == (0, 3) and named["n"] == 1.5 and rest == [None, True, "text", 2.5]
    with pytest.raises(DatasetError, match="could run code"):
        stored_arrays(put(tmp_path, "y.dat", pickle.dumps([data[1], Hostile()], protocol)))
    with pytest.raises(DatasetError, match="arrays of numbers: an array of 'U4'"):  # it runs nothing, but is no number
        stored_arrays(put(tmp_path, "z.dat", pickle.dumps(np.array(["text"]), protocol)))
    assert not (tmp_path / "was_here").exists()


@pytest.mark.filterwarnings("ignore:invalid escape")
def test_damaged_pickles(tmp_path: Path) -> None:
    content = bytearray(pickle.dumps([np.arange(12.0).reshape(2, 6), "text"], 2))
    rng = np.random.default_rng(0)
    for number in range(300):
        damaged = content[: rng.integers(1, len(content))] if number % 3 == 0 else content.copy()
        for _ in range(number % 4):
            damaged[rng.integers(len(damaged))] = rng.integers(256)
        try:
            stored_arrays(put(tmp_path, "x.dat", bytes(damaged)))
        except DatasetError:
            continue
    doubled = b"\x80\x02K\x01" + b"".join(bytes([113, n, 104, n, 134]) for n in range(60)) + b"."
    filled = pickle.dumps(np.zeros(5000), 4)[:-1]
    assert stored_arrays(put(tmp_path, "x.dat", filled + b".")).shape == (5000,)
    again = filled + 50 * b"h\x13b" + b"."  # the same bytes as fifty arrays
    key, kind = b"\x80\x02}" + doubled[2:-1] + b"Ns.", b"\x80\x02cnumpy\ndtype\n" + doubled[2:-1] + b"\x85R."
    deep = b"\x80\x02}N" + 100_000 * b"\x85" + b"Ns."  # to be told from other keys, it is walked to its end
    for hostile in (
        again,
        key,
        kind,
        deep,
        b"",
        b".",
        b"\x80\x02]q\x00h\x00a.",
        doubled,
        b"\x80\x02cnumpy\ndtype\nU\x02f4\x85R.",
    ):
        with pytest.raises(DatasetError, match="damaged"):
            stored_arrays(put(tmp_path, "x.dat", hostile))
    with pytest.raises(DatasetError, match="cannot be read"):
        stored_arrays(tmp_path / "none.dat")
    for other in ([np.zeros((3, 3))] * 6, np.zeros(3), None, "text"):
        with pytest.raises(DatasetError, match="template"):
            read_template(put(tmp_path, "info_ellipsoid.dat", pickle.dumps(other, 2)))


def test_the_graph_convolution_by_finite_differences() -> None:
    network = small_network().double()
    block = network.gcns[0].conv1
    x = torch.randn(2, 12, block.weight.shape[0], dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    dense = torch.from_numpy(network.template.levels[0].support.toarray())
    expected = dense @ (x @ block.weight) + x @ block.loop_weight + block.bias
    torch.testing.assert_close(block(x), expected, rtol=1e-6, atol=1e-6)  # its support is kept in 32 bits
    direction, weights = torch.randn_like(x), torch.randn_like(expected)
    given = x.clone().requires_grad_()
    (block(given) * weights).sum().backward()
    slope = ((block(x + 1e-5 * direction) - block(x - 1e-5 * direction)) * weights).sum() / 2e-5
    assert (given.grad * direction).sum().item() == pytest.approx(slope.item(), rel=1e-6)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(InvalidParameter, match="auto-encoder"):
        variant_named("autoencoder9")
    with pytest.raises(InvalidParameter, match="vgg, resnet50"):
        Variant(encoder="alexnet")  # type: ignore[arg-type]
    for wrong in ({"width": 0}, {"hidden": -1}):
        with pytest.raises(InvalidParameter, match="wide"):
            Variant(**wrong)
    for camera in ({"focal": 0.0}, {"size": 50}, {"centre": np.nan}):
        with pytest.raises(InvalidParameter, match="camera"):
            Camera(**camera)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = small_network()
        with torch.no_grad():
            network.init_pts[0] = torch.tensor([0.0, 0.0, 0.8])
        with pytest.raises(InvalidParameter, match="plane of the camera"):
            network(pictures(1))
    for wrong in (pictures(1, 96), pictures(1)[0], pictures(1)[:, :1]):
        with pytest.raises(InvalidParameter, match=r"\(B, 3, 64, 64\)"):
            network(wrong)
