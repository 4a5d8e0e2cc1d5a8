# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape codes against the published decoder in its plainest form, their training, their fits and their files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.cli.main import main
from spherical_cow.errors import (
    Cancelled,
    CheckpointError,
    DatasetError,
    InvalidMesh,
    InvalidParameter,
)
from spherical_cow.fields.extraction import Extraction
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.measure import vertex_normals
from spherical_cow.geometry.signed_distance import signed_distance
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.networks.deepsdf.codes import ShapeCodes, free_names
from spherical_cow.networks.deepsdf.codes_file import codes_from_bytes, codes_to_bytes, load_codes, save_codes
from spherical_cow.networks.deepsdf.evaluation import Decoder
from spherical_cow.networks.deepsdf.layout import layout, layout_of
from spherical_cow.networks.deepsdf.originals import open_codes, read_sample_folder
from spherical_cow.networks.deepsdf.samples import (
    Samples,
    placements,
    read_samples,
    sample_distances,
    write_samples,
)
from spherical_cow.networks.deepsdf.settings import PRESETS, CodesSettings, FitCodeSettings, preset
from spherical_cow.networks.tensor_file import tensors_from_bytes, tensors_to_bytes
from spherical_cow.progress import silent
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.tasks import run_task

torch = pytest.importorskip("torch")

from spherical_cow.networks.catalogue import describe, model_class, open_model  # noqa: E402
from spherical_cow.networks.deepsdf.learning.decoder import DecoderNetwork, distances_on, network_of  # noqa: E402
from spherical_cow.networks.deepsdf.learning.lesson import CodesLesson  # noqa: E402
from spherical_cow.networks.deepsdf.learning.train import Trained, fit_code, fit_samples, run_lesson, train  # noqa: E402

COARSE = Extraction(48, 2)
QUICK = preset("tiny", epochs=350, samples=20_000, per_shape=1024)
SHAPES = {"published": (256, 512, 8, 4), "small": (8, 40, 3, 2), "without skip": (5, 16, 2, 0)}


class Published(torch.nn.Module):  # type: ignore[misc]
    """The decoder as the authors write it: `weight_norm` of PyTorch, the input put in again, dropout, tanh."""

    def __init__(self, code: int, width: int, hidden: int, skip: int, normed: int | None = None) -> None:
        super().__init__()
        sizes = [code + 3, *[width] * hidden, 1]
        self.count, self.skip = len(sizes) - 1, skip
        for layer in range(self.count):
            out = sizes[layer + 1] - sizes[0] if layer + 1 == skip else sizes[layer + 1]
            linear: Any = torch.nn.Linear(sizes[layer], out)
            if layer < (self.count - 1 if normed is None else normed):
                linear = torch.nn.utils.weight_norm(linear)
            setattr(self, f"lin{layer}", linear)

    def forward(self, given: Any) -> Any:
        x = given
        for layer in range(self.count):
            if layer == self.skip and layer:
                x = torch.cat([x, given], 1)
            x = getattr(self, f"lin{layer}")(x)
            if layer < self.count - 1:
                x = torch.relu(x)
        return torch.tanh(x)


def published(sizes: tuple[int, int, int, int], seed: int = 0, normed: int | None = None) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Published(*sizes, normed)
        for name, value in network.named_parameters():
            value.data = 1.7 * value.data + (0.01 * torch.randn(value.shape) if "bias" in name else 0.0)
        return network


def weights_of(network: Any) -> dict[str, Any]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def given(code: int, count: int = 300) -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    return random.normal(0, 0.3, code).astype(np.float32), random.uniform(-1, 1, (count, 3)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("normed", [None, 99], ids=["last layer plain", "all normed"])
def test_the_decoder_is_the_published_one(sizes: tuple[int, int, int, int], normed: int | None) -> None:
    original = published(sizes, normed=normed)
    weights, (code, points) = weights_of(original), given(sizes[0])
    with torch.no_grad():
        rows = torch.from_numpy(np.column_stack([np.repeat(code[None], len(points), 0), points]))
        expected = original(rows)[:, 0].numpy()
    assert np.ptp(expected) > 0.01
    shapes = {name: value.shape for name, value in weights.items()}
    found = layout_of(shapes)
    assert found.shapes() == shapes and found.code == sizes[0]
    if normed is None:
        assert found == layout(*sizes)
    network = network_of(found, weights)
    with torch.no_grad():
        ours = network(torch.from_numpy(code)[None], torch.from_numpy(points)[None])[0].numpy()
    assert np.abs(ours - expected).max() < 1e-5
    assert np.abs(Decoder(weights).distances(code)(points.astype(float)) - expected).max() < 1e-5
    assert np.abs(distances_on(network, code)(points.astype(float)) - expected).max() < 1e-5
    assert found.parameters == sum(value.size for value in weights.values())


def test_the_published_size() -> None:
    assert PRESETS["published"] == CodesSettings()
    found = PRESETS["published"].layout
    assert found.sizes(3) == (512, 253) and found.sizes(4) == (512, 512) and found.sizes(8) == (512, 1)
    assert found.parameters == 1_843_195 and found.products == 1_835_520 - 2 * 256 * 512


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_gradients_are_those_of_the_published_decoder() -> None:
    original = published((8, 40, 3, 2)).double()
    network = DecoderNetwork(layout(8, 40, 3, 2)).double()
    network.load_state_dict(original.state_dict())
    code, points = (torch.from_numpy(one).double() for one in given(8, 64))
    code.requires_grad_()
    original(torch.cat([code.expand(64, -1), points], 1)).square().sum().backward()
    expected = {name: value.grad.clone() for name, value in original.named_parameters()}
    by_code, code.grad = code.grad.clone(), None
    network(code[None], points[None]).square().sum().backward()
    assert torch.allclose(code.grad, by_code, rtol=1e-8)
    for name, value in network.named_parameters():
        assert torch.allclose(value.grad, expected[name], rtol=1e-7, atol=1e-12), name
    assert torch.autograd.gradcheck(lambda one: network(one, points[None, :5]), (code.detach()[None].requires_grad_(),))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lin1.weight_v": (29, 7)}, "lin1 takes 7"),
        ({"lin1.bias": None}, "lin1.bias is missing"),
        ({"lin0.weight_g": (40,)}, "lin0.weight_g has the shape"),
        ({"bn0.weight": (40,)}, "bn0.weight is not part"),
        ({"lin3.weight": (2, 40), "lin3.bias": (2,)}, "gives 2 numbers"),
        ({"lin2.weight": (40, 40)}, "lin2.weight is there beside"),
        ({"lin90.bias": (1,)}, "91 layers"),
        ({"lin0.weight_v": (40, 11, 1)}, "lin0.weight_v has the shape"),
    ],
)
def test_weights_of_another_network_are_refused(change: dict[str, Any], words: str) -> None:
    shapes: dict[str, Any] = {**layout(8, 40, 3, 2).shapes(), **change}
    with pytest.raises(CheckpointError, match=words):
        layout_of({name: shape for name, shape in shapes.items() if shape is not None})


# Samples


def ball(radius: float = 1.0, centre: tuple[float, float, float] = (0.0, 0.0, 0.0), stretch: float = 1.0) -> Mesh:
    mesh = icosphere(8)
    return mesh.with_vertices(mesh.vertices * (radius, radius, radius * stretch) + np.array(centre))


def cigar() -> Mesh:
    return ball(0.45, (3.0, 0.0, 0.0), 1.0 / 0.45)


def test_samples_are_spread_as_published() -> None:
    mesh = ball(2.0, (1.0, 2.0, 3.0))
    centres, scales = placements([mesh, cigar()])
    assert np.allclose(centres[0], (1, 2, 3)) and scales[0] == pytest.approx(1 / (1.03 * 2.0), rel=1e-3)
    assert np.allclose(placements([mesh, cigar()], common_size=True)[1], scales[0])
    samples = sample_distances(mesh, centres[0], scales[0], 20_000, 5)
    own = mesh.with_vertices((mesh.vertices - centres[0]) * scales[0])
    assert np.allclose(samples.distances[:500], signed_distance(samples.points[:500], own))
    off = np.abs(samples.distances)
    wide, narrow, rest = off[:9400], off[9400:18_800], off[18_800:]
    assert wide.mean() == pytest.approx(0.005**0.5 * (2 / np.pi) ** 0.5, rel=0.08)
    assert narrow.mean() == pytest.approx(0.0005**0.5 * (2 / np.pi) ** 0.5, rel=0.05)
    assert len(rest) == 1200 and np.abs(samples.points[18_800:]).max() <= 1.0
    again = sample_distances(mesh, centres[0], scales[0], 20_000, 5)
    assert np.array_equal(again.points, samples.points)
    other = sample_distances(mesh, centres[0], scales[0], 20_000, 6)
    assert not np.array_equal(other.points, samples.points)


def test_sample_files_are_those_of_the_original(tmp_path: Path) -> None:
    samples = sample_distances(ball(), np.zeros(3), 0.9, 400)
    path = tmp_path / "SdfSamples" / "set" / "ball.npz"
    path.parent.mkdir(parents=True)
    write_samples(samples, path)
    with np.load(path) as file:
        assert set(file.files) == {"pos", "neg"} and file["pos"].dtype == np.float32
        assert (file["pos"][:, 3] >= 0).all() and (file["neg"][:, 3] < 0).all()
        pos, neg = file["pos"].copy(), file["neg"]
        pos[0, 2] = np.nan
        np.savez(path, pos=pos, neg=neg, extra=np.zeros(3))  # as NumPy writes it, with a row that is not numbers
    back = read_sample_folder(tmp_path)["set/ball"]
    assert len(back.distances) == 399
    np.savez(path, pos=pos[:, :3], neg=neg)
    with pytest.raises(DatasetError, match=r"pos in ball.npz has the shape"):
        read_samples(path)
    np.savez(path, pos=pos)
    with pytest.raises(DatasetError, match="'neg' is missing"):
        read_samples(path)
    with pytest.raises(InvalidParameter, match="no samples"):
        read_sample_folder(tmp_path / "set" / "nowhere")


# Training and fits


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train([ball(), cigar()], ["Ball", "Cigar"], QUICK, "cpu")


def f1(codes: ShapeCodes, name: str, mesh: Mesh) -> float:
    random = np.random.default_rng(9)
    points = random.uniform(mesh.vertices.min(0) - 0.1, mesh.vertices.max(0) + 0.1, (4000, 3))
    found, truth = codes.distances(codes.member(name), points) < 0, signed_distance(points, mesh) < 0
    return 2.0 * (found & truth).sum() / (found.sum() + truth.sum())


def test_two_shapes_are_learned(trained: Trained) -> None:
    codes = trained.codes
    assert min(one.f1 for one in trained.accuracies) > 0.93
    for name, mesh in (("Ball", ball()), ("Cigar", cigar())):
        assert f1(codes, name, mesh) >= 0.97
        found = codes.mesh(codes.member(name), COARSE)
        assert distances_to_surface(found.vertices, mesh).mean() < 0.01  # in its own place
    losses = [loss for _, loss in trained.losses]
    assert losses[-1] < 0.2 * losses[0]
    assert trained.to_dict()["members"][1]["name"] == "Cigar"
    assert json.dumps(trained.to_dict())
    assert np.linalg.norm(codes.codes, axis=1).max() <= 1.0 + 1e-5


def test_the_ends_of_an_interpolation_are_the_members_and_the_middle_is_between(trained: Trained) -> None:
    codes = trained.codes
    start, end = codes.between("Ball", "Cigar", 0.0), codes.between("Ball", "Cigar", 1.0)
    for placed, name in ((start, "Ball"), (end, "Cigar")):
        member = codes.member(name)
        assert np.array_equal(placed.code, member.code) and np.allclose(placed.centre, member.centre)
        assert np.array_equal(codes.mesh(placed, COARSE).vertices, codes.mesh(member, COARSE).vertices)
    widths = [np.ptp(codes.mesh(codes.between("Ball", "Cigar", w), COARSE).vertices[:, 0]) for w in (0, 0.5, 1)]
    assert widths[0] > widths[1] + 0.1 > widths[2] + 0.2
    middle = codes.mesh(codes.between("Ball", "Cigar", 0.5), COARSE)
    assert middle.vertices[:, 0].mean() == pytest.approx(1.5, abs=0.1)
    assert np.array_equal(codes.blend({"Ball": 2.0, "Cigar": 2.0}).code, codes.between("Ball", "Cigar", 0.5).code)
    assert np.array_equal(codes.between("Ball", "Ball", 0.3).code, codes.member("Ball").code)
    for wrong in ({"Ball": 1.0, "Cigar": -1.0}, {}, {"Ball": np.nan}, {"Cow": 1.0}):
        with pytest.raises(InvalidParameter):
            codes.blend(wrong)
    shrunk = codes.mesh(codes.member("Ball"), COARSE, level=-0.06)
    assert np.ptp(shrunk.vertices[:, 0]) == pytest.approx(1.88, abs=0.04)


def test_the_fit_of_a_member_finds_its_surface(trained: Trained) -> None:
    settings = FitCodeSettings(steps=250, per_step=1000, samples=8000)
    moved = cigar().with_vertices(7.0 * cigar().vertices + 5.0)
    fitted = fit_code(trained.codes, moved, settings, "cpu")
    assert fitted.accuracy.f1 > 0.93
    ours = trained.codes.mesh(fitted.placed, COARSE)
    member = trained.codes.mesh(trained.codes.member("Cigar"), COARSE)
    assert distances_to_surface((ours.vertices - 5.0) / 7.0, member).mean() < 0.01
    assert distances_to_surface(ours.vertices, moved).mean() < 0.1
    again = fit_code(trained.codes, moved, settings, "cpu")
    assert np.array_equal(again.placed.code, fitted.placed.code)
    assert (again.accuracy, again.loss) == (fitted.accuracy, fitted.loss)
    more = trained.codes.with_member("Cigar", fitted.placed)
    assert more.names == ("Ball", "Cigar", "Cigar 2")
    assert np.array_equal(more.mesh(more.member("Cigar 2"), COARSE).vertices, ours.vertices)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_a_fit_takes_the_published_steps() -> None:
    """Adam, l1 of clamped distances, l2 of the code, a tenth of the rate from halfway on: by the published decoder."""
    original = published((8, 40, 3, 2))
    code = np.zeros((1, 8), np.float32)
    codes = ShapeCodes(weights_of(original), code, ("One",), np.zeros((1, 3)), np.ones(1))
    samples = sample_distances(ball(), np.zeros(3), 0.9, 4000)
    settings = FitCodeSettings(steps=9, per_step=100)
    found, loss = fit_samples(codes, samples, settings)
    rows = torch.from_numpy(np.column_stack([samples.points, samples.distances]).astype(np.float32))
    sides = rows[rows[:, 3] >= 0], rows[rows[:, 3] < 0]
    generator = torch.Generator().manual_seed(0)
    latent = (0.01 * torch.randn(1, 8, generator=generator)).requires_grad_()
    optimiser = torch.optim.Adam([latent], lr=5e-3)
    for step in range(9):
        optimiser.param_groups[0]["lr"] = 5e-3 * (1 / 10) ** (step // 4)
        drawn = torch.cat([side[torch.randint(len(side), (50,), generator=generator)] for side in sides])
        optimiser.zero_grad()
        guess = original(torch.cat([latent.expand(100, -1), drawn[:, :3]], 1))[:, 0].clamp(-0.1, 0.1)
        expected = torch.nn.functional.l1_loss(guess, drawn[:, 3].clamp(-0.1, 0.1)) + 1e-4 * latent.square().mean()
        expected.backward()
        optimiser.step()
    assert np.allclose(found, latent.detach().numpy()[0], atol=1e-6) and loss == pytest.approx(
        expected.item(), rel=1e-5
    )
    assert np.abs(found).max() > 0.01


def lesson_of(settings: CodesSettings, count: int = 3) -> CodesLesson:
    meshes = [ball(), cigar(), ball(1.0, (0, 0, 0), 0.5)][:count]
    centres, scales = placements(meshes)
    samples = [
        sample_distances(m, c, float(s), settings.samples) for m, c, s in zip(meshes, centres, scales, strict=True)
    ]
    return CodesLesson(samples, ("a", "b", "c")[:count], (centres, scales), settings)


def test_the_loss_is_the_published_one() -> None:
    settings = CodesSettings(8, 40, 3, 2, 0.0, epochs=100, samples=2000, per_shape=200, shapes=2)
    lesson = lesson_of(settings)
    batch = lesson.batch(7)
    assert batch["shapes"].shape == (2,) and batch["points"].shape == (2, 200, 3)
    assert ((batch["distances"] < 0).sum(1) == 100).all()
    found = lesson.loss(batch, 6).item()
    codes = lesson.network.codes.detach()[batch["shapes"]]
    guess = lesson.network.decoder(codes, batch["points"]).detach()
    total = (guess.clamp(-0.1, 0.1) - batch["distances"].clamp(-0.1, 0.1)).abs().sum()
    lengths = codes[:, None].expand(2, 200, 8).reshape(-1, 8).norm(dim=1).sum()
    assert found == pytest.approx((total + 1e-4 * (4 / 5) * lengths).item() / 400, rel=1e-5)  # the 4th of 5 epochs
    assert [settings.rate_factor(epoch) for epoch in (0, 24, 25, 50, 99)] == [1, 1, 0.5, 0.25, 0.125]
    groups = lesson.groups(0.5)
    assert (groups[0]["lr"], groups[1]["lr"]) == (0.5, 1.0) and groups[1]["params"] == [lesson.network.codes]


def test_shares_of_a_batch_are_the_batch_and_every_shape_has_its_turn() -> None:
    settings = CodesSettings(8, 40, 3, 2, 0.0, epochs=4, samples=500, per_shape=100, shapes=2)
    lesson = lesson_of(settings)
    whole = lesson.batch(5, 0, 1)
    parts = [lesson.batch(5, share, 2) for share in range(2)]
    for name, values in whole.items():
        assert torch.equal(values, torch.cat([one[name] for one in parts]))
        assert torch.equal(values, lesson.batch(5, 0, 1)[name])
    seen = [int(shape) for step in range(lesson.steps_per_epoch) for shape in lesson.batch(step)["shapes"]]
    assert set(seen) == {0, 1, 2}


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_the_same_seed_gives_the_same_training(dropout: float) -> None:
    settings = CodesSettings(8, 40, 3, 2, dropout, epochs=6, samples=500, per_shape=100, shapes=2)
    runs = []
    for draws in range(2):
        torch.rand(draws)  # what else is drawn does not matter
        lesson = lesson_of(settings)
        runs.append((run_lesson(lesson), codes_to_bytes(lesson.result())))
    assert runs[0] == runs[1]
    other = lesson_of(replace(settings, seed=1))
    run_lesson(other)
    assert codes_to_bytes(other.result()) != runs[0][1]


def test_a_batch_in_parts_is_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = CodesSettings(8, 40, 3, 2, 0.0, epochs=3, samples=500, per_shape=100, shapes=3)
    whole, parts = lesson_of(settings), lesson_of(settings)
    expected = run_lesson(whole)
    monkeypatch.setattr("spherical_cow.networks.deepsdf.learning.train._MOST_POINTS", 200)
    assert np.allclose(run_lesson(parts), expected, rtol=1e-5)
    assert np.allclose(parts.result().codes, whole.result().codes, atol=1e-5)


def test_a_training_by_the_loop_of_all_models_gives_a_file_of_codes(tmp_path: Path) -> None:
    from spherical_cow.networks.training.config import TrainingConfig
    from spherical_cow.networks.training.run import train as train_by_loop

    (tmp_path / "meshes").mkdir()
    for name, mesh in (("ball", ball()), ("cigar", cigar())):
        mesh.save(tmp_path / "meshes" / f"{name}.ply")
    options = {"preset": "tiny", "samples": 1000, "per_shape": 100}
    config = TrainingConfig(
        "deepsdf", tmp_path / "meshes", tmp_path / "run", batch=2, steps=6, save_every=3, learning_rate=1e-3,
        device="cpu", workers=0, options=options,
    )  # fmt: skip
    report = train_by_loop(config)
    codes = load_codes(report.checkpoint)
    assert codes.names == ("ball", "cigar") and np.allclose(codes.centres[1], (3, 0, 0), atol=1e-5)

    def stop(fraction: float, phase: str) -> None:
        if phase.startswith("Step 3 "):
            raise Cancelled()

    with pytest.raises(Cancelled):
        train_by_loop(replace(config, out=tmp_path / "half"), stop)
    resumed = train_by_loop(replace(config, out=tmp_path / "half"), resume=True)
    assert load_codes(resumed.checkpoint).facts["step"] == codes.facts["step"]
    assert codes_to_bytes(load_codes(resumed.checkpoint)) == codes_to_bytes(codes)
    assert describe(report.checkpoint).to_dict()["card"]["name"] == "deepsdf"
    for wrong, words in (({"preset": "vast"}, "no preset"), ({"epochs": 3}, "epochs is not"), ({"cod": 3}, "code")):
        with pytest.raises(InvalidParameter, match=words):
            model_class("deepsdf").lesson(replace(config, options=wrong))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidParameter, match="no samples"):
        model_class("deepsdf").lesson(replace(config, dataset=tmp_path / "empty"))


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (Mesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])), "Bad: .*not numbers"),
        (Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)), "Bad: The mesh is empty"),
        (Mesh(np.eye(3), np.array([[0, 1, 2]])), "Bad: The mesh has no inside"),
    ],
    ids=["NaN", "empty", "sheet"],
)
def test_a_mesh_that_cannot_be_learned_is_named(mesh: Mesh, words: str) -> None:
    with pytest.raises(InvalidMesh, match=words):
        train([ball(), mesh], ["Good", "Bad"], QUICK, "cpu")


def test_settings_that_make_no_network() -> None:
    for change in (
        {"code": 0},
        {"width": 10},
        {"skip": 9},
        {"epochs": 0},
        {"rate": -1.0},
        {"dropout": 1.0},
        {"seed": -1},
    ):
        with pytest.raises(InvalidParameter):
            preset("tiny", **change)
    with pytest.raises(InvalidParameter, match="no preset"):
        preset("vast")
    with pytest.raises(InvalidParameter):
        FitCodeSettings(steps=0)
    with pytest.raises(InvalidParameter):
        train([], [], QUICK, "cpu")
    with pytest.raises(InvalidMesh, match="outside"):
        Samples(np.zeros((4, 3)), np.ones(4))


# Files


def test_a_file_gives_back_what_it_was_given(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "codes.safetensors"
    save_codes(trained.codes, path)
    back = load_codes(path)
    assert codes_to_bytes(back) == path.read_bytes() == codes_to_bytes(trained.codes)
    assert [back.f1_of(name) for name in back.names] == [one.f1 for one in trained.accuracies]
    assert replace(back, facts={"member_f1": {"Ball": "good"}}).f1_of("Ball") == 0.0
    assert back.names == trained.codes.names and back.facts["settings"]["code"] == 16
    tensors, _ = tensors_from_bytes(path.read_bytes())
    assert np.array_equal(tensors["decoder.lin0.weight_g"], trained.codes.weights["lin0.weight_g"])
    model = open_model(path, "cpu")
    assert type(model) is model_class("deepsdf")
    new = model.predict(None, 32, seed=4)
    assert new.n_faces and np.array_equal(new.vertices, model.predict(None, 32, seed=4).vertices)
    turned = Similarity(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), 2.0, np.ones(3))
    placed = model.predict(None, 32, seed=4, extraction=Extraction(32, normals=True), placement=turned)
    agree = np.einsum("vi,vi->v", placed.attributes["normal"], vertex_normals(placed))
    assert agree.mean() > 0.9, "normals are turned along"
    with pytest.raises(InvalidParameter, match="sees a mesh"):
        model.predict(np.zeros((5, 3)))
    half = codes_from_bytes(codes_to_bytes(trained.codes, half=True))
    assert np.allclose(half.codes, trained.codes.codes, atol=1e-3) and f1(half, "Ball", ball()) > 0.96


def test_tensors_as_the_library_writes_them() -> None:
    library = pytest.importorskip("safetensors.numpy")
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(3, np.int64), "c": np.zeros((0, 2))}
    ours, facts = tensors_from_bytes(library.save(arrays, {"facts": '{"x": 1}'}))
    theirs = library.load(tensors_to_bytes(arrays, {}))
    for name, array in arrays.items():
        for found in (ours[name], theirs[name]):
            assert np.array_equal(found, array) and found.dtype == array.dtype
    assert facts == {"x": 1}


def test_a_truncated_or_changed_file_is_refused(trained: Trained) -> None:
    content = codes_to_bytes(trained.codes)
    for length in (0, 5, 8, 100, len(content) // 2, len(content) - 1):
        with pytest.raises(CheckpointError):
            codes_from_bytes(content[:length])
    with pytest.raises(CheckpointError, match="belong to nothing"):
        codes_from_bytes(content + b"x")
    random = np.random.default_rng(0)
    header = int.from_bytes(content[:8], "little")
    for _ in range(300):
        damaged = bytearray(content)
        damaged[random.integers(0, 8 + header)] = random.integers(0, 256)
        try:
            codes_from_bytes(bytes(damaged))
        except CheckpointError:
            continue  # or a fact has changed, which is as good as another


def forged(**changes: Any) -> bytes:
    header = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [2**40, 2**40]},
        {"shape": [-2]},
        {"shape": [True, 2]},
        {"shape": "2"},
        {"shape": [1] * 40 + [2]},
        {"dtype": "O"},
        {"dtype": None},
        {"data_offsets": [0, 2**60]},
        {"data_offsets": [4, 12]},
        {"data_offsets": [8, 0]},
        {"data_offsets": [0]},
        {"data_offsets": 3},
    ],
    ids=str,
)
def test_hostile_headers_are_refused(changes: dict[str, Any]) -> None:
    assert tensors_from_bytes(forged())[0]["a"].shape == (2,)
    with pytest.raises(CheckpointError, match="the tensor a"):
        tensors_from_bytes(forged(**changes))


def test_nothing_of_a_great_length_is_refused() -> None:
    text = json.dumps({"a": {"dtype": "F32", "shape": [0, 10**30], "data_offsets": [0, 0]}}).encode()
    with pytest.raises(CheckpointError, match="the tensor a cannot have its shape"):
        tensors_from_bytes(len(text).to_bytes(8, "little") + text)


@pytest.mark.parametrize("header", [b"[]", b"{", b"\xff\xff", b'{"__metadata__": {"facts": "[1]"}}', b'{"a": 3}'])
def test_headers_that_are_none(header: bytes) -> None:
    with pytest.raises(CheckpointError):
        tensors_from_bytes(len(header).to_bytes(8, "little") + header)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"codes": np.zeros((2, 3), np.float32)}, "codes have the shape"),
        ({"codes": np.full((2, 16), np.nan, np.float32)}, "codes has values that are not numbers"),
        ({"scales": np.array([1.0, 0.0])}, "no size"),
        ({"names": ("Ball", "Ball")}, "not different"),
        ({"centres": np.zeros((3, 3))}, "centres have the shape"),
    ],
)
def test_parts_that_do_not_fit_together(trained: Trained, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        replace(trained.codes, **change)


def test_files_of_something_else(trained: Trained, tmp_path: Path) -> None:
    arrays, facts = tensors_from_bytes(codes_to_bytes(trained.codes))
    for changes, words in (
        ({"kind": "cow"}, "no shape codes"),
        ({"format_version": 2}, "version 2"),
        ({"names": 3}, "name its members"),
        ({"names": "Ball"}, "codes have the shape"),
        ({"tanhs": 10**9}, "name its members"),
    ):
        with pytest.raises(CheckpointError, match=words):
            codes_from_bytes(tensors_to_bytes(arrays, {**facts, **changes}))
    with pytest.raises(CheckpointError, match="scales is missing"):
        codes_from_bytes(tensors_to_bytes({k: v for k, v in arrays.items() if k != "scales"}, facts))
    with pytest.raises(CheckpointError, match="belongs to nothing"):
        codes_from_bytes(tensors_to_bytes({**arrays, "cow": np.zeros(2)}, facts))
    with pytest.raises(CheckpointError, match="not real numbers"):
        codes_from_bytes(tensors_to_bytes({**arrays, "scales": np.ones(2, np.int64)}, facts))
    with pytest.raises(CheckpointError, match="no file"):
        load_codes(tmp_path / "nowhere.safetensors")


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("layout_of_codes", ["embedding", "tensor"])
def test_an_experiment_of_the_original_is_read_unchanged(tmp_path: Path, layout_of_codes: str) -> None:
    network, root = published((8, 40, 3, 2)), tmp_path / "examples" / "cows"
    rows = torch.randn(2, 8, generator=torch.Generator().manual_seed(1))
    stored = {"weight": rows} if layout_of_codes == "embedding" else rows[:, None]
    for name in ("ModelParameters", "LatentCodes"):
        (root / name).mkdir(parents=True)
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"epoch": 7, "model_state_dict": state}, root / "ModelParameters" / "latest.pth")
    torch.save({"epoch": 7, "latent_codes": stored}, root / "LatentCodes" / "latest.pth")
    (tmp_path / "examples" / "splits").mkdir()
    (tmp_path / "examples" / "splits" / "train.json").write_text('{"set": {"cows": ["elsie", "bella"]}}')
    (root / "specs.json").write_text('{"TrainSplit": "examples/splits/train.json", "NetworkSpecs": {"use_tanh": true}}')
    codes = open_codes(root)
    assert codes.names == ("elsie", "bella") and np.array_equal(codes.codes, rows.numpy())
    _, points = given(8)
    with torch.no_grad():
        once = network(torch.cat([rows[:1].expand(300, -1), torch.from_numpy(points)], 1))[:, 0]
    assert np.allclose(codes.distances(codes.member("elsie"), points), torch.tanh(once).numpy(), atol=1e-5)
    again = open_codes(root / "ModelParameters" / "latest.pth")
    assert codes_to_bytes(again) == codes_to_bytes(codes)
    assert codes_to_bytes(codes_from_bytes(codes_to_bytes(codes))) == codes_to_bytes(codes)
    (root / "specs.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"specs.json cannot be read"):
        open_codes(root)
    torch.save({"epoch": 7, "latent_codes": {"weight": rows[:, :5]}}, root / "LatentCodes" / "latest.pth")
    (root / "specs.json").unlink()
    with pytest.raises(CheckpointError, match="The codes have 5 numbers"):
        open_codes(root)
    torch.save({"epoch": 7}, root / "LatentCodes" / "latest.pth")
    with pytest.raises(CheckpointError, match="no codes of DeepSDF"):
        open_codes(root)
    (root / "ModelParameters" / "latest.pth").unlink()
    with pytest.raises(CheckpointError, match=r"no ModelParameters/latest.pth"):
        open_codes(root)


def test_names_are_made_different() -> None:
    assert free_names(["Cow", "Cow", "", "Cow\n2", "Cow"]) == ("Cow", "Cow 2", "Shape", "Cow 2 2", "Cow 3")


def test_tasks(trained: Trained) -> None:
    stored = np.frombuffer(codes_to_bytes(trained.codes), np.uint8)
    blend = {"Ball": 0.5, "Cigar": 0.5}
    done = run_task("codes_extract", {"codes": stored}, {"blend": blend, "resolution": 31}, silent)
    expected = trained.codes.mesh(trained.codes.blend(blend), Extraction(32, 2))
    assert np.array_equal(done.arrays["vertices"], expected.vertices)
    with pytest.raises(CheckpointError):
        run_task("codes_extract", {"codes": stored[:-1]}, {"blend": blend}, silent)
    said: list[str] = []
    fit = {"name": "New", "settings": {"steps": 3, "per_step": 100, "samples": 500}, "device": "cpu"}
    arrays = {"codes": stored, "vertices": ball().vertices, "faces": ball().faces}
    done = run_task("codes_fit", arrays, fit, lambda fraction, phase: said.append(phase))
    assert codes_from_bytes(done.arrays["codes"].tobytes()).names[-1] == done.data["name"] == "New"
    learn = {"epochs": 2, "samples": 500, "per_shape": 100}
    meshes = {
        "vertices_0": ball().vertices,
        "faces_0": ball().faces,
        "vertices_1": cigar().vertices,
        "faces_1": cigar().faces,
    }
    parameters = {"names": ["a", "b"], "preset": "tiny", "settings": learn, "device": "cpu"}
    done = run_task("codes_train", meshes, parameters, lambda fraction, phase: said.append(phase))
    assert codes_from_bytes(done.arrays["codes"].tobytes()).names == ("a", "b") and done.data["loss"] > 0
    assert any("loss" in phase for phase in said) and any("Sampling" in phase for phase in said)


# Command line


def test_the_command_line(trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        assert main(["network", "codes", *arguments, "--json"]) == 0
        data: dict[str, Any] = json.loads(capsys.readouterr().out)
        return data

    ball().save(tmp_path / "ball.ply")
    cigar().save(tmp_path / "cigar.ply")
    file, out = str(tmp_path / "codes.safetensors"), str(tmp_path / "out.ply")
    quick = ("--preset", "tiny", "--epochs", "2", "--samples", "500", "--device", "cpu")
    data = run("train", str(tmp_path), file, *quick)
    assert [member["name"] for member in data["members"]] == ["ball", "cigar"] and data["bytes"] > 50_000
    save_codes(trained.codes, file)
    data = run("list", file)
    assert [row["name"] for row in data["members"]] == ["Ball", "Cigar"] and data["code"] == 16
    data = run("interpolate", file, "Ball", "Cigar", "--weight", "0,0.5,1", out, "--resolution", "32")
    assert [row["weight"] for row in data["meshes"]] == [0, 0.5, 1]
    assert read_mesh(tmp_path / "out_001.ply").n_vertices == data["meshes"][1]["V"]
    run("interpolate", file, "Ball", "Cigar", out, "--resolution", "32", "--faces", "100")
    assert read_mesh(out).n_faces <= 110
    more = str(tmp_path / "more.safetensors")
    data = run("fit", file, str(tmp_path / "cigar.ply"), "--steps", "20", "--out", more, "--mesh-out", out,
               "--resolution", "32", "--device", "cpu")  # fmt: skip
    assert data["name"] == "cigar" and load_codes(more).names == ("Ball", "Cigar", "cigar") and data["V"] > 100
    for wrong in (
        ["list", out],
        ["interpolate", file, "Ball", "Cow", out],
        ["train", str(tmp_path / "ball.ply"), out],
        ["fit", str(tmp_path / "nowhere.safetensors"), out],
    ):
        assert main(["network", "codes", *wrong]) == 2
    assert "There is no member 'Cow'" in capsys.readouterr().err
