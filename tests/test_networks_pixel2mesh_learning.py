# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel2Mesh learns: where truth lies, layouts of data, the lesson, the published numbers, one picture by heart."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import lzma
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import REFERENCE, reference
from PIL import Image
from scipy import ndimage
from spherical_cow.cli.main import main
from spherical_cow.datasets.arrays import Camera as Pinhole
from spherical_cow.datasets.views import View, random_views
from spherical_cow.errors import Cancelled, DatasetError, InvalidParameter
from spherical_cow.mesh import Mesh
from spherical_cow.metrics.protocols import cloud_scores

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from pictured import blob, make_pictured, picture_of  # noqa: E402
from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.pixel2mesh.evaluation import evaluate_pictures  # noqa: E402
from spherical_cow.networks.pixel2mesh.examples import OwnExamples, opened  # noqa: E402
from spherical_cow.networks.pixel2mesh.lesson import Pixel2MeshLesson, Pixel2MeshOptions, bent  # noqa: E402
from spherical_cow.networks.pixel2mesh.losses import Weights  # noqa: E402
from spherical_cow.networks.pixel2mesh.overfit import OverfitSettings, overfit  # noqa: E402
from spherical_cow.networks.pixel2mesh.placing import seen_from  # noqa: E402
from spherical_cow.networks.pixel2mesh.pooling import Camera  # noqa: E402
from spherical_cow.networks.pixel2mesh.published import PublishedExamples, published_view  # noqa: E402
from spherical_cow.networks.pixel2mesh.rebuilding import rebuilding_loss  # noqa: E402
from spherical_cow.networks.pixel2mesh.variants import VARIANTS, Variant  # noqa: E402
from spherical_cow.networks.training.config import TrainingConfig, config_from  # noqa: E402
from spherical_cow.networks.training.run import learn, train  # noqa: E402

TINY = {"size": "tiny", "points": 150, "levels": 1}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shapes with two views each."""
    return make_pictured(tmp_path_factory.mktemp("pictured"), {"a": blob(0, 5), "b": blob(1, 5)})


def configuration(dataset: Path, out: Path, **changes: Any) -> TrainingConfig:
    options = {**TINY, **changes.pop("options", {})}
    values = {"model": "pixel2mesh", "dataset": str(dataset), "out": str(out), "batch": 2, "steps": 4, "device": "cpu"}
    often = {"validate_every": 2, "save_every": 1, "log_every": 1, "workers": 0}
    return config_from({**values, **often, "options": options, **changes})


# Where truth lies


@pytest.mark.parametrize("variant", ["default", "tensorflow"])
def test_truth_appears_where_the_picture_has_it(variant: str) -> None:
    mesh, camera = blob(3, 8), VARIANTS[variant].camera
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    for view in random_views(3, 5):
        picture, mask = picture_of(mesh, view, 96)
        pinhole = view.camera(96, 0.5 * (low + high), float(np.linalg.norm(high - low)))
        place = seen_from(pinhole, picture.shape[:2], low, high, camera)
        seen = place.apply(mesh.vertices)
        assert np.linalg.det(place.rotation) == pytest.approx(1.0), "a shape is never mirrored"
        assert seen[:, 2].mean() == pytest.approx(-view.ratio, abs=0.05)
        column, row = camera.pixels(torch.from_numpy(seen - np.asarray(camera.offset))[None])
        at = np.stack([column[0].numpy(), row[0].numpy()], axis=1)
        expected = 224.0 / 96.0 * pinhole.project(mesh.vertices)[0] - (0.5 if variant == "default" else 0.0)
        assert np.abs(at - expected).max() < 0.8, "of 224 pixels"
        found = 96.0 / 224.0 * (at + (0.5 if variant == "default" else 0.0))
        pixel = found.clip(0, 95).astype(int)
        assert mask[pixel[:, 1], pixel[:, 0]].mean() > 0.9, "nearly all vertices are within the outline"
        there = np.argwhere(mask > 0.9)[:, ::-1] + 0.5
        corners = np.concatenate([there.min(axis=0), there.max(axis=0)])
        np.testing.assert_allclose(np.concatenate([found.min(axis=0), found.max(axis=0)]), corners, atol=1.5)


def test_cameras_that_cannot_be() -> None:
    pinhole = View(10.0, 25.0, 0.8).camera(64, np.zeros(3), 1.0)
    low, high = np.full(3, -0.3), np.full(3, 0.3)
    with pytest.raises(DatasetError, match="square"):
        seen_from(pinhole, (64, 96), low, high, Camera())
    away = Pinhole(pinhole.matrix, -pinhole.world)
    with pytest.raises(DatasetError, match="looks away"):
        seen_from(away, (64, 64), low, high, Camera())


def test_points_and_normals_of_a_folder(folder: Path) -> None:
    examples = opened(folder, Camera())
    assert isinstance(examples, OwnExamples)
    shown = examples.of("train")
    assert [(one.model.name, one.view) for one in shown] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    points, normals = examples.truth(shown[1])
    assert np.linalg.norm(np.ptp(points, axis=0)) < 0.75 and abs(points[:, 2].mean()) < 0.2, "around the origin"
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=2e-3)
    outward = points - points.mean(axis=0)
    assert (np.einsum("ni,ni->n", outward, normals) > 0.0).mean() > 0.95
    few = examples.truth(shown[1], np.array([0.0, 0.5]))[0]
    np.testing.assert_allclose(few, points[[0, len(points) // 2]])
    assert examples.picture(shown[0]).shape == (3, 224, 224)
    assert examples.judged(shown[0]).shape == (10_000, 3)


# The published data


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shape in both of the published layouts."""
    root, random = tmp_path_factory.mktemp("published"), np.random.default_rng(0)
    rays = random.standard_normal((300, 3))
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    rows = np.concatenate([0.2 * rays + [0.0, 0.0, -0.8], rays], axis=1)
    place = root / "data_tf" / "02691156" / "plane" / "rendering"
    place.mkdir(parents=True)
    picture = random.integers(0, 255, (137, 137, 4)).astype(np.uint8)
    picture[:60, :, 3] = 0
    for view in range(2):
        (place / f"{view:02}.dat").write_bytes(pickle.dumps(rows, protocol=2))
        Image.fromarray(picture).save(place / f"{view:02}.png")
    (root / "data" / "02691156").mkdir(parents=True)
    both = [np.full((224, 224, 3), 200, np.uint8), rows.astype(np.float32)]
    (root / "data" / "02691156" / "plane_03.dat").write_bytes(pickle.dumps(both, protocol=2))
    (root / "meta").mkdir()
    lines = [f"Data/ShapeNetP2M/02691156/plane/rendering/{view:02}.dat\n" for view in range(2)]
    (root / "meta" / "train_tf.txt").write_text("".join(lines))
    (root / "meta" / "test.txt").write_text("02691156_plane_03.dat\n")
    (root / "shapenet.json").write_text(json.dumps({"02691156": {"id": "02691156", "name": "airplane,plane"}}))
    return root


def test_the_published_layouts(published: Path) -> None:
    examples = opened(published, Camera())
    assert isinstance(examples, PublishedExamples)
    for split, classes, views in (("train", ("plane",), [0, 1]), ("test", (), [3])):
        shown = examples.of(split, classes)
        assert [one.view for one in shown] == views
        points, normals = examples.truth(shown[0])
        assert points.shape == (300, 3) and np.abs(points.mean(axis=0)).max() < 0.05, "less the offset"
        np.testing.assert_allclose(points, 0.2 * normals, atol=1e-6)
        assert examples.picture(shown[0]).shape == (3, 224, 224)
    assert examples.picture(examples.of("train")[0])[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(DatasetError, match="no examples"):
        examples.of("train", ("car",))
    with pytest.raises(DatasetError, match=r"test, train_tf"):
        examples.of("val")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps([1, 2]), "no picture"),
        (pickle.dumps([np.zeros((2, 2, 3), np.uint8), np.zeros((4, 3))]), r"\(N, 6\)"),
        (pickle.dumps([np.zeros((2, 2, 3), np.uint8), np.full((4, 6), np.nan)]), "not numbers"),
        (pickle.dumps(Path("x")), "plane_03"),
        (b"nothing", "plane_03"),
    ],
)
def test_published_data_that_are_damaged(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "data" / "02691156").mkdir(parents=True)
    (tmp_path / "data" / "02691156" / "plane_03.dat").write_bytes(content)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "test.txt").write_text("02691156_plane_03.dat")
    examples = opened(tmp_path, Camera())
    with pytest.raises(DatasetError, match=words):
        examples.truth(examples.of("test")[0])
    (tmp_path / "meta" / "test.txt").write_text("../../etc/rendering/00.dat")
    with pytest.raises(DatasetError, match="has the line"):
        examples.of("test")


@pytest.mark.parametrize("case", ["p2m_vgg_default", "p2m_vgg_tfalign"])
def test_pictures_are_seen_as_by_the_original(case: str) -> None:
    arrays, _ = reference(case)
    picture = np.asarray(Image.open(io.BytesIO(arrays["image_png"].tobytes())))
    seen = published_view(picture, dark_border=case.endswith("tfalign"))
    np.testing.assert_allclose(seen, arrays["image224"], atol=2e-5)


@pytest.mark.parametrize("shape", [(300, 400), (137, 137), (60, 500), (1, 3)])
def test_pictures_of_other_sizes_are_seen_as_scikit_image_resizes_them(shape: tuple[int, int]) -> None:
    """Smoothed along the sides that are larger than 224, linear between pixels, mirrored at the edge."""
    picture = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    deviations = [max(0.0, 0.5 * (side / 224 - 1.0)) for side in shape]
    smooth = ndimage.gaussian_filter(picture / 255.0, (*deviations, 0.0), mode="mirror")
    factors = (224 / shape[0], 224 / shape[1], 1.0)
    expected = ndimage.zoom(smooth, factors, order=1, mode="mirror", grid_mode=True)
    np.testing.assert_allclose(published_view(picture).transpose(1, 2, 0), expected, atol=1e-6)


# The lesson


def test_a_batch_does_not_depend_on_how_it_is_shared(folder: Path, tmp_path: Path) -> None:
    lesson = Pixel2MeshLesson(configuration(folder, tmp_path))
    whole, halves = lesson.batch(3, 0, 1), [lesson.batch(3, share, 2) for share in (0, 1)]
    assert {name: tuple(value.shape) for name, value in whole.items()} == {
        "picture": (2, 3, 224, 224),
        "points": (2, 150, 3),
        "normals": (2, 150, 3),
    }
    for name, value in whole.items():
        assert torch.equal(value, torch.cat([half[name] for half in halves]))
    first = torch.cat([lesson.batch(step, 0, 1)["picture"] for step in (0, 1)])
    assert len({float(one.sum()) for one in first}) == 4, "each view comes once in a round"
    halved = sum(float(lesson.loss(half, 3).detach()) for half in halves) / 2.0
    assert float(lesson.loss(whole, 3).detach()) == pytest.approx(halved, rel=1e-5)


def test_it_begins_with_the_template(folder: Path, tmp_path: Path) -> None:
    """Also of pictures that it has not seen, and in evaluation."""
    for variant, begin in (*((name, "template") for name in VARIANTS), ("default", "random")):
        torch.manual_seed(0)
        size = "full" if variant == "small" else "small"
        options = {"variant": variant, "begin": begin, "levels": 2, "size": size}
        lesson = Pixel2MeshLesson(configuration(folder, tmp_path, options=options))
        for training in (True, False):
            lesson.network.train(training)
            for picture in (lesson.examples.picture(lesson.shown[1]), np.zeros((3, 224, 224), np.float32)):
                assert (far_from_template(lesson, picture) < 0.06) == (begin == "template"), variant


def far_from_template(lesson: Pixel2MeshLesson, picture: Any) -> float:
    """The mean way of a vertex of the last stage from where it is in the template, of which half axes are 0.2."""
    template = lesson.network.template.meshes()[-1].vertices
    return float(np.linalg.norm(bent(lesson.network, picture) - template, axis=1).mean())


@pytest.mark.parametrize("variant", ["default", "auto-encoder"])
def test_a_stopped_training_goes_on_as_if_it_had_not(variant: str, folder: Path, tmp_path: Path) -> None:
    """Also where it stops between pictures and meshes."""

    def stop(fraction: float, phase: str) -> None:
        if phase.startswith("Step 2 "):
            raise Cancelled

    changes = {"options": {"variant": variant}, "steps": 3, "validate_every": 3}
    whole, parts = (configuration(folder, tmp_path / name, **changes) for name in ("whole", "parts"))
    report = train(whole)
    with pytest.raises(Cancelled):
        train(parts, stop)
    assert train(parts, resume=True).scores == report.scores
    a, b = (torch.load(config.out / "last.pt", weights_only=True)["model"] for config in (whole, parts))
    assert all(torch.equal(a[name], b[name]) for name in a)
    model = open_model(report.checkpoint, "cpu")
    assert not model.remarks  # nothing is missing in a file of our own
    assert model.card.name == "pixel2mesh"
    found = evaluate_pictures(model.network, folder, split="val")
    assert -1000.0 * found.mean()["chamfer"] == pytest.approx(report.best, rel=1e-5), (
        "the score is the published number"
    )


def test_the_auto_encoder_first_rebuilds_pictures(folder: Path, tmp_path: Path) -> None:
    options = {"variant": "auto-encoder", "rebuild": 0.5}
    lesson = Pixel2MeshLesson(configuration(folder, tmp_path, options=options))
    assert lesson.rebuilding == 1
    batch = lesson.batch(0, 0, 1)
    with torch.no_grad():
        rebuilt = rebuilding_loss(lesson.network(batch["picture"]).picture, batch["picture"])
        assert float(lesson.loss(batch, 0)) == pytest.approx(float(rebuilt))
    for step, learns, rests in ((0, "nn_decoder.conv_1.weight", "gconv.weight"), (1, "gconv.weight", "nn_decoder")):
        lesson.network.zero_grad()
        lesson.loss(batch, step).backward()
        moved = {name for name, one in lesson.network.named_parameters() if one.grad is not None and one.grad.any()}
        assert learns in moved and not any(name.startswith(rests) for name in moved)
    plain = Pixel2MeshLesson(configuration(folder, tmp_path, options={**options, "rebuild": 0.0}))
    assert plain.network.nn_decoder is None
    learned = learn(Pixel2MeshLesson, configuration(folder, tmp_path / "run", options=options, steps=2))
    assert open_model(learned.checkpoint, "cpu").network.variant.rebuilds


def test_meshes_begin_with_the_template_when_pictures_are_rebuilt(folder: Path, tmp_path: Path) -> None:
    """However far the features have gone from what they were; and nothing wears down what bends meanwhile."""
    made, begun = list[Pixel2MeshLesson](), dict[str, Any]()

    def noted(config: TrainingConfig) -> Pixel2MeshLesson:
        made.append(Pixel2MeshLesson(config))
        begun.update({name: one.detach().clone() for name, one in made[-1].network.named_parameters()})
        return made[-1]

    options = {"variant": "auto-encoder", "size": "small", "rebuild": 4.0}
    learn(noted, configuration(folder, tmp_path, options=options, steps=8, learning_rate=3e-3, validate_every=8))
    (lesson,) = made
    assert lesson.rebuilding == 8
    for name, one in lesson.network.named_parameters():
        bends = name.startswith(("gcns.", "gconv.", "init_pts"))
        assert torch.equal(one, begun[name]) == bends, name
    picture = lesson.examples.picture(lesson.shown[0])
    assert far_from_template(lesson, picture) > 0.2
    lesson.network.train()
    values = [float(lesson.loss(lesson.batch(8, 0, 1), 8).detach()) for _ in range(2)]
    assert far_from_template(lesson, picture) < 0.04
    assert values[0] == pytest.approx(values[1], rel=1e-3), "before that step, and nothing changes when asked again"


def test_the_rebuilding_loss_is_that_of_sums() -> None:
    rebuilt, picture = torch.rand(2, 3, 4, 4, dtype=torch.double), torch.rand(2, 3, 4, 4, dtype=torch.double)
    entropy = -(picture * rebuilt.log() + (1 - picture) * (1 - rebuilt).log()).sum()
    expected = 1e-4 * (entropy + (rebuilt - picture).abs().sum()) / 2
    torch.testing.assert_close(rebuilding_loss(rebuilt, picture), expected)
    rebuilt = rebuilt.clamp(0.1, 0.9).requires_grad_()
    assert torch.autograd.gradcheck(lambda value: rebuilding_loss(value, picture), (rebuilt,), fast_mode=True)


def test_options(folder: Path, tmp_path: Path) -> None:
    assert Pixel2MeshOptions().weights == Weights()
    assert Pixel2MeshOptions(variant="resnet50", edge=0.2).weights == Weights(opposite=0.55, edge=0.2, move=0.033)
    assert Pixel2MeshOptions(levels=4).weights.chamfer == (1.0,) * 4
    for options, words in (
        ({"variant": "cow"}, "cow"),
        ({"size": "huge"}, "full, half, small, tiny"),
        ({"edge": -1.0}, "below 0"),
        ({"begin": "anyhow"}, "template, random"),
        ({"score": "beauty"}, "chamfer, f_score"),
        ({"template": "nowhere.ply"}, "nowhere"),
    ):
        with pytest.raises(Exception, match=words) as caught:
            Pixel2MeshLesson(configuration(folder, tmp_path, options=options))
        assert type(caught.value).__module__.endswith("errors")
    blob(2, 3).save(tmp_path / "template.ply")
    lesson = Pixel2MeshLesson(configuration(folder, tmp_path, options={"template": str(tmp_path / "template.ply")}))
    assert lesson.network.template.levels[0].size == 92


def test_folders_that_lack_something(folder: Path, tmp_path: Path) -> None:
    bare = make_pictured(tmp_path / "bare", {"a": blob(0, 3)}, views=1)
    (bare / "blobs" / "a" / "img_choy2016" / "cameras.npz").unlink()
    with pytest.raises(DatasetError, match=r"cameras\.npz"):
        Pixel2MeshLesson(configuration(bare, tmp_path / "run"))
    (bare / "blobs" / "a" / "img_choy2016" / "000.png").unlink()
    with pytest.raises(DatasetError, match="no images"):
        Pixel2MeshLesson(configuration(bare, tmp_path / "run"))


# The published numbers


def test_numbers_by_classes(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = train(configuration(folder, tmp_path / "run", steps=1))
    command = ["network", "evaluate", str(report.checkpoint), str(folder), "--json", "--csv", str(tmp_path / "c.csv")]
    capsys.readouterr()
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["shapes"], told["failed"]) == (2, 0)
    assert told["mean"] == told["weighted_mean"] == told["classes"]["blobs"]
    network = open_model(report.checkpoint, "cpu").network
    examples = OwnExamples(folder, network.camera)
    each = [
        cloud_scores(examples.judged(one).astype(float), bent(network, examples.picture(one)))
        for one in examples.of("test")
    ]
    for name in ("chamfer", "f_score", "f_score_2"):
        assert told["mean"][name] == pytest.approx(np.mean([one[name] for one in each]), rel=1e-6)
    lines = list(csv.DictReader((tmp_path / "c.csv").read_text().splitlines()))
    assert [line["class"] for line in lines] == ["blobs", "mean", "weighted mean"]
    assert main([*command, "--view", "7"]) == 1, "no shape has that view"
    assert main([*command, "--keep", str(tmp_path / "kept")]) != 0


def test_the_published_data_are_evaluated(published: Path, folder: Path, tmp_path: Path) -> None:
    network = Pixel2MeshLesson(configuration(folder, tmp_path)).network.eval()
    found = evaluate_pictures(network, published, classes=["airplane"])
    assert found.failed == 0 and found.names["02691156"] == "airplane,plane"
    table = found.table()
    assert "airplane" in table[1] and "F(τ)" in table[0]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["p2m_vgg_default", "p2m_vgg_tfalign"])
def test_an_original_checkpoint_gets_the_original_numbers(case: str, tmp_path: Path) -> None:
    """From files as published to the numbers of the published evaluation."""
    arrays, facts = reference(case)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(lzma.decompress((REFERENCE / case / "checkpoint.pt.xz").read_bytes()))
    network = open_model(path, "cpu").network
    rows = np.concatenate([arrays["gt_points"][0] + network.camera.offset, arrays["gt_normals"][0]], axis=1)
    place = tmp_path / "data_tf" / "02691156" / "plane" / "rendering"
    place.mkdir(parents=True)
    (place / "00.dat").write_bytes(pickle.dumps(rows.astype(np.float32), protocol=2))
    (place / "00.png").write_bytes(arrays["image_png"].tobytes())
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "test_tf.txt").write_text("Data/ShapeNetP2M/02691156/plane/rendering/00.dat\n")
    found = evaluate_pictures(network, tmp_path).mean()
    assert found["chamfer"] == pytest.approx(np.mean(facts["eval_cd"]), rel=1e-3)
    assert found["f_score"] == pytest.approx(np.mean(facts["eval_f1_tau"]), abs=1e-3)
    assert found["f_score_2"] == pytest.approx(np.mean(facts["eval_f1_2tau"]), abs=1e-3)


# One picture by heart


def egg() -> Mesh:
    """With a few soft bumps."""
    ball = blob(0, 8)
    unit = (ball.vertices - ball.vertices.mean(axis=0)) / 3.0
    directions = unit / np.linalg.norm(unit, axis=1)[:, None]
    x, y, z = directions.T
    radius = 1.0 + 0.08 * np.sin(2.5 * x) * np.cos(2.5 * y) + 0.08 * z**3
    return Mesh([5.0, 1.0, -2.0] + 3.0 * directions * radius[:, None] * [1.0, 0.7, 0.8], ball.faces)


def test_one_object_is_learned_from_one_picture() -> None:
    mesh, view = egg(), View(40.0, 28.0, 0.8)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    pinhole = view.camera(96, 0.5 * (low + high), float(np.linalg.norm(high - low)))
    camera = Camera().resized(64)
    variant = Variant(width=1, hidden=64, last=64, rebuilds=False, camera=camera)
    settings = OverfitSettings(variant, "icosphere", steps=70, points=700)
    learned = overfit(mesh, picture_of(mesh, view, 96)[0], pinhole, settings)
    assert learned.iou(20_000) >= 0.95
    stages = learned.meshes()
    assert [stage.n_vertices for stage in stages] == [162, 642]
    with pytest.raises(InvalidParameter):
        dataclasses.replace(settings, steps=0)

    def stop(fraction: float, phase: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        overfit(mesh, picture_of(mesh, view, 96)[0], pinhole, settings, stop)
