# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures with gradients: against the published rasteriser, by finite differences, and against the geometry itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import reference
from spherical_cow.datasets.arrays import Camera
from spherical_cow.errors import CheckpointError, InvalidParameter, MissingLibrary
from spherical_cow.sphere.icosphere import icosphere

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.layers.resnet import resnet18  # noqa: E402
from spherical_cow.networks.rendering import compiled  # noqa: E402
from spherical_cow.networks.rendering.back_ends import chosen_back_end  # noqa: E402
from spherical_cow.networks.rendering.camera import in_picture, stacked  # noqa: E402
from spherical_cow.networks.rendering.compiled import values_of  # noqa: E402
from spherical_cow.networks.rendering.light import Light  # noqa: E402
from spherical_cow.networks.rendering.losses import Perceptual, colour_loss, mask_iou_loss  # noqa: E402
from spherical_cow.networks.rendering.paint import SphereTexture, UvTexture, VertexColours  # noqa: E402
from spherical_cow.networks.rendering.perceptual import Vgg  # noqa: E402
from spherical_cow.networks.rendering.published import FaceTexture, published_picture  # noqa: E402
from spherical_cow.networks.rendering.rasterise import Softness, values_by_arrays  # noqa: E402
from spherical_cow.networks.rendering.render import render  # noqa: E402
from spherical_cow.networks.rendering.triangles import triangles_of  # noqa: E402

SIZE = 16


def camera(eye: tuple[float, float, float], size: int = SIZE, focal: float = 1.7) -> Camera:
    """From a place, on to the origin."""
    away = -np.asarray(eye, float) / np.linalg.norm(eye)
    right = np.cross(away, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    turn = np.stack([right, np.cross(away, right), away])
    matrix = np.array([[focal * size, 0.0, size / 2], [0.0, focal * size, size / 2], [0.0, 0.0, 1.0]])
    return Camera(matrix, np.column_stack([turn, -turn @ np.asarray(eye, float)]))


def two_views(distance: float = 2.0, size: int = SIZE) -> Any:
    ways = [(0.8, 0.3, 0.6), (-0.5, -0.4, 0.75)]
    eyes = [tuple(distance * x / math.hypot(*way) for x in way) for way in ways]
    return stacked([camera(eye, size) for eye in eyes], size).double()


def bumpy() -> tuple[Any, Any, Any]:
    """Vertices (V, 3), faces and directions of a small uneven ball."""
    ball = icosphere(3)
    way = torch.from_numpy(ball.vertices)
    far = 0.4 + 0.08 * torch.randn(len(way), 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return far * way, torch.from_numpy(ball.faces).long(), way


def random(*shape: int, seed: int = 1) -> Any:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slopes_agree(function: Callable[..., Any], *given: Any, step: float = 1e-6, within: float = 1e-6) -> None:
    """Derivatives along random directions are those of finite differences, and are not all zero."""
    inputs = [value.clone().requires_grad_() for value in given]
    gradients = torch.autograd.grad(function(*inputs), inputs)
    for place, (value, gradient) in enumerate(zip(given, gradients, strict=True)):
        assert torch.isfinite(gradient).all()
        assert gradient.norm() > 0
        for seed in range(2):
            way = random(*value.shape, seed=7 + seed) - 0.5
            way /= way.norm()
            ends = [function(*given[:place], value + s * step * way, *given[place + 1 :]) for s in (1.0, -1.0)]
            found = (ends[0] - ends[1]).item() / (2.0 * step)
            assert abs(found - (gradient * way).sum().item()) < within * max(gradient.norm().item(), 1.0)


def weighed(picture: Any) -> Any:
    """One number of all pixels."""
    total = (picture.mask * (random(*picture.mask.shape, seed=2) - 0.5)).sum()
    if picture.colour is not None:
        total = total + (picture.colour * (random(*picture.colour.shape, seed=3) - 0.5)).sum()
    return total


@pytest.mark.parametrize(("case", "size"), [("s642_96", 96), ("s162_64", 64), ("v162_64", 64)])
def test_published_pictures_and_gradients(case: str, size: int) -> None:
    arrays, _ = reference("softras")
    given = {key.removeprefix(f"{case}_"): torch.from_numpy(arrays[key]) for key in arrays if key.startswith(case)}
    vertices, texture = given["V"].requires_grad_(), given["tex"].requires_grad_()
    paint = FaceTexture(texture[0]) if case[0] == "s" else VertexColours(texture)
    upright = vertices * torch.tensor([1.0, -1.0, 1.0])
    faces = given["F"][0].long()
    picture = published_picture(upright, faces, given["K"] @ given["Rt"], size, paint, light=Light())
    torch.testing.assert_close(picture.mask, given["mask"], rtol=0.0, atol=1e-6)
    torch.testing.assert_close(picture.colour, given["rgb"], rtol=0.0, atol=1e-6)
    ((picture.colour * given["w_rgb"]).sum() + (picture.mask * given["w_mask"]).sum()).backward()
    for value, truth in ((vertices, given["grad_V"]), (texture, given["grad_tex"])):
        assert (value.grad - truth).norm() < 2e-6 * truth.norm()


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("sigma", [None, 1e-3])
def test_slopes_of_masks(sigma: float | None, closed: bool) -> None:
    vertices, faces, _ = bumpy()
    soft = None if sigma is None else Softness(sigma)
    slopes_agree(lambda v, m: weighed(render(v, faces, m, SIZE, softness=soft, closed=closed)), vertices, two_views())


def test_outlines_stay_in_place() -> None:
    ball, size = icosphere(8), 48
    vertices, faces = 0.4 * torch.from_numpy(ball.vertices), torch.from_numpy(ball.faces).long()
    view = two_views(2.0, size)
    sharp = render(vertices, faces, view, 8 * size, softness=Softness(1e-9)).mask.mean().item()
    radius = size * math.sqrt(sharp / math.pi)

    def moved(width: float, closed: bool) -> float:
        soft = Softness.of_pixels(width, size)
        mask = render(vertices, faces, view, size, softness=soft, closed=closed).mask
        return (math.sqrt(mask.mean().item() / sharp) - 1.0) * radius

    assert abs(moved(0.3, False)) < 0.1
    for width in (0.3, 0.75, 1.5):
        assert abs(moved(width, True)) < 0.04  # pixels


def test_what_is_behind_closes_the_outline_of_what_is_in_front() -> None:
    ball, size = icosphere(4), 32
    small = 0.2 * torch.from_numpy(ball.vertices) + torch.tensor([0.1, 0.0, 0.8])
    vertices = torch.cat([0.6 * torch.from_numpy(ball.vertices), small])
    faces = torch.cat([torch.from_numpy(ball.faces), torch.from_numpy(ball.faces) + len(small)]).long()
    view = stacked([camera((0.0, 0.0, 3.0), size)], size).double()
    soft = Softness.of_pixels(1.0, size)
    both, alone = (
        render(vertices, f, view, size, softness=soft, closed=True).mask for f in (faces, faces[: len(ball.faces)])
    )
    torch.testing.assert_close(both, alone)


def test_slopes_of_colours_on_a_closed_mesh() -> None:
    vertices, faces, _ = bumpy()

    def loss(v: Any, m: Any, c: Any) -> Any:
        return weighed(render(v, faces, m, SIZE, paint=VertexColours(c), softness=Softness(1e-3), closed=True))

    slopes_agree(loss, vertices, two_views(), random(len(vertices), 3))


def test_slopes_of_vertex_colours_in_light() -> None:
    vertices, faces, _ = bumpy()

    def loss(v: Any, m: Any, c: Any) -> Any:
        return weighed(render(v, faces, m, SIZE, paint=VertexColours(c), light=Light()))

    slopes_agree(loss, vertices, two_views(), random(len(vertices), 3))
    both = torch.stack([vertices, 0.9 * vertices])
    slopes_agree(loss, both, two_views(), random(2, len(vertices), 3))


@pytest.mark.parametrize("mirrored", [False, True])
def test_slopes_of_textures_on_a_sphere(mirrored: bool) -> None:
    vertices, faces, way = bumpy()

    def loss(v: Any, m: Any, t: Any) -> Any:
        paint = SphereTexture(t, way, mirrored)
        return weighed(render(v, faces, m, SIZE, paint=paint, light=Light(smooth=False)))

    slopes_agree(loss, vertices, two_views(), random(3, 24, 32))
    slopes_agree(loss, torch.stack([vertices, 1.1 * vertices]), two_views(), random(2, 3, 24, 32))


def test_slopes_of_textures_by_uv() -> None:
    vertices, faces, _ = bumpy()

    def loss(v: Any, m: Any, t: Any, uv: Any) -> Any:
        return weighed(render(v, faces, m, SIZE, paint=UvTexture(t, uv)))

    slopes_agree(loss, vertices, two_views(), random(3, 16, 16), random(len(faces), 3, 2))


@pytest.mark.parametrize("distance", [0.1, 0.42])
def test_slopes_of_a_mesh_around_and_through_the_camera(distance: float) -> None:
    vertices, faces, _ = bumpy()

    def loss(v: Any, m: Any, c: Any) -> Any:
        return weighed(render(v, faces, m, SIZE, paint=VertexColours(c), light=Light()))

    picture = render(vertices, faces, two_views(distance), SIZE)
    assert picture.mask[0].mean() > 0.9
    slopes_agree(loss, vertices, two_views(distance), random(len(vertices), 3), step=1e-7)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_compiled_loops_and_array_operations_agree(kind: Any) -> None:
    vertices, faces, _ = bumpy()
    corners = triangles_of(vertices.to(kind), faces, two_views().to(kind)).corners.detach().requires_grad_()
    soft = Softness(2e-4)
    found = [way(corners, SIZE, soft.margin, soft.sigma) for way in (values_of, values_by_arrays)]
    keys = [pixel + SIZE**2 * index for pixel, index, _ in found]
    assert torch.equal(*(key.sort().values for key in keys))
    slopes = []
    for key, (_, _, values) in zip(keys, found, strict=True):
        weighs = random(len(values), 5).to(kind)
        slopes.append(torch.autograd.grad((values[key.argsort()] * weighs).sum(), corners)[0])
    near = {"rtol": 1e-4, "atol": 1e-4} if kind is torch.float32 else {}
    torch.testing.assert_close(
        *(values[key.argsort()] for key, (_, _, values) in zip(keys, found, strict=True)), **near
    )
    assert (slopes[0] - slopes[1]).norm() < (1e-3 if kind is torch.float32 else 1e-9) * slopes[1].norm()


def test_one_picture_is_as_in_a_batch() -> None:
    vertices, faces, way = bumpy()
    meshes, textures = torch.stack([vertices, 0.8 * vertices]), random(2, 3, 20, 20)
    views = two_views()
    both = render(meshes, faces, views, SIZE, paint=SphereTexture(textures, way), light=Light())
    for number in range(2):
        alone = render(
            meshes[number], faces, views[number : number + 1], SIZE, paint=SphereTexture(textures[number], way),
            light=Light(),
        )  # fmt: skip
        torch.testing.assert_close(alone.colour[0], both.colour[number])
        torch.testing.assert_close(alone.mask[0], both.mask[number])


def test_a_triangle_covers_the_pixels_that_it_should() -> None:
    size = 32
    view = stacked([camera((0.0, 0.0, 2.0), size)], size).double()
    corners = torch.tensor([[-0.3, -0.2, 0.0], [0.35, -0.1, 0.1], [0.0, 0.4, -0.2]], dtype=torch.float64)
    picture = render(corners, torch.tensor([[0, 1, 2]]), view, size, softness=Softness(1e-9))
    places, _ = camera((0.0, 0.0, 2.0), size).project(corners.numpy())
    columns, rows = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    inside = np.ones((size, size), bool)
    for start, end in zip(places, np.roll(places, -1, axis=0), strict=True):
        turn = (end[0] - start[0]) * (rows - start[1]) - (end[1] - start[1]) * (columns - start[0])
        inside &= turn < 0
    assert inside.sum() > 50
    np.testing.assert_array_equal(picture.mask[0].numpy() > 0.5, inside)


def test_what_is_in_front_is_seen_whatever_the_order_of_the_faces() -> None:
    square = torch.tensor([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=torch.float64)
    vertices = torch.cat([square, 0.5 * square + torch.tensor([0.0, 0.0, 0.01])])
    halves = torch.tensor([[0, 1, 2], [0, 2, 3]])
    colours = torch.cat([torch.zeros(4, 3), torch.ones(4, 3)]).double()
    view = stacked([camera((0.0, 0.0, 3.0))], SIZE).double()
    for faces in (torch.cat([halves, halves + 4]), torch.cat([halves + 4, halves])):
        picture = render(vertices, faces, view, SIZE, paint=VertexColours(colours), background=0.5)
        torch.testing.assert_close(picture.colour[0, :, 8, 8], torch.ones(3).double())
        torch.testing.assert_close(picture.colour[0, :, 8, 2], torch.zeros(3).double(), atol=1e-6, rtol=0.0)


def test_textures_lie_as_perspective_wants_and_read_from_the_top() -> None:
    # A square that leans away: a line through it stays where it is in space, not halfway in the picture.
    vertices = torch.tensor([[-1.0, -1, 1], [1, -1, 1], [1, 1, -3], [-1, 1, -3]], dtype=torch.float64)
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uv = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]]).double()[faces]
    texture = torch.zeros(1, 256, 256).double()
    texture[:, :128] = 1.0  # its upper half, v > 1/2, is the farther half of the square
    size = 64
    eye = camera((0.0, 0.0, 4.0), size, 0.8)
    picture = render(vertices, faces, stacked([eye], size).double(), size, paint=UvTexture(texture, uv))
    (middle, lowest), _ = eye.project(np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 1.0]]))
    column = picture.colour[0, 0, :, size // 2]
    dark = ((column < 0.5) & (picture.mask[0, :, size // 2] > 0.5)).nonzero()[:, 0]
    assert abs(dark.min() - middle[1]) <= 1.5
    assert abs(dark.max() - lowest[1]) <= 1.5


def test_fine_patterns_blur_in_the_distance() -> None:
    ball = icosphere(4)
    way, faces = torch.from_numpy(ball.vertices), torch.from_numpy(ball.faces).long()
    stripes = (torch.arange(256) // 2 % 2).double().expand(1, 128, 256)
    view = two_views(4.0, 24)
    inner = render(way, faces, view, 24).mask > 0.999
    seen = render(way, faces, view, 24, paint=SphereTexture(stripes, way)).colour[:, 0]
    assert (seen - 0.5).square()[inner].mean().sqrt() < 0.2  # unfiltered: 0.37
    near = render(way, faces, two_views(2.0, 24), 24, paint=SphereTexture(stripes, way)).colour
    assert near.std() > 0.3


@pytest.mark.parametrize(("face", "z"), [(None, 0.0), ((0, 0, 0), 0.0), ((0, 1, 1), 0.0), ((0, 1, 2), 9.0)])
@pytest.mark.parametrize("paint", ["colours", "sphere", "uv"])
def test_nothing_to_see(face: tuple[int, ...] | None, z: float, paint: str) -> None:
    faces = torch.tensor([] if face is None else [face]).long().reshape(-1, 3)
    vertices = torch.tensor([[-1.0, 0, z], [1, 0, z], [0, 1, z]], dtype=torch.float64, requires_grad=True)
    way, texture = torch.eye(3).double(), random(3, 4, 4)
    on = {"sphere": SphereTexture(texture, way), "uv": UvTexture(texture, random(len(faces), 3, 2))}
    view = stacked([camera((0.0, 0.0, 2.0))], SIZE).double()
    chosen = on.get(paint, VertexColours(random(3, 3)))
    picture = render(vertices, faces, view, SIZE, paint=chosen, light=Light(), background=0.25)
    assert not render(vertices, faces, view, SIZE, closed=True).mask.any()
    torch.testing.assert_close(picture.colour, torch.full((1, 3, SIZE, SIZE), 0.25).double())
    assert not picture.mask.any()
    (picture.colour.sum() + picture.mask.sum()).backward()
    assert vertices.grad is None or torch.isfinite(vertices.grad).all()


def test_one_face_over_the_whole_picture() -> None:
    vertices = torch.tensor([[-90.0, -90, 0], [90, -90, 0], [0, 90, 0]], dtype=torch.float64, requires_grad=True)
    view = stacked([camera((0.0, 0.0, 2.0))], SIZE).double()
    picture = render(vertices, torch.tensor([[0, 1, 2]]), view, SIZE, paint=VertexColours(torch.ones(3, 1).double()))
    torch.testing.assert_close(picture.colour, torch.ones(1, 1, SIZE, SIZE).double())
    picture.colour.sum().backward()
    assert torch.isfinite(vertices.grad).all()


def test_flat_faces_among_others_leave_gradients_finite() -> None:
    vertices, faces, _ = bumpy()
    vertices[faces[5, 0]] = vertices[faces[5, 1]]  # several faces have no area
    vertices.requires_grad_()
    weighed(render(vertices.float(), faces, two_views().float(), SIZE, softness=Softness(1e-3))).backward()
    assert torch.isfinite(vertices.grad).all()


def test_cameras_project_as_the_dataset_says() -> None:
    vertices, _, _ = bumpy()
    eye = camera((0.5, 0.4, 1.8))
    pixels, depths = eye.project(vertices.numpy())
    seen = in_picture(vertices, stacked([eye], SIZE).double())[0].numpy()
    np.testing.assert_allclose((seen[:, 0] + 1) * SIZE / 2, pixels[:, 0], atol=1e-5)
    np.testing.assert_allclose((1 - seen[:, 1]) * SIZE / 2, pixels[:, 1], atol=1e-5)
    np.testing.assert_allclose(seen[:, 2], depths, atol=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    vertices, faces, way = bumpy()
    views = two_views()
    with pytest.raises(InvalidParameter, match="make no picture"):
        render(vertices[:, :2], faces, views, SIZE)
    with pytest.raises(InvalidParameter, match="make no picture"):
        render(torch.stack([vertices] * 3), faces, views, SIZE)
    with pytest.raises(InvalidParameter, match="not all numbers"):
        render(vertices * math.nan, faces, views, SIZE)
    with pytest.raises(InvalidParameter, match="do not exist"):
        render(vertices, faces + len(vertices), views, SIZE)
    for paint in (
        VertexColours(random(3, 3)), SphereTexture(random(3, 4), way), UvTexture(random(3, 4, 4), random(2, 3, 2)),
        SphereTexture(random(3, 3, 4, 4), way),
    ):  # fmt: skip
        with pytest.raises(InvalidParameter, match="cannot be painted"):
            render(vertices, faces, views, SIZE, paint=paint)


@pytest.mark.parametrize(("sigma", "reach"), [(0.0, 1e-4), (-1.0, 1e-4), (math.nan, 1e-4), (1e-3, 0.5), (1e-3, 0.0)])
def test_softness_that_cannot_be_is_refused(sigma: float, reach: float) -> None:
    with pytest.raises(InvalidParameter, match="cannot be drawn"):
        Softness(sigma, reach)


def test_softness_that_needs_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST_PAIRS", 1000)
    vertices, faces, _ = bumpy()
    render(vertices, faces, two_views(4.0, 4), 4)
    with pytest.raises(InvalidParameter, match="too many to hold"):
        render(vertices, faces, two_views(), SIZE, softness=Softness(1.0))


def test_choice_of_the_back_end() -> None:
    here, card = torch.device("cpu"), torch.device("cuda")
    assert chosen_back_end("auto", here, soft=False) == "own"
    assert chosen_back_end("auto", card, soft=True) == "own"
    with pytest.raises(InvalidParameter, match="no back-end 'opengl'"):
        chosen_back_end("opengl", here, soft=False)
    for name in ("pytorch3d", "nvdiffrast"):
        try:
            __import__(name)
        except ImportError:
            with pytest.raises(MissingLibrary, match="is not installed"):
                render(*bumpy()[:2], two_views(), SIZE, back_end=name)
            assert chosen_back_end("auto", card, soft=False) == "own" or name == "pytorch3d"


def test_pictures_by_pytorch3d_are_ours() -> None:
    pytest.importorskip("pytorch3d", reason="PyTorch3D is not installed")
    vertices, faces, way = bumpy()
    given = (vertices.float(), faces, two_views().float(), SIZE)
    paint = SphereTexture(random(3, 8, 8).float(), way.float())
    ours, theirs = (render(*given, paint=paint, back_end=name) for name in ("own", "pytorch3d"))
    torch.testing.assert_close(theirs.mask, ours.mask, atol=1e-3, rtol=0.0)
    assert (theirs.colour - ours.colour).abs().mean() < 1e-3


def test_losses_of_masks_and_colours() -> None:
    a = torch.zeros(2, 4, 4).double()
    b = a.clone()
    a[0, :2], b[0, 1:3] = 1.0, 1.0
    assert mask_iou_loss(a, b).item() == pytest.approx(0.5 * (1 - 1 / 3), abs=1e-6)  # two empty masks agree
    assert mask_iou_loss(a, a).item() == pytest.approx(0.0, abs=1e-6)
    left, right = random(2, 3, 4, 4), random(2, 3, 4, 4, seed=5)
    assert colour_loss(left, right).item() == pytest.approx((left - right).abs().mean().item())
    apart = colour_loss(left, right, a, reduced=False)
    assert apart.tolist() == pytest.approx([(left - right)[0, :, :2].abs().mean().item(), 0.0], rel=1e-5)
    assert colour_loss(left, right, a).item() == pytest.approx(apart.mean().item())
    assert mask_iou_loss(a, b, reduced=False).tolist() == pytest.approx([2 / 3, 0.0], abs=1e-6)
    assert colour_loss(left, right, 0.0 * a).item() == 0.0
    slopes_agree(lambda x, y: mask_iou_loss(x, y), random(2, 4, 4), random(2, 4, 4, seed=6))
    slopes_agree(lambda x, m: colour_loss(x, right, m), left, random(2, 4, 4, seed=6))
    for wrong in (a[:1], a[:0]):
        with pytest.raises(InvalidParameter, match="cannot be compared"):
            mask_iou_loss(wrong, a if len(wrong) else wrong)


@pytest.mark.parametrize("kind", ["resnet", "vgg", "encoder"])
def test_perceptual_loss(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Vgg(4) if kind == "vgg" else resnet18(4)
    weights = {**network.state_dict(), "classifier.6.weight": torch.rand(3, 3)}
    if kind == "encoder":
        weights = {"model": {f"encoder.features.{name}": value for name, value in weights.items()}}
    torch.save(weights, tmp_path / "weights.pth")
    loss = Perceptual.read(tmp_path / "weights.pth").double()
    loss.train()  # which changes nothing
    a, b = random(2, 3, 32, 32), random(2, 3, 32, 32, seed=4)
    assert loss(a, a).item() == 0.0
    assert 0.0 < loss(a, 0.9 * a + 0.1 * b) < loss(a, b)
    features = [network.double().eval().stages((x - loss_mean()) / loss_deviation()) for x in (a, b)]
    apart = [(x / x.norm(dim=1, keepdim=True).clamp_min(1e-12) - y / y.norm(dim=1, keepdim=True).clamp_min(1e-12))
             for x, y in zip(*features, strict=True)]  # fmt: skip
    truth = sum(d.square().sum(dim=1).mean() for d in apart) / len(apart)
    torch.testing.assert_close(loss(a, b), truth)
    slopes_agree(lambda x: loss(x, b), a)
    with pytest.raises(InvalidParameter, match="cannot be compared as they look"):
        loss(a[:, :1], b[:, :1])


def loss_mean() -> Any:
    return torch.tensor([0.485, 0.456, 0.406]).double()[:, None, None]


def loss_deviation() -> Any:
    return torch.tensor([0.229, 0.224, 0.225]).double()[:, None, None]


def test_perceptual_loss_without_its_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no file"):
        Perceptual.read(tmp_path / "nothing.pth")
    torch.save({"decoder.weight": torch.rand(3)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="neither VGG-16 nor ResNet-18"):
        Perceptual.read(tmp_path / "other.pth")
