# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruction with mean shapes: against the published code with seeded weights, and in itself."""

from __future__ import annotations

import argparse
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import REFERENCE, reference
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets.arrays import Camera
from spherical_cow.errors import CheckpointError, ImageError, InvalidParameter
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.geometry.upright import Z_TO_Y
from spherical_cow.sphere.uv import sphere_atlas
from spherical_cow.symmetry.by_index import mirrored_pairs_error
from spherical_cow.symmetry.tables import mirror_tables
from spherical_cow.symmetry.templates import template

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.checkpoints import save_checkpoint  # noqa: E402
from spherical_cow.networks.layers.resnet import normalised  # noqa: E402
from spherical_cow.networks.models.reconstruction import SymmetricReconstruction  # noqa: E402
from spherical_cow.networks.reconstruction.camera import (  # noqa: E402
    UPRIGHT,
    camera_of,
    lens_at,
    matrices_of,
    quaternion_of,
    rotation_of,
)
from spherical_cow.networks.reconstruction.lab import rgb_of  # noqa: E402
from spherical_cow.networks.reconstruction.network import MeanShapeNetwork  # noqa: E402
from spherical_cow.networks.reconstruction.parts import TextureDecoder  # noqa: E402
from spherical_cow.networks.reconstruction.schemes import SCHEMES, scheme_of  # noqa: E402
from spherical_cow.networks.reconstruction.sizes import Sizes  # noqa: E402
from spherical_cow.networks.rendering.camera import in_picture, stacked  # noqa: E402
from spherical_cow.networks.rendering.paint import SphereTexture, UvTexture  # noqa: E402
from spherical_cow.networks.rendering.rasterise import Softness  # noqa: E402
from spherical_cow.networks.rendering.render import render  # noqa: E402

SMALL = Sizes(picture=64, trunk=4, features=16, code=12, head=8, hidden=16, texture=2)
ORIGINALS = {"mcmr_net": None, "mcmr_net_symmetric": 3}
SHARES = {"free": 1.0, "plane": 0.5, "two_planes": 0.25, "rotational": 0.1}


@pytest.fixture(scope="module", params=ORIGINALS)
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict, Path]:
    arrays, _ = reference(request.param)
    path: Path = tmp_path_factory.mktemp(request.param) / "checkpoint.pth"
    path.write_bytes(lzma.decompress((REFERENCE / request.param / "checkpoint.pth.xz").read_bytes()))
    model = SymmetricReconstruction.load(path, "cpu", ORIGINALS[request.param])
    return model, {name: torch.from_numpy(array) for name, array in arrays.items()}, path


def randomised(network: MeanShapeNetwork, seed: int = 0) -> MeanShapeNetwork:
    """With every weight drawn, so that nothing is zero by its beginning."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5, generator=generator)
            elif value.is_floating_point() and name != "mean_v":
                value.add_(0.1 * torch.randn(value.shape, generator=generator))
    return network.eval()


@pytest.fixture(scope="module", params=SCHEMES)
def schemed(request: pytest.FixtureRequest) -> tuple[str, Any, MeanShapeNetwork]:
    torch.manual_seed(0)
    scheme = scheme_of(request.param, 4)
    return request.param, scheme, randomised(MeanShapeNetwork.of(scheme, 2, SMALL))


def pictures(count: int, size: int = 64) -> Any:
    return torch.rand((count, 3, size, size), generator=torch.Generator().manual_seed(3))


# The originals


def test_originals_see_what_they_saw(original: tuple) -> None:
    model, arrays, _ = original
    images = arrays["image_u8"].float() / 255.0
    with torch.no_grad():
        seen = model.network(normalised(images))
    near = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(seen.code, arrays["feat_flat"], **near)
    torch.testing.assert_close(seen.classes, arrays["class_pred"], **near)
    torch.testing.assert_close(seen.mean, arrays["mean_shape"], **near)
    torch.testing.assert_close(seen.deformation, arrays["delta"], **near)
    torch.testing.assert_close(seen.raw_quaternion, arrays["quat"], **near)
    torch.testing.assert_close(seen.quaternion, arrays["quat_norm"], **near)
    torch.testing.assert_close(seen.place, arrays["trans"], **near)
    torch.testing.assert_close(seen.texture[:, :, ::4, ::4], arrays["uvimage_ds4"], **near)
    assert torch.equal(model.network.faces, arrays["faces"].long())


def test_the_result_of_an_original(original: tuple) -> None:
    model, arrays, _ = original
    image = arrays["image_u8"][1].permute(1, 2, 0).double().numpy() / 255.0
    made = model.reconstruct(image)
    published = (arrays["mean_shape"][1] + arrays["delta"][1]).double().numpy()
    np.testing.assert_allclose(made.mesh.vertices, published @ UPRIGHT.T, atol=2e-6)
    np.testing.assert_allclose(made.stages[0].vertices, arrays["mean_shape"][1].numpy() @ UPRIGHT.T, atol=2e-6)
    assert signed_volume(made.stages[0]) > 0.0, "turned the right way out"
    assert made.camera is not None and made.picture_size == 256
    scale, across, down = arrays["trans"][1].double().numpy()
    rotation = rotation_of(arrays["quat_norm"][1:2].double())[0].numpy()
    seen = (published * [1.0, -1.0, 1.0]) @ (scale * rotation).T + [0.0, 0.0, 5.0]
    expected = 3000.0 * seen[:, :2] / seen[:, 2:] + 128.0 + 128.0 * np.array([across, down])
    pixels, _ = made.camera.project(made.mesh.vertices)
    np.testing.assert_allclose(pixels, expected, atol=0.01)


def test_the_texture_of_an_original_lies_where_it_was_read(original: tuple) -> None:
    """The original reads 6 × 6 places of a face; ours is read at its corners, and between them a face is linear."""
    model, arrays, _ = original
    made = model.reconstruct(arrays["image_u8"][0].permute(1, 2, 0).double().numpy() / 255.0)
    assert made.texture is not None
    kept = slice(None, None, 16)  # the faces that the case has
    uv = made.texture.uv[kept, ::-1]  # turned round, as results are
    steps = np.arange(6) / 6.0
    along = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(36, 2)
    low = along + 1.0 / 18.0
    low = np.where(low.sum(axis=1, keepdims=True) < 1.0, low, along[::-1] + 1.0 / 9.0)
    weights = np.stack([low[:, 1], low[:, 0], 1.0 - low.sum(axis=1)], axis=1)
    places = torch.from_numpy(np.einsum("sk,fkc->fsc", weights, uv))
    pixels = torch.from_numpy(made.texture.pixels.transpose(2, 0, 1))
    grid = (2.0 * places - 1.0) * torch.tensor([1.0, -1.0])
    ours = torch.nn.functional.grid_sample(pixels[None], grid[None], align_corners=False)[0].permute(1, 2, 0)
    gap = (ours - arrays["albedo_faces"][0]).abs()
    assert gap.median() < 1e-3 and gap.quantile(0.95) < 0.02 * np.ptp(made.texture.pixels) < 0.02
    color = made.mesh.attributes["color"]
    assert color.shape == (642, 3) and np.ptp(color, axis=0).min() > 0.01


def test_symmetric_originals_are_symmetric(original: tuple) -> None:
    model, arrays, _ = original
    tables = mirror_tables(template(4, 1).mesh.vertices)
    made = model.reconstruct(arrays["image_u8"][0].permute(1, 2, 0).double().numpy() / 255.0)
    error = mirrored_pairs_error(made.mesh.vertices, tables).max()
    assert error < 1e-6 if model.stored.facts["symmetrised"] == "3" else error > 1e-3


@pytest.fixture(scope="module")
def as_saved() -> dict[str, Any]:
    """A narrow network as the original saves it: with the settings it was started with."""
    sphere = template(3, 1).mesh
    means = 0.25 * torch.from_numpy(sphere.vertices).float() + 0.02 * torch.randn((2, 362, 3))
    network = randomised(MeanShapeNetwork(means, torch.from_numpy(sphere.faces), sizes=SMALL))
    return {
        "epoch": 400,
        "best_IoU": np.float64(0.5),
        "G_net": {f"module.{name}": value for name, value in network.state_dict().items()},
        "G_optimizer": {"state": {}, "param_groups": []},
        "args": argparse.Namespace(subdivide=3, symmetrize=0, dataset_dir=Path("~/data"), img_size=64),
    }


def saved(path: Path, content: dict, settings: dict, **weights: Any) -> Path:
    """The file with other settings and weights; those that are None are left out."""
    args = argparse.Namespace(**{**vars(content["args"]), **settings})
    changed = {**content["G_net"], **{f"module.{name}": value for name, value in weights.items()}}
    torch.save(
        {**content, "args": args, "G_net": {name: v for name, v in changed.items() if v is not None}},
        path / "checkpoint.pth",
    )
    return path / "checkpoint.pth"


def test_originals_of_other_sizes(as_saved: dict, tmp_path: Path) -> None:
    model = open_model(saved(tmp_path, as_saved, {}), "cpu")
    told = model.facts()
    assert (told["epoch"], told["mean_shapes"], told["vertices"], told["symmetrised"]) == (400, 2, 362, "no")
    assert model.picture_size == 64 and model.stored.focal == pytest.approx(3000.0 / 64.0)
    birds = SymmetricReconstruction.load(saved(tmp_path, as_saved, {"dataset_name": "cub"}))
    assert birds.stored.focal == pytest.approx(1000.0 / 64.0)


@pytest.mark.parametrize("kind", [1, 2, 3, [3, 3], [1], [0, 2]])
def test_originals_are_made_symmetric_as_their_settings_say(as_saved: dict, tmp_path: Path, kind: Any) -> None:
    """By the formula of the original, on its table of this level, which takes two vertices to the wrong side."""
    model = SymmetricReconstruction.load(saved(tmp_path, as_saved, {"symmetrize": kind}))
    means, mirror = as_saved["G_net"]["module.mean_v"].numpy(), np.array([-1.0, 1.0, 1.0], np.float32)
    tables = template(3, 1, as_published=True).tables
    sides = [(tables.right, tables.left, kind)] if isinstance(kind, int) else [
        (*sides, one) for *sides, one in zip(tables.right_slices, tables.left_slices, kind, strict=False)
    ]  # fmt: skip
    expected = means.copy()
    for right, left, one in sides:
        if one:
            own = (0.0, 1.0, 0.5)[one - 1]
            expected[:, right] = own * means[:, right] + (1 - own) * mirror * means[:, tables.opposite[right]]
            expected[:, left] = (1 - own) * means[:, left] + own * mirror * means[:, tables.opposite[left]]
    expected[:, tables.middle, 0] = 0.0
    np.testing.assert_allclose(model.network.mean_shapes().detach().numpy(), expected, atol=1e-6)
    plain = SymmetricReconstruction.load(tmp_path / "checkpoint.pth", "cpu", 0)
    np.testing.assert_array_equal(plain.network.mean_shapes().detach().numpy(), means)


def test_originals_with_more_and_less_in_them(as_saved: dict, tmp_path: Path) -> None:
    counters = {name.removeprefix("module."): None for name in as_saved["G_net"] if name.endswith("batches_tracked")}
    more = {"perceptual.lin0.weight": torch.zeros(3), "encoder.resnet_conv.resnet.fc.bias": torch.zeros(1000)}
    opened = SymmetricReconstruction.load(saved(tmp_path, as_saved, {}, faces=None, **counters, **more))
    assert torch.equal(opened.network.faces, as_saved["G_net"]["module.faces"]), "found by the number of vertices"
    assert [remark for remark in opened.stored.remarks if "perceptual.lin0.weight" in remark]
    assert not [remark for remark in opened.stored.remarks if "resnet" in remark]
    for name in (
        "camera_predictor.2.weight",
        "class_classifier.0.0.weight",
        "albedo_predictor.decoder.up_0.conv_1.bias",
    ):
        with pytest.raises(CheckpointError, match=f"{name} is missing"):
            SymmetricReconstruction.load(saved(tmp_path, as_saved, {}, **{name: None}))
    with pytest.raises(CheckpointError, match="texture_type = vertex"):
        SymmetricReconstruction.load(saved(tmp_path, as_saved, {"texture_type": "vertex"}))
    with pytest.raises(InvalidParameter, match="kind of symmetrising"):
        SymmetricReconstruction.load(saved(tmp_path, as_saved, {"symmetrize": 9}))


def test_an_original_on_a_mesh_of_its_own(as_saved: dict, tmp_path: Path) -> None:
    """Shape and camera are there; where its texture belongs cannot be known, nor what is opposite to what."""
    faces = as_saved["G_net"]["module.faces"].flip(0)
    model = SymmetricReconstruction.load(saved(tmp_path, as_saved, {}, faces=faces))
    made = model.reconstruct(pictures(1)[0].permute(1, 2, 0).double().numpy())
    assert made.texture is None and "color" not in made.mesh.attributes and made.mesh.n_faces == len(faces)
    assert any("icosphere" in remark for remark in made.remarks)
    with pytest.raises(CheckpointError, match="cannot be made symmetric"):
        SymmetricReconstruction.load(saved(tmp_path, as_saved, {"symmetrize": 3}, faces=faces))


def test_the_softly_rendered_reference_is_seen_through_such_a_camera() -> None:
    """The picture of the original renderer, by its own rules, and ours of upright vertices through a camera."""
    arrays, _ = reference("softras")
    vertices, faces = arrays["s642_96_V"][0].astype(float), arrays["s642_96_F"][0].astype(np.int64)
    world = arrays["s642_96_Rt"][0].astype(float)
    turned = np.column_stack([world[:, :3] @ Z_TO_Y.T, world[:, 3]])
    camera = Camera(arrays["s642_96_K"][0].astype(float), turned)
    upright = torch.from_numpy(vertices @ UPRIGHT.T).float()
    matrices = stacked([camera], 96)
    drawn = render(upright, torch.from_numpy(faces[:, ::-1].copy()), matrices, 96, softness=Softness())
    gap = (drawn.mask[0] - torch.from_numpy(arrays["s642_96_mask"][0])).abs()
    assert gap.max() < 0.02 and gap.mean() < 1e-4


# The camera


def test_quaternions_and_rotations() -> None:
    generator = torch.Generator().manual_seed(0)
    quaternions = torch.nn.functional.normalize(torch.randn((40, 4), generator=generator, dtype=torch.float64), dim=1)
    axes = torch.eye(4, dtype=torch.float64)
    quaternions = torch.cat([quaternions, axes])
    rotations = rotation_of(quaternions)
    torch.testing.assert_close(rotations @ rotations.transpose(1, 2), torch.eye(3).double().expand(44, 3, 3))
    assert torch.linalg.det(rotations).min() > 0.999
    again = quaternion_of(rotations)
    torch.testing.assert_close((again * quaternions).sum(dim=1).abs(), torch.ones(44).double())
    quarter = rotation_of(torch.tensor([[0.5**0.5, 0.0, 0.0, 0.5**0.5]]))[0]
    torch.testing.assert_close(quarter @ torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("distance", [5.0, 0.6])
def test_both_ways_of_looking_agree(distance: float) -> None:
    """Matrices for networks see the network's space, a camera sees upright points."""
    lens = lens_at(distance)
    generator = torch.Generator().manual_seed(1)
    quaternions = torch.nn.functional.normalize(torch.randn((8, 4), generator=generator, dtype=torch.float64), dim=1)
    places = torch.rand((8, 3), generator=generator, dtype=torch.float64) - torch.tensor([-0.2, 0.5, 0.5])
    points = 0.05 * torch.randn((20, 3), generator=generator, dtype=torch.float64)
    theirs = in_picture(points, matrices_of(quaternions, places, lens, distance))
    cameras = [camera_of(q.numpy(), p.numpy(), 100, lens, distance) for q, p in zip(quaternions, places, strict=True)]
    assert all(camera is not None for camera in cameras)
    for camera, seen in zip(cameras, theirs.numpy(), strict=True):
        pixels, depths = camera.project(points.numpy() @ UPRIGHT.T)
        np.testing.assert_allclose(pixels, 50.0 * (1.0 + seen[:, :2] * [1.0, -1.0]), atol=1e-9)
        np.testing.assert_allclose(camera.world[:, :3] @ camera.world[:, :3].T, np.eye(3), atol=1e-12)
        assert depths.min() > 0.0
    assert camera_of(np.array([1.0, 0, 0, 0]), np.array([-0.1, 0.0, 0.0]), 64) is None


def test_gradients_of_the_camera_by_finite_differences() -> None:
    quaternion = torch.nn.functional.normalize(torch.tensor([[0.3, -0.5, 0.2, 0.7]]).double(), dim=1).requires_grad_()
    place = torch.tensor([[0.7, 0.1, -0.2]]).double().requires_grad_()
    points = torch.randn((5, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q, p: in_picture(points, matrices_of(q, p)), (quaternion, place))
    assert torch.autograd.gradcheck(lambda q: rotation_of(q), (quaternion,))


# Schemes


def test_only_what_symmetry_leaves_free_is_predicted(schemed: tuple) -> None:
    name, scheme, network = schemed
    given = []
    network.shape_predictor.decoder.register_forward_hook(lambda _, __, out: given.append(out))
    with torch.no_grad():
        seen = network(normalised(pictures(2)))
    assert given[0][0].numel() == network.outputs == scheme.outputs
    whole = scheme.mesh.vertices.size
    if name in SHARES:
        assert seen.vertices.shape == (2, 162, 3)
        assert scheme.outputs / whole == pytest.approx(SHARES[name], abs=0.06)
        assert scheme.gather.n_parameters() / whole == pytest.approx(SHARES[name], abs=0.02)
    else:
        free = MeanShapeNetwork.of(scheme_of("free", 4), 2, SMALL)
        assert seen.vertices.shape == (2, 642, 3) and network.outputs == free.outputs
        assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in free.parameters())


def test_shapes_have_the_symmetry_of_their_scheme(schemed: tuple) -> None:
    name, scheme, network = schemed
    with torch.no_grad():
        made = network(normalised(pictures(1))).vertices[0].double().numpy()
    assert np.linalg.norm(made - 0.25 * scheme.mesh.vertices, axis=1).max() > 0.02, "it bends"
    error = mirrored_pairs_error(made, mirror_tables(scheme.mesh.vertices)).max()
    assert error > 1e-3 if name == "free" else error < 1e-6
    if name == "two_planes":
        turned = np.roll(made, -1, axis=1)  # y becomes x; z is up
        assert mirrored_pairs_error(turned, mirror_tables(np.roll(scheme.mesh.vertices, -1, axis=1))).max() < 1e-6
    if name == "rotational":
        ring = np.abs(scheme.mesh.vertices[:, 2]) < 1e-9
        assert np.ptp(np.hypot(made[ring, 0], made[ring, 1])) < 1e-6 and ring.sum() > 8


def test_places_are_on_the_shape(schemed: tuple) -> None:
    """What the decoder is asked about is where its answers act: all of them different, none left out."""
    name, scheme, network = schemed
    asked = []
    network.shape_predictor.decoder.register_forward_pre_hook(lambda _, given: asked.append(given[1]))
    with torch.no_grad():
        seen = network(normalised(pictures(1)))
    places = asked[0][0]
    assert len(torch.unique(places, dim=0)) == scheme.gather.n_rows
    if name != "rotational":
        assert torch.equal(places, seen.mean[0][scheme.acts])
        moved = torch.zeros(scheme.gather.n_rows, 3)
        moved[5, 1] = 1.0
        vertices = network.symmetry(moved)
        assert vertices[scheme.acts[5], 1] == 1.0


def test_networks_remember_their_scheme(schemed: tuple, tmp_path: Path) -> None:
    name, scheme, network = schemed
    save_checkpoint(path := tmp_path / "best.safetensors", network, network="reconstruction", **scheme.facts())
    model = open_model(path, "cpu")
    image = pictures(1)[0].permute(1, 2, 0).double().numpy()
    made = model.reconstruct(image)
    with torch.no_grad():
        seen = network(normalised(pictures(1)))
    np.testing.assert_allclose(made.mesh.vertices, seen.vertices[0].numpy() @ UPRIGHT.T, atol=1e-6)
    assert made.picture_size == model.picture_size == 64 and model.facts()["scheme"] == name
    save_checkpoint(path, network, **{**scheme.facts(), "level": 5})
    with pytest.raises(CheckpointError, match=f"its scheme '{name}'"):
        open_model(path, "cpu")


def test_networks_remember_what_they_were_shown(tmp_path: Path) -> None:
    """How large the object was in the picture, and how long a unit of the network is; cameras that were tried go."""
    scheme = scheme_of("plane", 2)
    network = randomised(MeanShapeNetwork.of(scheme, 1, SMALL))
    files = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    save_checkpoint(files[0], network, **scheme.facts())
    network.hypotheses = torch.nn.Linear(3, 2)
    save_checkpoint(files[1], network, fill=0.8, unit=0.5, **scheme.facts())
    models = [open_model(file, "cpu") for file in files]
    assert [model.trained_fill for model in models] == [1.0, 0.8]
    image = pictures(1)[0].permute(1, 2, 0).double().numpy()
    one, two = (model.reconstruct(image) for model in models)
    np.testing.assert_allclose(two.mesh.vertices, 2.0 * one.mesh.vertices, atol=1e-9)
    assert one.camera is not None and two.camera is not None and not two.remarks
    np.testing.assert_allclose(
        two.camera.project(two.mesh.vertices)[0], one.camera.project(one.mesh.vertices)[0], atol=1e-6
    )
    save_checkpoint(files[1], network, distance=0.6, **scheme.facts())
    near = open_model(files[1], "cpu").reconstruct(image)
    assert near.camera is not None and near.camera.matrix[0, 0] == pytest.approx(0.12 * one.camera.matrix[0, 0])
    middle = near.camera.project(np.zeros((1, 3)))[0]
    np.testing.assert_allclose(middle, one.camera.project(np.zeros((1, 3)))[0], atol=1e-6)
    save_checkpoint(files[1], network, fill=7.0, **scheme.facts())
    with pytest.raises(CheckpointError, match="fill = 7"):
        open_model(files[1], "cpu")


def test_one_picture_is_as_one_of_many(schemed: tuple) -> None:
    _, _, network = schemed
    images = normalised(pictures(4))
    with torch.no_grad():
        many = network(images)
        for number in range(4):
            one = network(images[number : number + 1])
            for field in ("vertices", "texture", "quaternion", "place", "classes"):
                torch.testing.assert_close(getattr(one, field)[0], getattr(many, field)[number], rtol=1e-5, atol=1e-6)


def test_a_new_network_looks_at_a_sphere() -> None:
    for name in SCHEMES:
        scheme = scheme_of(name, 3, 1) if name != "refinement" else scheme_of(name, 3)
        network = MeanShapeNetwork.of(scheme, 3, SMALL)
        shapes = network.mean_shapes().detach().numpy()
        assert shapes.shape == (3, 362, 3)
        off = np.linalg.norm(shapes[1] - 0.25 * scheme.mesh.vertices, axis=1)
        assert off.max() < (0.01 if name == "rotational" else 1e-6)  # where its profile is bent between rows
    with pytest.raises(InvalidParameter, match="threefold"):
        scheme_of("threefold")


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    network = MeanShapeNetwork.of(scheme_of("plane", 2), 2, SMALL, mirrored=True, dropouts=(0.0, 0.0)).train()
    seen = network(normalised(pictures(3)))
    drawn = render(
        seen.vertices,
        network.faces.flip(1),
        matrices_of(seen.quaternion, seen.place),
        32,
        paint=SphereTexture(seen.texture, torch.from_numpy(scheme_of("plane", 2).mesh.vertices).float(), mirrored=True),
        softness=Softness(sigma=1e-3),
    )
    assert 0.05 < drawn.mask.mean() < 0.9
    (drawn.mask.square().mean() + drawn.colour.square().mean()).backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.abs().sum()]
    assert not without


# Textures


def test_a_mirrored_texture_is_half_as_wide_and_the_same_on_both_sides(tmp_path: Path) -> None:
    torch.manual_seed(0)
    scheme = scheme_of("plane", 4)
    network = randomised(MeanShapeNetwork.of(scheme, 1, SMALL, mirrored=True))
    save_checkpoint(path := tmp_path / "best.safetensors", network, mirrored=True, **scheme.facts())
    made = open_model(path, "cpu").reconstruct(pictures(1)[0].permute(1, 2, 0).double().numpy())
    with torch.no_grad():
        assert network(pictures(1)).texture.shape == (1, 3, 64, 32)
    assert made.texture is not None and made.texture.pixels.shape[1] < 48
    tables = mirror_tables(scheme.mesh.vertices)
    color = made.mesh.attributes["color"]
    np.testing.assert_allclose(color, color[tables.opposite], atol=1e-6)
    assert np.ptp(color, axis=0).max() > 0.01


def test_ends_of_a_texture_are_not_seen() -> None:
    """The step from one end to the other is no larger than steps between neighbours elsewhere; as published it is."""
    torch.manual_seed(1)
    steps = {}
    for mirrored, seamless in ((False, True), (False, False), (True, True)):
        decoder = TextureDecoder(4, 16, mirrored=mirrored, seamless=seamless)
        with torch.no_grad():
            decoder.conv_img.weight.mul_(30.0)
            made = decoder(torch.rand(1, 16, 1, 1))[0]
        assert made.shape == (3, 64, 32 if mirrored else 64) and made.std(dim=(1, 2)).min() > 0.01
        middle = made[:, 16:48]
        beside = (middle[..., 1:] - middle[..., :-1]).abs().amax(dim=(0, 1))
        ends = (middle[..., 0] - middle[..., -1]).abs().max()
        steps[mirrored, seamless] = (ends / beside[4:-4].max(), beside[[0, 1, -2, -1]].max() / beside[4:-4].max())
    assert steps[False, True][0] < 1.5 < steps[False, False][1]
    assert steps[False, True][1] < 1.5 and steps[True, True][1] < 1.5


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_result_shows_what_the_network_painted(mirrored: bool) -> None:
    """The texture by directions, pixel by pixel, and the same with UV coordinates at the corners of faces."""
    sphere = template(4, 1).mesh
    across = np.linspace(0.0, np.pi if mirrored else 2.0 * np.pi, 48 if mirrored else 96)
    down = np.linspace(0.0, np.pi, 64)[:, None]
    waves = [np.cos(k * across) * np.sin(down) ** k for k in (1, 2, 3)]  # smooth at the poles and through the cut
    pixels = 0.5 + 0.4 * np.stack(waves, axis=-1)
    atlas, uv = sphere_atlas(pixels, sphere.vertices, sphere.faces, mirrored)
    faces, places = torch.from_numpy(sphere.faces), torch.from_numpy(0.3 * sphere.vertices).float()
    views = torch.tensor([[0.9, 0.1, -0.3, 0.2], [0.1, 0.2, 0.9, 0.4], [0.6, 0.7, 0.0, -0.3]])
    matrices = matrices_of(torch.nn.functional.normalize(views, dim=1), torch.tensor([[0.6, 0.0, 0.0]] * 3))
    channels = [torch.from_numpy(image.transpose(2, 0, 1)).float() for image in (pixels, atlas)]
    paints = (
        SphereTexture(channels[0], torch.from_numpy(sphere.vertices).float(), mirrored),
        UvTexture(channels[1], torch.from_numpy(uv).float().flip(1)),  # turned round as the faces are
    )
    drawn = [render(places, faces.flip(1), matrices, 64, paint=paint).colour for paint in paints]
    gap = (drawn[0] - drawn[1]).abs()
    assert gap.max() < 0.2 and gap.quantile(0.999) < 0.03 and gap.mean() < 1e-3  # largest at outlines


def test_lab_textures() -> None:
    white, black, grey = rgb_of(np.array([[1.0, 0.5, 0.5], [0.0, 0.5, 0.5], [0.5, 0.5, 0.5]]))
    np.testing.assert_allclose(white, 1.0, atol=2e-3)
    np.testing.assert_allclose(black, 0.0, atol=2e-3)
    assert np.ptp(grey) < 2e-3 and 0.46 < grey.mean() < 0.47  # L* = 50
    red = rgb_of(np.array([0.5, 0.9, 0.5]))
    assert red[0] > red[1] + 0.3


# Inputs


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    scheme = scheme_of("plane", 2)
    network = randomised(MeanShapeNetwork.of(scheme, 1, SMALL))
    save_checkpoint(path := tmp_path_factory.mktemp("small") / "net.safetensors", network, **scheme.facts())
    return open_model(path, "cpu"), path


def test_the_picture_is_cut_to_the_object(small: tuple, tmp_path: Path) -> None:
    model, _ = small
    image = np.full((90, 150, 4), 255, np.uint8)
    image[..., 3] = 0
    image[20:60, 70:130] = np.random.default_rng(0).integers(0, 255, (40, 60, 4))
    image[20:60, 70:130, 3] = 255
    Image.fromarray(image).save(file := tmp_path / "cow.png")
    whole = model.reconstruct(file)
    moved = np.roll(image, (15, -40), axis=(0, 1))
    np.testing.assert_allclose(model.reconstruct(moved).mesh.vertices, whole.mesh.vertices, atol=1e-6)
    view = model._seen(file).pixels
    assert view.shape == (64, 64, 3)
    inked = np.argwhere((view < 0.99).any(axis=2))
    assert inked[:, 1].min() == 0 and inked[:, 1].max() == 63, "it fills the edge"
    assert 9 <= inked[:, 0].min() <= 12 and 51 <= inked[:, 0].max() <= 54, "and keeps its proportions"


def test_wrong_pictures(small: tuple, tmp_path: Path) -> None:
    model, _ = small
    broken = np.full((64, 64, 3), 0.5)
    broken[3, 3, 1] = np.nan
    with pytest.raises(ImageError, match="not numbers"):
        model.reconstruct(broken)
    with pytest.raises(ImageError, match="no image"):
        model.reconstruct(np.zeros((3, 4, 5, 6)))
    with pytest.raises(ImageError, match="does not exist"):
        model.reconstruct(tmp_path / "moon.png")
    with pytest.raises(InvalidParameter, match="image"):
        model.reconstruct(template(2).mesh)


def test_other_files_are_refused_in_words(small: tuple, tmp_path: Path) -> None:
    model, path = small
    with pytest.raises(InvalidParameter, match="scheme of symmetry of its own"):
        SymmetricReconstruction.load(path, "cpu", 3)
    weights = {name: value.clone() for name, value in model.network.state_dict().items()}
    facts = {"scheme": "plane", "level": 2, "subdivisions": 0}
    for change, words in (
        ({"faces": torch.full((4, 3), 99)}, "faces"),
        ({"encoder.enc_feat_flat.0.weight": torch.zeros(12, 17)}, "fit together|not the weights"),
        ({"mean_v": torch.zeros(1, 7, 3)}, "7 × 3"),
    ):
        torch.save({**facts, "model": {**weights, **change}}, other := tmp_path / "other.pt")
        with pytest.raises(CheckpointError, match=words):
            SymmetricReconstruction.load(other)
    torch.save({**facts, "scheme": "moebius", "model": weights}, other)
    with pytest.raises(CheckpointError, match="moebius"):
        SymmetricReconstruction.load(other)


def test_the_command(small: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, path = small
    pixels = np.full((80, 80, 3), 255, np.uint8)
    pixels[20:60, 30:50] = [200, 30, 30]
    Image.fromarray(pixels).save(tmp_path / "cow.png")
    assert main(["network", "info", str(path)]) == 0
    assert "Symmetric Reconstruction" in capsys.readouterr().out
    assert main(["network", "predict", str(path), str(tmp_path / "cow.png"), str(tmp_path / "cow.ply")]) == 0
    assert (tmp_path / "cow.ply").stat().st_size > 1000
