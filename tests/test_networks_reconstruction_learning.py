# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruction networks learn: losses, known and unknown cameras, schemes, resume, and the study of symmetry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meshes import reference
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets.check import check_dataset
from spherical_cow.datasets.layout import Dataset
from spherical_cow.datasets.symmetric import FAMILIES, symmetric_shape
from spherical_cow.errors import Cancelled, DatasetError, InvalidParameter
from spherical_cow.geometry.inside import why_no_inside
from spherical_cow.meshfile import read_mesh
from spherical_cow.networks.evaluation.symmetry_study import StudySettings

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.models.reconstruction import SymmetricReconstruction  # noqa: E402
from spherical_cow.networks.reconstruction.camera import UPRIGHT, matrices_of  # noqa: E402
from spherical_cow.networks.reconstruction.detected import detect_scheme  # noqa: E402
from spherical_cow.networks.reconstruction.hypotheses import (  # noqa: E402
    CameraHypotheses,
    product,
    softly_chosen,
)
from spherical_cow.networks.reconstruction.lesson import ReconstructionLesson  # noqa: E402
from spherical_cow.networks.reconstruction.losses import (  # noqa: E402
    Laplacian,
    camera_error,
    deformation_size,
    quaternion_length,
)
from spherical_cow.networks.reconstruction.made_data import SHAPE, MadeSettings, make_symmetric  # noqa: E402
from spherical_cow.networks.reconstruction.study import study_symmetry  # noqa: E402
from spherical_cow.networks.reconstruction.views import UNIT, read_source, to_unit_cube, view_of  # noqa: E402
from spherical_cow.networks.rendering.render import render  # noqa: E402
from spherical_cow.networks.training.config import TrainingConfig  # noqa: E402
from spherical_cow.networks.training.run import learn, train  # noqa: E402
from spherical_cow.symmetry.by_index import mirrored_pairs_error  # noqa: E402
from spherical_cow.symmetry.tables import mirror_tables  # noqa: E402
from spherical_cow.symmetry.templates import template  # noqa: E402

OWN = ("goal", "decay", "decay_every", "seed")
QUICK = {"size": "tiny", "drawn": 16, "level": 2, "dropout": False, "validation_views": 2}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cars and three vases, two views of each."""
    root = tmp_path_factory.mktemp("made") / "data"
    settings = MadeSettings(families=("car", "vase"), count=3, views=2, size=48, points=1500, split=(0.4, 0.3, 0.3))
    assert make_symmetric(root, settings)["car"] == {"train": 1, "val": 1, "test": 1}
    return root


def configuration(data: Path, out: Path, **changes: Any) -> TrainingConfig:
    """A short training; what is no key of a configuration is an option."""
    keys = {"batch": 2, "steps": 4, "learning_rate": 1e-3, "validate_every": 2, "save_every": 2, "log_every": 1}
    own = {name: changes.pop(name) for name in list(changes) if name in (*keys, *OWN)}
    options = {**QUICK, **changes}
    return TrainingConfig("reconstruction", data, out, **{**keys, **own}, device="cpu", workers=0, options=options)


# Losses


@pytest.mark.parametrize("name", ["mcmr_net", "mcmr_net_symmetric"])
def test_losses_are_those_of_the_original(name: str) -> None:
    stored, told = reference(name)
    keys = ("delta", "mean_shape", "quat", "quat_norm", "trans", "cam_gt")
    given = {key: torch.from_numpy(stored[key]) for key in keys}
    terms = told["loss_terms"]
    moved, mean, true = given["delta"], given["mean_shape"], given["cam_gt"]
    laplacian = Laplacian(stored["faces"].astype(np.int64), mean.shape[1])
    found = {
        "deform_reg": deformation_size(moved),
        "laplacian": laplacian.roughness(mean + moved),
        "laplacian_delta": laplacian.roughness(moved),
        "graph_laplacian": laplacian.summed(mean + moved),
        "camera": camera_error(given["quat_norm"], given["trans"], true[:, 3:], true[:, :3]),
        "quat_reg": quaternion_length(given["quat"]),
    }
    for key, value in found.items():
        assert float(value) == pytest.approx(terms[key], rel=2e-5), key


def losses() -> dict[str, Callable[..., Any]]:
    mesh = template(2).mesh
    laplacian = Laplacian(mesh.faces, mesh.n_vertices)
    shape = (2, mesh.n_vertices, 3)
    unit = torch.nn.functional.normalize
    return {
        "roughness": (laplacian.roughness, [shape]),
        "summed": (laplacian.summed, [shape]),
        "deformation_size": (deformation_size, [shape]),
        "camera_error": (lambda q, p, r, s: camera_error(unit(q), p, unit(r), s), [(2, 4), (2, 3), (2, 4), (2, 3)]),
        "quaternion_length": (quaternion_length, [(3, 4)]),
        "product": (lambda a, b: product(a, b), [(3, 4), (3, 4)]),
        "matrices": (lambda q, p: matrices_of(unit(q), p), [(2, 4), (2, 3)]),
    }  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["roughness", "summed", "deformation_size", "camera_error", "quaternion_length",
                                  "product", "matrices"])  # fmt: skip
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    function, shapes = losses()[name]  # type: ignore[misc]
    generator = torch.Generator().manual_seed(1)
    given = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    assert torch.autograd.gradcheck(function, given, eps=1e-6, atol=1e-6, fast_mode=True)


def test_the_soft_choice_is_of_the_best_and_has_no_units() -> None:
    errors = torch.tensor([[3.0, 1.0, 2.0], [5.0, 5.0, 5.0]], requires_grad=True)
    assert float(softly_chosen(errors.detach(), 0.01)[0]) == pytest.approx(1.0, abs=1e-6)
    assert float(softly_chosen(errors.detach(), 1e6)[0]) == pytest.approx(2.0, abs=1e-4)
    assert torch.allclose(softly_chosen(7.0 * errors, 0.2), 7.0 * softly_chosen(errors, 0.2))
    softly_chosen(errors, 0.2).sum().backward()
    assert errors.grad.argmax(dim=1)[0] == 1 and torch.allclose(errors.grad[1], torch.full((3,), 1 / 3))


# Made shapes, and what is shown of them


@pytest.mark.parametrize("family", FAMILIES)
def test_made_shapes_are_closed_coloured_and_symmetric(family: str) -> None:
    mesh, other = symmetric_shape(family, 0, 3), symmetric_shape(family, 1, 3)
    assert not why_no_inside(mesh) and 0.75 < np.ptp(mesh.vertices, axis=0).max() < 1.05
    rows = np.round(np.hstack([mesh.vertices, mesh.attributes["color"]]), 9) + 0.0
    mirrored = np.round(np.hstack([mesh.vertices * [-1.0, 1.0, 1.0], mesh.attributes["color"]]), 9) + 0.0
    assert np.array_equal(rows[np.lexsort(rows.T)], mirrored[np.lexsort(mirrored.T)])
    again = symmetric_shape(family, 0, 3)
    assert np.array_equal(again.vertices, mesh.vertices) and np.array_equal(again.faces, mesh.faces)
    assert not np.array_equal(other.vertices, mesh.vertices[: len(other.vertices)])


def test_a_made_dataset_is_whole_and_repeats(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = check_dataset(made)
    assert report.ok and report.parts == dict.fromkeys(("points", "cloud", "voxels", "images", "masks"), 6)
    words = ["--families", "car", "vase", "--count", "3", "--views", "2", "--size", "48", "--points", "1500"]
    words += ["--split", "0.4", "0.3", "0.3", "--json"]
    assert main(["dataset", "make-symmetric", str(tmp_path / "new"), *words]) == 0
    assert json.loads(capsys.readouterr().out)["classes"]["vase"]["train"] == 1
    for path in (path for path in made.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "new" / path.relative_to(made)).read_bytes(), path
    assert main(["dataset", "make-symmetric", str(made), *words]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_the_true_shape_falls_onto_the_mask(made: Path) -> None:
    data = Dataset(made)
    (model, *_) = data.models("train", "car")
    mesh, placement = read_mesh(model.folder / SHAPE), data.cloud(model).placement
    own = UNIT * placement.to_unit(mesh.vertices) @ UPRIGHT
    assert np.allclose(to_unit_cube(own), placement.to_unit(mesh.vertices))
    for shift, zoom in (((0.0, 0.0), 1.0), ((0.05, -0.1), 0.9)):
        view = view_of(read_source(data, model, 1), 64, shift, zoom)
        numbers = (torch.from_numpy(value)[None] for value in (view.quaternion, view.place))
        cameras = torch.from_numpy(view.matrix), matrices_of(*numbers)[0]
        ious = []
        for matrix in cameras:
            drawn = render(torch.from_numpy(own).float(), torch.from_numpy(mesh.faces).flip(1), matrix[None], 64)
            a, b = drawn.mask[0].numpy() > 0.5, view.mask > 127
            ious.append((a & b).sum() / (a | b).sum())
        assert ious[0] > 0.96 and ious[1] > 0.7  # the second has a longer lens
    high = np.flatnonzero((view_of(read_source(data, model, 0), 64).mask > 127).any(axis=1))
    wide = np.flatnonzero((view_of(read_source(data, model, 0), 64).mask > 127).any(axis=0))
    assert max(np.ptp(high), np.ptp(wide)) + 1 == pytest.approx(0.8 * 64, abs=2)


def test_the_scheme_is_detected(made: Path, tmp_path: Path) -> None:
    data = Dataset(made)
    assert detect_scheme(data, data.models(None, "car")).scheme == "plane"
    assert detect_scheme(data, data.models(None, "vase")).scheme == "rotational"
    both = detect_scheme(data, data.models())
    assert both.scheme == "plane" and both.shares["rotational"] == 0.5
    lesson = ReconstructionLesson(configuration(made, tmp_path, classes=("vase",)))
    assert lesson.scheme.name == "rotational" and lesson.facts()["scheme"] == "rotational" and lesson.mirrored
    assert lesson.network.outputs < 0.25 * 3 * lesson.scheme.mesh.n_vertices


# The lesson


def test_a_batch_depends_on_its_number_alone(made: Path, tmp_path: Path) -> None:
    lesson = ReconstructionLesson(configuration(made, tmp_path, batch=4))
    whole = lesson.batch(3, 0, 1)
    halves = [lesson.batch(3, share, 2) for share in (1, 0)]
    for name, values in whole.items():
        assert torch.equal(values, torch.cat([halves[1][name], halves[0][name]]))
        assert torch.equal(values, ReconstructionLesson(configuration(made, tmp_path, batch=4)).batch(3, 0, 1)[name])
    assert not torch.equal(whole["matrix"], lesson.batch(4, 0, 1)["matrix"])


@pytest.mark.parametrize("cameras", ["known", "hypotheses"])
def test_a_stopped_training_goes_on_as_if_it_had_not(cameras: str, made: Path, tmp_path: Path) -> None:
    """Also across the step at which faces are cut, and the result is a model that sees pictures."""
    settings: dict[str, Any] = {"scheme": "plane", "subdivide_at": 3, "cameras": cameras, "hypotheses": 2}
    straight = configuration(made, tmp_path / "a", **settings)
    report = train(straight)
    assert 0.0 <= report.best <= 1.0

    def stop(fraction: float, phase: str) -> None:
        if phase.startswith("Step 2 "):
            raise Cancelled()

    cut = configuration(made, tmp_path / "b", **settings)
    with pytest.raises(Cancelled):
        train(cut, stop)
    learn(ReconstructionLesson, cut, resume=True)
    states = [torch.load(tmp_path / name / "last.pt", weights_only=True)["model"] for name in "ab"]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])

    model = open_model(report.checkpoint, "cpu")
    assert isinstance(model, SymmetricReconstruction)
    own = model.facts()["own_camera_iou"]
    assert 0.0 <= own <= 1.0 and (cameras == "known" or own == pytest.approx(report.best, abs=1e-4))
    picture = np.asarray(Image.open(Dataset(made).images(Dataset(made).models("test")[0])[0]))
    seen = model.reconstruct(picture)
    assert seen.mesh.n_vertices == template(2, 1).mesh.n_vertices and seen.texture is not None
    tables = mirror_tables(template(2, 1).mesh.vertices)
    assert mirrored_pairs_error(seen.mesh.vertices, tables).max() < 1e-6


def test_new_vertices_wait_in_the_middles_of_edges(made: Path, tmp_path: Path) -> None:
    lesson = ReconstructionLesson(configuration(made, tmp_path, scheme="plane", subdivide_at=2, mean_shapes=2))
    assert lesson.coarse is not None
    with torch.no_grad():
        lesson.network.mean_v.add_(0.1 * torch.randn(lesson.network.mean_v.shape))
    lesson.loss(lesson.batch(0, 0, 1), 0).backward()
    shapes, ends = lesson.network.mean_shapes(), lesson.coarse.ends
    count = lesson.coarse.n_vertices
    assert torch.allclose(shapes[:, count:], shapes[:, ends].mean(dim=2), atol=1e-6)
    gradient = lesson.network.mean_v.grad
    acts = torch.from_numpy(lesson.scheme.acts)
    assert gradient[:, acts >= count].abs().max() == 0.0 and gradient[:, acts < count].abs().max() > 0.0
    lesson.network.zero_grad()
    lesson.loss(lesson.batch(2, 0, 1), 2).backward()
    assert lesson.network.mean_v.grad[:, acts >= count].abs().max() > 0.0


@pytest.mark.parametrize("scheme", ["free", "two_planes", "rotational", "refinement"])
def test_every_scheme_learns(scheme: str, made: Path, tmp_path: Path) -> None:
    lesson = ReconstructionLesson(configuration(made, tmp_path, scheme=scheme, mean_shapes=2))
    lesson.network.train()
    lesson.loss(lesson.batch(0, 0, 1), 0).backward()
    silent = [name for name, one in lesson.network.named_parameters() if one.grad is None or not one.grad.abs().any()]
    assert not silent
    assert lesson.mirrored == (scheme != "free")


def test_one_object_is_learned_from_one_image(tmp_path: Path) -> None:
    settings = MadeSettings(families=("car",), count=1, views=1, size=72, points=500)
    make_symmetric(tmp_path / "one", settings)
    # Moved about a little, so that normalisation finds something to normalise: one picture has no variance.
    options = {"scheme": "plane", "level": 4, "drawn": 32, "overfit": True, "jitter": 0.12, "colour": 5.0}
    smooth = {"laplacian": 0.3, "laplacian_deformation": 0.1}
    rates = {"learning_rate": 4e-3, "decay": 0.3, "decay_every": 60, "goal": 0.95, "camera": 5.0}
    often = {"seed": 1, "steps": 150, "batch": 4, "validate_every": 10, "save_every": 1000}
    config = configuration(tmp_path / "one", tmp_path / "out", **often, **rates, **options, **smooth)
    report = learn(ReconstructionLesson, config)
    assert report.best >= 0.95


def test_without_poses_cameras_stand_around_and_are_not_looked_up(made: Path, tmp_path: Path) -> None:
    hypotheses = CameraHypotheses(8, 8, 6).eval()
    quaternion, place = hypotheses(torch.zeros(2, 8))
    middles = torch.stack([matrices_of(quaternion[0, k : k + 1], place[0, k : k + 1])[0, 2, :3] for k in range(6)])
    directions = torch.nn.functional.normalize(middles, dim=1)  # of the depth: where each camera looks
    cosines = (directions @ directions.T).fill_diagonal_(-1.0)
    assert cosines.max() < 0.75 and torch.allclose(directions[:, 2], directions[:1, 2].expand(6), atol=0.05)

    lesson = ReconstructionLesson(configuration(made, tmp_path, cameras="hypotheses", hypotheses=3))
    batch = {name: values for name, values in lesson.batch(0, 0, 1).items() if name in ("picture", "mask")}
    lesson.network.train()
    optimiser = torch.optim.Adam(lesson.network.parameters(), 3e-3)
    found = []
    for step in range(8):
        loss = lesson.loss(batch, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(float(loss.detach()))
    assert found[-1] < 0.9 * found[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scheme": "spiral"}, "no scheme 'spiral'"),
        ({"cameras": "guessed"}, "no cameras 'guessed'"),
        ({"hypotheses": 1}, "hypotheses is 1"),
        ({"drawn": 24}, "cannot be compared at 24"),
        ({"picture": 100}, "multiple of 64"),
        ({"mask": -1.0}, "weight mask"),
        ({"jitter": 0.5}, "jitter"),
        ({"temperature": 0.0}, "temperature"),
        ({"scheme": "rotational", "subdivide_at": 5}, "cannot be subdivided"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, Any], words: str, made: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=words):
        ReconstructionLesson(configuration(made, tmp_path, **options))


def test_data_without_masks_are_refused(made: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(made, tmp_path / "bare")
    for folder in (tmp_path / "bare").glob("*/*/masks"):
        shutil.rmtree(folder)
    with pytest.raises(DatasetError, match="no mask"):
        ReconstructionLesson(configuration(tmp_path / "bare", tmp_path / "out"))
    with pytest.raises(InvalidParameter, match="one picture at a time"):
        lesson = ReconstructionLesson(configuration(made, tmp_path, batch=1))
        lesson.loss(lesson.batch(0, 0, 1), 0)


# The study


def test_the_study_compares_at_equal_training(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, picture = tmp_path / "study.csv", tmp_path / "study.png"
    words = ["--data", str(made), "--seeds", "1", "--steps", "3", "--batch", "2", "--level", "2", "--json"]
    assert main(["network", "study-symmetry", *words, "--csv", str(table), "--plot", str(picture)]) == 0
    told = json.loads(capsys.readouterr().out)
    free, plane = told["rows"]
    assert (free["scheme"], plane["scheme"]) == ("free", "plane")
    assert plane["outputs"] < 0.65 * free["outputs"] and plane["texture"] == free["texture"] // 2
    assert plane["asymmetry"] < 1e-4 < free["asymmetry"]
    for row in (free, plane):
        assert 0.0 < row["mask_iou"] < 1.0 and 0.0 < row["volume_iou"] < 1.0
        assert 0.0 < row["chamfer"] < 0.5 and 0.0 < row["texture_error"] < 1.0
    assert told["better_in_seeds"]["plane"]["asymmetry"] == 1 and told["measured_on"] == 2
    assert len(table.read_text().splitlines()) == 3
    with Image.open(picture) as image:
        assert image.width > 7 * 128 and image.height > 2 * 128


def test_a_study_that_cannot_be_made(tmp_path: Path) -> None:
    for wrong in ({"schemes": ("free", "free")}, {"schemes": ("spiral",)}, {"steps": 0}, {"batch": 1}):
        with pytest.raises(InvalidParameter):
            StudySettings(**wrong)  # type: ignore[arg-type]
    with pytest.raises(DatasetError):
        study_symmetry(StudySettings(), tmp_path)
