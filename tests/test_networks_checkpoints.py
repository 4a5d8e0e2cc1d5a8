# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from files: what is read, and what is refused without being run."""

from __future__ import annotations

import argparse
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from spherical_cow.errors import CheckpointError, InvalidParameter, MissingLibrary

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from spherical_cow.networks.checkpoints import load_checkpoint, read_checkpoint, save_checkpoint  # noqa: E402
from spherical_cow.networks.runtime import available_devices, chosen_device  # noqa: E402


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


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
def test_an_object_in_a_file_is_named_and_not_run(tmp_path: Path, legacy: bool) -> None:
    witness = tmp_path / "witness"
    data = {"model": linear().state_dict(), "more": Trap(f"touch {witness}")}
    torch.save(data, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(CheckpointError, match=r"system.*run code"):
        read_checkpoint(tmp_path / "a.pth")
    assert not witness.exists()


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


def test_without_safetensors_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path / "a.safetensors", linear())
    for name in ("safetensors", "safetensors.torch"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingLibrary, match="safetensors"):
        save_checkpoint(tmp_path / "b.safetensors", linear())
    with pytest.raises(MissingLibrary, match="safetensors"):
        read_checkpoint(tmp_path / "a.safetensors")
