# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from files: what is read, and what is refused without being run."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import math
import os
import pickle
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from spherical_cow import tasks, worker
from spherical_cow.cli.main import main
from spherical_cow.errors import CheckpointError, InvalidParameter, SphericalCowError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.catalogue import describe  # noqa: E402
from spherical_cow.networks.checkpoints import load_checkpoint, read_checkpoint, read_torch, save_checkpoint  # noqa: E402
from spherical_cow.networks.runtime import available_devices, chosen_device, in_words  # noqa: E402


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str, function: Callable = os.system) -> None:
        self.command, self.function = command, function

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return self.function, (self.command,)


def linear() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Linear(3, 2)


@pytest.mark.parametrize("nest", ["", "model", "state_dict", "G_net", "model_state_dict"])
def test_any_nesting_and_parallel_training(tmp_path: Path, nest: str) -> None:
    weights = {f"module.{name}": value for name, value in linear().state_dict().items()}
    extra = {"epoch": 3, "loss_val_best": np.float64(0.5), "args": argparse.Namespace(rate=1e-4)}
    torch.save({nest: weights, **extra} if nest else weights, tmp_path / "a.pt")
    model = torch.nn.Linear(3, 2)
    checkpoint = load_checkpoint(tmp_path / "a.pt", model)
    assert torch.equal(model.weight, linear().weight) and checkpoint.parameters == 8
    assert checkpoint.facts == ({"epoch": 3, "loss_val_best": 0.5} if nest else {})


def test_our_own_format_keeps_every_bit_and_the_facts(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.safetensors", linear(), kind="test", lmax=4)
    checkpoint = read_checkpoint(tmp_path / "a.safetensors")
    assert all(torch.equal(checkpoint.weights[name], value) for name, value in linear().state_dict().items())
    assert checkpoint.facts == {"kind": "test", "lmax": 4}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "(posix|nt).system"), (eval, "builtins.eval"), (subprocess.Popen, "subprocess.Popen")],
)
def test_an_object_in_a_file_is_named_and_not_run(
    tmp_path: Path, function: Callable, name: str, protocol: int, legacy: bool
) -> None:
    witness = tmp_path / "witness"
    text = f"open({str(witness)!r}, 'w')" if function is eval else f"touch {witness}"
    data = {"model": linear().state_dict(), "more": Trap(text, function)}
    path = tmp_path / "a.pth"
    torch.save(data, path, _use_new_zipfile_serialization=not legacy, pickle_protocol=protocol)
    with pytest.raises(CheckpointError, match=rf"{name}, which could run code"):
        read_checkpoint(path)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.array([{}], dtype=object), "multiarray._reconstruct"),
        (torch.nn.Linear(2, 2), "linear.Linear"),
        (datetime.datetime(2026, 1, 1), "datetime.datetime"),
    ],
)
def test_objects_that_are_no_plain_data_are_named(tmp_path: Path, value: object, name: str) -> None:
    torch.save({"model": linear().state_dict(), "more": value}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=name):
        read_checkpoint(tmp_path / "a.pt")


def test_paths_among_settings_are_plain_data(tmp_path: Path) -> None:
    settings = argparse.Namespace(folder=tmp_path, rate=np.float64(0.5))
    torch.save({"model": linear().state_dict(), "settings": settings}, tmp_path / "a.pt")
    assert read_checkpoint(tmp_path / "a.pt").weights.keys() == linear().state_dict().keys()
    assert read_torch(tmp_path / "a.pt")["settings"].folder == PurePosixPath(tmp_path.as_posix())


@pytest.mark.parametrize("kind", ["complex", "sparse", "meta"])
def test_weights_in_another_form_are_refused(tmp_path: Path, kind: str) -> None:
    weights = linear().state_dict()
    forms = {"complex": weights["weight"] + 1j, "sparse": weights["weight"].to_sparse()}
    torch.save({**weights, "weight": forms.get(kind, weights["weight"].to("meta"))}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="weight is sparse" if kind == "sparse" else "complex"):
        load_checkpoint(tmp_path / "a.pt", linear())


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_program_of_torchscript_is_called_one(tmp_path: Path) -> None:
    torch.jit.script(linear()).save(str(tmp_path / "a.pt"))
    with pytest.raises(CheckpointError, match="program of TorchScript"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_pickle_of_another_protocol_is_not_called_damaged(tmp_path: Path) -> None:
    torch.save(linear().state_dict(), tmp_path / "a.pt", pickle_protocol=5)
    with pytest.raises(CheckpointError, match="pickled in a way"):
        read_checkpoint(tmp_path / "a.pt")


def test_single_numbers_of_numpy_and_settings_are_let_through(tmp_path: Path) -> None:
    kinds = (np.float64, np.float32, np.float16, np.int64, np.int32, np.uint8, np.bool_)
    data = {"model": linear().state_dict(), "args": argparse.Namespace(rate=np.float64(0.1))}
    torch.save({**data, **{kind.__name__: kind(1) for kind in kinds}}, tmp_path / "a.pt")
    assert read_checkpoint(tmp_path / "a.pt").facts["float64"] == 1.0


def test_facts_are_what_json_can_hold(tmp_path: Path) -> None:
    facts = {"best": -math.inf, "loss": math.nan, "huge": 10**400, "long": "moo" * 1000, "it": 5, "name": "cow"}
    torch.save({"model": linear().state_dict(), **facts}, tmp_path / "a.pt")
    assert read_checkpoint(tmp_path / "a.pt").facts == {"it": 5, "name": "cow"}


def test_the_format_of_before_1_6(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    data = {"model": linear().state_dict(), "loss_val_best": np.float64(0.5)}
    torch.save(data, path, _use_new_zipfile_serialization=False)
    assert torch.equal(read_checkpoint(path).weights["weight"], linear().weight)
    assert describe(path).format == "PyTorch before 1.6"


def test_the_content_and_not_the_ending_says_what_a_file_is(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.safetensors", linear())
    (tmp_path / "a.safetensors").rename(tmp_path / "b.pt")
    torch.save(linear().state_dict(), tmp_path / "c.ckpt")
    for name in ("b.pt", "c.ckpt"):
        assert read_checkpoint(tmp_path / name).parameters == 8


def test_the_check_sum_in_a_name_is_kept(tmp_path: Path) -> None:
    torch.save(linear().state_dict(), tmp_path / "a.pt")
    content = (tmp_path / "a.pt").read_bytes()
    good = tmp_path / f"cow-{hashlib.sha256(content).hexdigest()[:8]}.pt"
    good.write_bytes(content)
    (tmp_path / "cow-20260131.pt").write_bytes(content)  # a day
    (tmp_path / "cow-deadbeef.safetensors").write_bytes(save_bytes(tmp_path))  # no such promise there
    for name in (good.name, "cow-20260131.pt", "cow-deadbeef.safetensors"):
        assert read_checkpoint(tmp_path / name).parameters == 8
    (tmp_path / "cow-deadbeef.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"promises the check sum deadbeef, and it has {good.stem[4:]}"):
        read_checkpoint(tmp_path / "cow-deadbeef.pt")


def save_bytes(folder: Path) -> bytes:
    save_checkpoint(folder / "own.safetensors", linear())
    return (folder / "own.safetensors").read_bytes()


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    torch.save(linear().state_dict(), tmp_path / "a.pt")
    with (
        zipfile.ZipFile(tmp_path / "a.pt") as source,
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in source.namelist():
            bomb.writestr(name, bytes(100_000_000) if name.endswith("data/0") else source.read(name))
    assert (tmp_path / "bomb.pt").stat().st_size < 200_000
    with pytest.raises(CheckpointError, match="unpacks to 100,"):
        read_checkpoint(tmp_path / "bomb.pt")


@pytest.mark.parametrize("legacy", [False, True])
def test_weights_that_claim_more_than_the_file_holds_are_refused(tmp_path: Path, legacy: bool) -> None:
    weights = {"weight": torch.zeros(1).expand(1_000_000, 1_000_000)}
    torch.save(weights, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(CheckpointError, match="claims 1,000,000,000,000 numbers in weight"):
        read_checkpoint(tmp_path / "a.pt")


def test_an_absurd_size_in_an_old_file_takes_no_memory(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(77_777)}, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    content = (tmp_path / "a.pt").read_bytes()
    number = (77_777).to_bytes(4, "little")
    (tmp_path / "a.pt").write_bytes(content.replace(b"J" + number, b"J" + (2**31 - 1).to_bytes(4, "little")))
    with pytest.raises(SphericalCowError):
        read_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_weights_that_are_not_numbers_are_refused(tmp_path: Path, value: float, ending: str) -> None:
    model = linear()
    with torch.no_grad():
        model.weight[1, 2] = value
    if ending == "pt":
        torch.save(model.state_dict(), tmp_path / "a.pt")
    else:
        save_checkpoint(tmp_path / "a.safetensors", model)
    with pytest.raises(CheckpointError, match="not numbers, in weight"):
        read_checkpoint(tmp_path / f"a.{ending}")


def test_linear_layers_of_the_paper_are_the_convolutions_of_the_code(tmp_path: Path) -> None:
    """The Occupancy Network of the paper: `fc_gamma.weight` (c, f), and no counters in files of that time."""
    from spherical_cow.networks.occupancy.decoder import ConditionalDecoder

    torch.manual_seed(2)
    original, model = ConditionalDecoder(6, 8), ConditionalDecoder(6, 8)
    for parameter in original.parameters():
        torch.nn.init.normal_(parameter)
    weights = {}
    for name, value in original.state_dict().items():
        if "conv_" in name:
            weights[name.replace("conv_", "fc_")] = value[..., 0] if name.endswith("weight") else value
        elif not name.endswith("num_batches_tracked"):
            weights[name] = value
    torch.save({"model": weights}, tmp_path / "a.pt")
    load_checkpoint(tmp_path / "a.pt", model)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), original.parameters(), strict=True))


def test_a_description_tells_what_a_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from spherical_cow.networks.occupancy.network import OccupancyNetwork

    torch.save({"model": OccupancyNetwork("nothing").state_dict(), "it": 30}, tmp_path / "shapes.pt")
    told = describe(tmp_path / "shapes.pt")
    assert told.card is not None and told.card.name == "occupancy-unconditional" and "ShapeNet" in told.card.licence
    assert told.parameters == 298_369 and told.precision == "float32" and told.facts == {"it": 30}
    assert main(["network", "info", str(tmp_path / "shapes.pt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told.to_dict()
    assert main(["network", "info", str(tmp_path / "shapes.pt")]) == 0
    assert "298,369" in capsys.readouterr().out
    assert told.licence == told.card.licence
    save_checkpoint(tmp_path / "own.safetensors", OccupancyNetwork("nothing"), network="occupancy-unconditional")
    assert "ShapeNet" not in describe(tmp_path / "own.safetensors").licence  # it was trained here
    torch.save(linear().state_dict(), tmp_path / "other.pt")
    assert describe(tmp_path / "other.pt").title == "Unknown Network"
    assert main(["network", "info", str(tmp_path / "none.pt"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "CheckpointError"


def test_a_bare_pickle_is_not_run(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    (tmp_path / "a.pt").write_bytes(pickle.dumps(Trap(f"touch {witness}")))
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "a.pt")
    assert not witness.exists()


@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_truncated_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "pt":
        torch.save(linear().state_dict(), path)
    else:
        save_checkpoint(path, linear())
    content = path.read_bytes()
    for share in (0.0, 0.1, 0.5, 0.95):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(CheckpointError, match="damaged"):
            read_checkpoint(path)


@pytest.mark.parametrize("kind", ["zip", "old", "own"])
def test_whatever_is_wrong_with_the_bytes_is_said(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pt"
    data = {"model": linear().state_dict(), "loss": np.float64(0.5), "args": argparse.Namespace(rate=1.0)}
    if kind == "own":
        save_checkpoint(path, linear(), kind="test")
    else:
        torch.save(data, path, _use_new_zipfile_serialization=kind == "zip")
    content, random, refused = path.read_bytes(), np.random.default_rng(0), 0
    for _ in range(150):
        changed = bytearray(content)
        for place in random.integers(len(changed), size=random.integers(1, 12)):
            changed[place] = random.integers(256)
        path.write_bytes(changed[: random.integers(len(changed)) if random.random() < 0.2 else None])
        try:
            read_checkpoint(path)
        except CheckpointError as error:
            assert str(error).isprintable() and len(str(error)) < 400
            refused += 1
    assert refused > 50


def test_an_archive_that_python_cannot_read_is_not_handed_on(tmp_path: Path) -> None:
    """What an archive unpacks to must be known before PyTorch makes room for it."""
    torch.save(linear().state_dict(), tmp_path / "a.pt")
    content = bytearray((tmp_path / "a.pt").read_bytes())
    locator = content.rindex(b"PK\x06\x07")
    content[locator + 16 : locator + 20] = (2).to_bytes(4, "little")  # as if it were on two disks
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(tmp_path / "a.pt")


def test_files_without_weights(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pt")
    torch.save([1, 2], tmp_path / "b.pt")
    for name in "ab":
        with pytest.raises(CheckpointError, match="no weights"):
            read_checkpoint(tmp_path / f"{name}.pt")
    with pytest.raises(CheckpointError, match="no file"):
        read_checkpoint(tmp_path / "c.pt")


def test_what_differs_is_said_and_nothing_is_loaded(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.safetensors", linear())
    other = torch.nn.Linear(4, 2)
    before = other.weight.clone()
    with pytest.raises(CheckpointError, match="weight is 2 × 3 in place of 2 × 4"):
        load_checkpoint(tmp_path / "a.safetensors", other)
    assert torch.equal(other.weight, before)
    with pytest.raises(CheckpointError, match=r"0\.weight is missing.*weight is not part"):
        load_checkpoint(tmp_path / "a.safetensors", torch.nn.Sequential(torch.nn.Linear(3, 2)))


def test_devices() -> None:
    assert available_devices()[-1] == "cpu" and chosen_device("auto") in available_devices()
    with pytest.raises(InvalidParameter, match="no device 'abacus'"):
        chosen_device("abacus")


@pytest.mark.parametrize("make", [lambda: torch.empty(2**55), lambda: np.empty(2**55)])
def test_too_little_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable) -> None:
    with pytest.raises(SphericalCowError, match="not enough memory"), in_words():
        make()
    with pytest.raises(RuntimeError, match="moo"), in_words():
        raise RuntimeError("moo")
    (tmp_path / "request.json").write_text('{"task": "describe_checkpoints"}')
    np.savez(tmp_path / "request.npz")
    monkeypatch.setattr(tasks, "run_task", lambda *given: make())
    answer = worker.serve(tmp_path)
    assert not answer["ok"] and "not enough memory" in answer["error"]["found"]


def test_our_format_is_that_of_the_library_of_its_name(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).half()
    save_checkpoint(tmp_path / "a.safetensors", model, lmax=4)
    theirs = library.load_file(tmp_path / "a.safetensors")
    assert theirs.keys() == model.state_dict().keys()
    assert all(torch.equal(theirs[name], value) for name, value in model.state_dict().items())
    library.save_file(theirs, tmp_path / "b.safetensors", {"format": "pt"})
    ours = read_checkpoint(tmp_path / "b.safetensors")
    assert all(torch.equal(ours.weights[name], value) for name, value in theirs.items()) and ours.facts == {}
