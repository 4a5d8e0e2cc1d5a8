# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: configurations, exact resume, early stop, faults, several processes, and that networks learn."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from spherical_cow.cli.main import main
from spherical_cow.errors import CheckpointError, InvalidParameter
from spherical_cow.networks.catalogue import MODELS, describe
from spherical_cow.networks.training.config import TrainingConfig, options_of, read_config
from spherical_cow.networks.training.meter import duration

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from learning import KINDS, configuration, learn_in_double, make_dataset  # noqa: E402
from spherical_cow.errors import Cancelled, DatasetError, TrainingFailed  # noqa: E402
from spherical_cow.networks.catalogue import open_model  # noqa: E402
from spherical_cow.networks.checkpoints import read_checkpoint  # noqa: E402
from spherical_cow.networks.occupancy.lesson import OccupancyLesson, OccupancyOptions  # noqa: E402
from spherical_cow.networks.pixel2mesh.lesson import Pixel2MeshOptions  # noqa: E402
from spherical_cow.networks.reconstruction.options import ReconstructionOptions  # noqa: E402
from spherical_cow.networks.training.curve import draw_curve  # noqa: E402
from spherical_cow.networks.training.lesson import Lesson  # noqa: E402
from spherical_cow.networks.training.log import Row, read_log  # noqa: E402
from spherical_cow.networks.training.run import learn, train  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
TOML = """
model = "occupancy-points"
dataset = "shapes"
out = "run"
"""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("shapes"))


def weights(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "last.pt", weights_only=True)["model"]


def stop_after(steps: int) -> Any:
    def progress(fraction: float, phase: str) -> None:
        if phase.startswith(f"Step {steps} "):
            raise Cancelled()

    return progress


# Configurations


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "training").glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_are_good(path: Path) -> None:
    config = read_config(path)
    assert config.model in MODELS
    kinds = {"reconstruction": ReconstructionOptions, "pixel2mesh": Pixel2MeshOptions}
    assert options_of(config, kinds.get(config.model, OccupancyOptions)).train == "train"
    assert config.out.resolve().parent == ROOT / "output"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(TOML)
    config = read_config(tmp_path / "c.toml", steps=7)
    assert (config.dataset, config.out, config.steps) == (tmp_path / "shapes", tmp_path / "run", 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOML + "bach = 3", ("'bach'", "Did you mean batch?")),
        (TOML + "qqqq = 3", ("'qqqq'", "The keys are model, dataset")),
        (TOML + 'batch = "64"', ("batch is '64'", "a whole number")),
        (TOML + "batch = 6.5", ("batch is 6.5", "a whole number")),
        (TOML + "batch = true", ("batch is True", "a whole number")),
        (TOML + "steps = 0", ("steps is 0", "Give 1 or more")),
        (TOML + "seed = " + "9" * 25, ("seed is 9", "18 digits")),
        (TOML + "learning_rate = nan", ("learning_rate is nan", "above 0")),
        (TOML + "learning_rate = -1", ("learning_rate is -1", "above 0")),
        (TOML + 'device = "gpu"', ("'gpu'", "auto, cpu, cuda, mps")),
        (TOML + "options = 3", ("options is 3", "a table")),
        ('model = "occupancy-points"\nout = "a"', ("no key dataset", "a path in quotes")),
        (TOML + "batch =", ("no TOML", "key = value")),
    ],
)
def test_a_bad_configuration_is_told_in_words(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(InvalidParameter) as caught:
        read_config(tmp_path / "c.toml")
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_missing_configuration() -> None:
    with pytest.raises(InvalidParameter, match=r"Cannot read .*nowhere.toml"):
        read_config("nowhere.toml")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pionts": 3}, "Did you mean points"),
        ({"size": "huge"}, "full, half, small, tiny"),
        ({"classes": "chair"}, "a list of texts"),
        ({"points": 0}, "1 or more"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str, dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=words):
        train(configuration(dataset, tmp_path / "run", options=options))


def test_a_model_that_is_not_there(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="There is no model"):
        train(configuration(dataset, tmp_path, "cows"))


def test_a_dataset_without_what_the_model_sees(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        train(configuration(tmp_path / "none", tmp_path / "run"))
    bare = make_dataset(tmp_path / "bare", 2)
    (bare / "solids" / "shape_0" / "model.binvox").unlink()
    with pytest.raises(DatasetError, match=r"model\.binvox"):
        train(configuration(bare, tmp_path / "run", "voxels"))
    (bare / "solids" / "val.lst").write_text("")
    with pytest.raises(DatasetError, match="overfit = true"):
        train(configuration(bare, tmp_path / "run"))


def test_durations() -> None:
    assert [duration(value) for value in (3.4, 700, 12_000, 190_000)] == ["3 s", "12 min", "3 h 20 min", "2 d 4 h"]


# Going on


@pytest.fixture(scope="module")
def uninterrupted(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    train(configuration(dataset, out))
    return out


def test_the_library_of_the_format_of_weights_is_not_needed(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    report = train(configuration(dataset, tmp_path, steps=1))
    assert report.steps == 1 and read_checkpoint(report.checkpoint).weights


def assert_same(one: Path, other: Path) -> None:
    a, b = (torch.load(folder / "last.pt", weights_only=True) for folder in (one, other))
    assert all(torch.equal(a["model"][name], b["model"][name]) for name in a["model"])
    states = [content["optimizer"]["state"] for content in (a, b)]
    assert all(torch.equal(states[0][i][key], states[1][i][key]) for i in states[0] for key in states[0][i])
    assert [dataclasses.replace(row, seconds=0.0) for row in read_log(one)] == [
        dataclasses.replace(row, seconds=0.0) for row in read_log(other)
    ]
    best = [read_checkpoint(folder / "best.safetensors") for folder in (one, other)]
    assert best[0].facts == best[1].facts
    assert all(torch.equal(best[0].weights[name], best[1].weights[name]) for name in best[0].weights)


@pytest.mark.parametrize("workers", [0, 3])
def test_a_stopped_training_goes_on_as_if_it_had_not(
    workers: int, dataset: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    config = configuration(dataset, tmp_path, workers=workers)
    with pytest.raises(Cancelled, match="after step 5"):
        train(config, stop_after(5))
    with pytest.raises(InvalidParameter, match="There is a training in"):
        train(config)
    report = train(config, resume=True)
    assert report.steps == 12
    assert report.remarks[0] == "Going on after step 5."
    assert_same(tmp_path, uninterrupted)


def test_a_killed_training_loses_the_steps_since_it_was_saved(
    dataset: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    values = dataclasses.asdict(configuration(dataset, tmp_path / "run", steps=100_000))
    plain = [f"{name} = {json.dumps(value, default=str)}" for name, value in values.items() if name not in _TABLES]
    lines = [f"{name} = {json.dumps(value)}" for name, value in values["options"].items()]
    config.write_text("\n".join([*plain, "[options]", *lines]))
    command = [sys.executable, "-m", "spherical_cow.cli.main", "train", str(config)]
    with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        deadline = time.monotonic() + 60.0
        while len(read_log(tmp_path / "run")) < 7 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    saved = torch.load(tmp_path / "run" / "last.pt", weights_only=True)
    step = json.loads(saved["progress"])["step"]
    assert step % 3 == 0
    assert step >= len(read_log(tmp_path / "run")) - 3
    longer = max(12, step + 2)
    report = train(configuration(dataset, tmp_path / "run", steps=longer), resume=True)
    assert report.steps == longer
    if longer > 12:  # the machine was quick
        train(configuration(dataset, uninterrupted, steps=longer), resume=True)
    assert_same(tmp_path / "run", uninterrupted)


_TABLES = ("options", "goal")


def test_early_stopping_counts_on_after_a_resume(dataset: Path, tmp_path: Path) -> None:
    config = configuration(dataset, tmp_path / "a", validate_every=1, patience=3, learning_rate=1e-12, steps=40)
    report = train(config)
    assert report.stopped_early
    assert report.steps == report.best_step + 3
    other = dataclasses.replace(config, out=tmp_path / "b")
    with pytest.raises(Cancelled):
        train(other, stop_after(report.steps - 1))
    assert train(other, resume=True).steps == report.steps
    over = train(other, resume=True)
    assert over.steps == report.steps
    assert any("is over" in remark for remark in over.remarks)
    assert train(dataclasses.replace(other, goal=0.0, out=tmp_path / "c")).steps == 1


def test_what_must_not_change_and_what_may(dataset: Path, tmp_path: Path) -> None:
    config = configuration(dataset, tmp_path, steps=2)
    train(config)
    for change, word in (({"batch": 2}, "batch = 4"), ({"seed": 5}, "seed = 0")):
        with pytest.raises(InvalidParameter, match=word):
            train(dataclasses.replace(config, **change), resume=True)
    with pytest.raises(InvalidParameter, match="options"):
        train(dataclasses.replace(config, options={**config.options, "size": "small"}), resume=True)
    report = train(dataclasses.replace(config, learning_rate=1e-5, steps=3), resume=True)
    assert "It was begun with learning_rate = 0.001, now it is 1e-05." in report.remarks
    assert report.steps == 3


@pytest.mark.parametrize("content", [b"", b"PK nonsense", None])
def test_a_damaged_state_is_refused(content: bytes | None, dataset: Path, tmp_path: Path) -> None:
    if content is None:
        torch.save({"model": {}, "identity": "[]"}, tmp_path / "last.pt")
    else:
        (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        train(configuration(dataset, tmp_path), resume=True)


def test_there_is_nothing_to_go_on_with(dataset: Path, tmp_path: Path) -> None:
    said: list[str] = []
    train(configuration(dataset, tmp_path, steps=1, mixed_precision=True), resume=True, say=said.append)
    assert said == [
        "Mixed precision needs CUDA: on cpu it is switched off.",
        "There is nothing to go on with: it begins anew.",
    ]


# What goes wrong


class Broken(Lesson):
    """A line through points, whose loss is no number in one step, or whose weights are after it."""

    def __init__(self, config: TrainingConfig, loss: bool) -> None:
        self.network, self.breaks_loss = torch.nn.Linear(1, 1), loss

    def batch(self, step: int, share: int, shares: int) -> dict[str, Any]:
        return {"x": torch.full((2, 1), float(step)), "factor": torch.tensor(0.0 if step == 7 else 1.0)}

    def loss(self, batch: Any, step: int) -> Any:
        y = self.network(batch["x"]).square().mean()
        if self.breaks_loss:
            return y * batch["factor"] / batch["factor"]
        return y + torch.sqrt(batch["factor"] * self.network.weight.square().sum())  # 0, but of infinite slope

    def score(self) -> float:
        return 0.0


@pytest.mark.parametrize("loss", [True, False])
def test_a_loss_that_is_no_number_stops_it(loss: bool, dataset: Path, tmp_path: Path) -> None:
    config = configuration(dataset, tmp_path, steps=20)
    with pytest.raises(TrainingFailed, match=r"step [89]") as caught:
        learn(lambda config: Broken(config, loss), config)
    assert "The state before is kept" in str(caught.value)
    assert all(bool(torch.isfinite(value).all()) for value in weights(tmp_path).values())
    assert all(bool(torch.isfinite(v).all()) for v in read_checkpoint(tmp_path / "best.safetensors").weights.values())


def test_an_error_while_reading_is_told(dataset: Path, tmp_path: Path) -> None:
    class Unreadable(Broken):
        def batch(self, step: int, share: int, shares: int) -> dict[str, Any]:
            if step == 3:
                raise DatasetError("It is gone.", "Bring it back.")
            return super().batch(step, share, shares)

    with pytest.raises(DatasetError, match="It is gone"):
        learn(lambda config: Unreadable(config, True), configuration(dataset, tmp_path))


def test_a_request_to_end_saves_first(dataset: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def progress(fraction: float, phase: str) -> None:
        if phase.startswith("Step 4 "):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Cancelled, match=r"Stopped after step 4; all is kept"):
        train(configuration(dataset, tmp_path), progress)
    assert signal.getsignal(signal.SIGINT) is before
    assert json.loads(torch.load(tmp_path / "last.pt", weights_only=True)["progress"])["step"] == 4
    told = describe(tmp_path / "last.pt")  # the state is a checkpoint, too
    assert told.card is not None and told.facts["network"] == told.card.name and told.facts["shapes"] > 0


# Several processes


def test_two_processes_learn_what_one_does(dataset: Path, tmp_path: Path) -> None:
    single, double = tmp_path / "one", tmp_path / "two"
    for out in (single, double):
        out.mkdir()
        options = '[options]\nsize = "tiny"\npoints = 64\nvalidation_points = 500\n'
        (out / "c.toml").write_text(
            f'model = "occupancy-points"\ndataset = "{dataset.as_posix()}"\nout = "cli"\nsteps = 8\nbatch = 4\n'
            f'device = "cpu"\nlog_every = 1\nvalidate_every = 4\n{options}'
        )
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    program = [str(Path(__file__).parent / "learning.py"), str(dataset), str(double), str(double / "c.toml")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*start, *program], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("8 steps, done") == 1  # one process speaks
    assert main(["train", str(single / "c.toml")]) == 0
    for model in KINDS:
        learn_in_double(dataset, single, model)
        a, b = weights(single / model), weights(double / model)
        worst = max(float((a[name].double() - b[name].double()).abs().max()) for name in a)
        assert worst < 1e-6, (model, worst)
        assert worst < 1e-9 or model == "image", (model, worst)
    rows = zip(read_log(single / "cli"), read_log(double / "cli"), strict=True)
    for one, other in rows:
        assert other.loss == pytest.approx(one.loss, rel=1e-6)
        assert other.score == pytest.approx(one.score, abs=1e-2)


def test_a_batch_that_cannot_be_shared(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    from spherical_cow.networks.training import run
    from spherical_cow.networks.training.processes import Processes

    monkeypatch.setattr(run, "joined", lambda device: nullcontext(Processes(0, 3, "cpu")))
    with pytest.raises(InvalidParameter, match="multiple of 3"):
        train(configuration(dataset, tmp_path))


# What is learned


@pytest.mark.parametrize("model", KINDS)
def test_a_batch_does_not_depend_on_how_it_is_shared(model: str, dataset: Path, tmp_path: Path) -> None:
    lesson = OccupancyLesson(KINDS[model], configuration(dataset, tmp_path, model))
    whole, halves = lesson.batch(5, 0, 1), [lesson.batch(5, share, 2) for share in (0, 1)]
    assert set(whole) == {"points", "occupancy", "noise" if model == "unconditional" else "inputs"}
    for name, value in whole.items():
        assert torch.equal(value, torch.cat([half[name] for half in halves]))
        assert not torch.equal(value, lesson.batch(6, 0, 1)[name]) or (model == "voxels" and name == "inputs")


def test_each_shape_comes_once_in_a_round(dataset: Path, tmp_path: Path) -> None:
    lesson = OccupancyLesson("voxels", configuration(dataset, tmp_path, "voxels", batch=3))
    rounds = [lesson.batch(step, 0, 1)["inputs"].flatten(1).sum(1) for step in range(6)]
    assert all(len(set(found.tolist())) == 3 for found in rounds)
    assert len({tuple(found.tolist()) for found in rounds}) > 1


def test_points_are_learned_by_heart_and_predicted(dataset: Path, tmp_path: Path) -> None:
    options = {"points": 512, "train": "one", "overfit": True, "validation_points": 4000}
    aim = {"goal": 0.97, "learning_rate": 6e-3, "decay": 0.5, "decay_every": 60}
    often = {"validate_every": 25, "save_every": 500}
    report = train(configuration(dataset, tmp_path, batch=2, steps=500, options=options, **aim, **often))
    assert report.best >= 0.97, report.scores
    model = open_model(report.checkpoint, "cpu")
    assert model.card.name == "occupancy-points"
    assert model.facts()["step"] == report.best_step


def test_the_loss_without_an_input_has_a_divergence_and_falls(dataset: Path, tmp_path: Path) -> None:
    report = train(configuration(dataset, tmp_path, "unconditional", steps=60, validate_every=20))
    assert report.scores[-1][1] > report.scores[0][1]
    assert open_model(report.checkpoint, "cpu").card.name == "occupancy-unconditional"


# What is told


def test_logs(dataset: Path, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    config = configuration(dataset, tmp_path, tensorboard=True, decay=0.5, decay_every=4)
    with pytest.raises(Cancelled):
        train(config, stop_after(5))
    train(config, resume=True)
    rows = read_log(tmp_path)
    assert [row.step for row in rows] == list(range(1, 13))
    assert [row.step for row in rows if row.score is not None] == [4, 8, 12]
    assert [row.rate for row in rows] == [1e-3] * 4 + [5e-4] * 4 + [2.5e-4] * 4
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == list(range(1, 13))
    assert [event.value for event in events.Scalars("loss")] == pytest.approx([row.loss for row in rows])
    assert [event.step for event in events.Scalars("score")] == [4, 8, 12]


def test_a_log_that_is_being_written(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []
    (tmp_path / "log.csv").write_text("step,loss,score,learning_rate,seconds\n1,2.5,,0.1,3\n2,2.0,0.5,0.1,4\n3,1.")
    assert read_log(tmp_path) == [Row(1, 2.5, None, 0.1, 3.0), Row(2, 2.0, 0.5, 0.1, 4.0)]


def test_the_curve() -> None:
    rows = [Row(n, 100.0 / n, n / 50 if n % 10 == 0 else None, 1e-4, n) for n in range(1, 51)]
    picture = draw_curve(rows, (320, 200))
    assert picture.shape == (200, 320, 3)
    assert 0.0 <= picture.min() < picture.max() <= 1.0
    assert (draw_curve(rows[:25], (320, 200)) != picture).any()
    assert draw_curve([], (320, 200)).shape == (200, 320, 3)
    assert draw_curve(rows[:1], (320, 200)).shape == (200, 320, 3)


def test_the_command(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = '[options]\nsize = "tiny"\npoints = 64\n'
    (tmp_path / "c.toml").write_text(
        f'model = "occupancy-voxels"\ndataset = "{dataset.as_posix()}"\nout = "run"\nbatch = 2\n{options}'
    )
    words = ["train", str(tmp_path / "c.toml"), "--device", "cpu", "--steps", "2"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == 2
    assert Path(told["checkpoint"]).is_file()
    assert main(words) == 2
    assert "There is a training in" in capsys.readouterr().err
    assert main([*words[:-1], "3", "--resume"]) == 0
    found = capsys.readouterr()
    assert "3 steps, done" in found.out
    assert "Going on after step 2." in found.err
