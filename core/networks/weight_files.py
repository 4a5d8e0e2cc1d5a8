# SPDX-License-Identifier: GPL-3.0-or-later
"""The two kinds of files that weights come in, read without running anything that is in them.

PyTorch reads its own files, the zips of today as well as the pickles of before 1.6, with `weights_only=True`, which
builds tensors and plain containers. Single NumPy numbers and the settings of a command line, which the original
projects saved besides, are let through, and nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import warnings
import zipfile
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..errors import CheckpointError
from .pickled_names import called_names, protocol
from .runtime import in_words, is_out_of_memory, require_torch, too_little_memory
from .tensor_file import tensors_from_bytes

OWN_ENDING = ".safetensors"
MOST_EXPANSION, SLACK = 4, 1_000_000
"""What a file of weights may unpack to, as a multiple of its size, and bytes on top: weights hardly compress."""

_PROMISED = re.compile(r"-([0-9a-f]{8})\.(?:pt|pth|pth\.tar)$")
_USUAL_PROTOCOL = 2
_AGAIN = "Download or export it again."


def read_file(path: Path) -> tuple[Any, dict[str, Any]]:
    """(what is in the file, our facts about it); the content and not the ending of the name says which kind it is.

    Raises `CheckpointError` where the file is missing, damaged, too large for what it is, not what the check sum in its
    name promises, or holds anything but weights and plain data; `MissingLibrary` without PyTorch.
    """
    _check_there(path)
    require_torch()
    with in_words():
        return _read_own(path) if kind_of(path) == "safetensors" else (read_torch(path), {})


def read_torch(path: str | Path) -> Any:
    """All that is in a file of PyTorch: tensors, numbers, texts, containers. Raises as `read_file` does."""
    path = Path(path)
    _check_there(path)
    require_torch()
    _check_promise(path)
    _check_size(path)
    return _read_torch(path)


def _check_there(path: Path) -> None:
    if path.is_dir():
        raise CheckpointError(f"{path.name} is a folder.", "Choose the checkpoint in it.")
    if not path.is_file():
        raise CheckpointError(f"There is no file {path.name}.", "Choose a checkpoint.")
    try:
        with path.open("rb") as file:
            start = file.read(1)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}.", "Choose another file.") from error
    if not start:
        raise CheckpointError(f"{path.name} is damaged: it is empty.", _AGAIN)


def kind_of(path: Path) -> str:
    """ "safetensors", "PyTorch", or "PyTorch before 1.6", by the first bytes of the file."""
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:] == b"{" or path.suffix == OWN_ENDING:
        return "safetensors"
    return "PyTorch" if start[:2] == b"PK" else "PyTorch before 1.6"


def _read_own(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    torch = require_torch()
    arrays, facts = tensors_from_bytes(path.read_bytes(), path.name)
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}, facts


def _check_promise(path: Path) -> None:
    """A name as `model-f786b04a.pt` gives the first eight digits of its SHA-256, as torch.hub has it."""
    promised = _PROMISED.search(path.name)
    if promised is None or _is_date(promised[1]):
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()[:8]
    if found != promised[1]:
        raise CheckpointError(
            f"{path.name} is damaged: its name promises the check sum {promised[1]}, and it has {found}.",
            "Download it again; or rename it, if that part of its name is no check sum.",
        )


def _is_date(digits: str) -> bool:
    """Whether eight digits are a day of this time, as in `run-20260131.pt`."""
    try:
        return datetime.strptime(digits, "%Y%m%d").year in range(1990, 2100)
    except ValueError:
        return False


def _check_size(path: Path) -> None:
    """Refuse an archive that unpacks to far more than it is: PyTorch would make room for all of it."""
    size = path.stat().st_size
    if kind_of(path) != "PyTorch":
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path) from error
    if unpacked > MOST_EXPANSION * size + SLACK:
        raise CheckpointError(
            f"{path.name} has {size:,} bytes and unpacks to {unpacked:,}, as no file of weights does.",
            "Ask its author for another file.",
        )


def _read_torch(path: Path) -> Any:
    torch = require_torch()
    try:
        with torch.serialization.safe_globals(_harmless()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is refused anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if is_out_of_memory(error):
            raise too_little_memory() from error
        raise _refusal(path, str(error)) from error


def _refusal(path: Path, words: str) -> CheckpointError:
    """Why PyTorch does not read a file, in ours."""
    if "TorchScript" in words:
        return CheckpointError(
            f"{path.name} is a program of TorchScript, which would run when it is opened.",
            "Ask its author for the weights alone (state_dict), or for safetensors.",
        )
    strange = [name for name in called_names(path) if not _is_known(name)]
    if strange:
        return CheckpointError(
            f"{path.name} holds an object of {strange[0]}, which could run code when it is opened.",
            "Ask its author for the weights alone (state_dict), or for safetensors.",
        )
    if "Unsupported operand" in words and protocol(path) > _USUAL_PROTOCOL:
        return CheckpointError(
            f"{path.name} is pickled in a way that PyTorch does not read without running it.",
            "Save it with torch.save as usual, or as safetensors.",
        )
    return _damaged(path)


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is damaged, or not a file of PyTorch.",
        "Choose a .pt, .pth or .safetensors file, or download it again.",
    )


def _is_known(name: str) -> bool:
    """Whether PyTorch reads an object of that name with `weights_only=True`, or we let it through."""
    allowed: Any = getattr(import_module("torch._weights_only_unpickler"), "_get_allowed_globals", dict)()
    module, _, last = name.rpartition(".")
    ours = {f"{item.__module__}.{item.__name__}" for item in _harmless() if not isinstance(item, tuple)}
    ours |= {item[1] for item in _harmless() if isinstance(item, tuple)}
    storage = module in {"torch", "torch.cuda", "torch.storage"} and last.endswith("Storage")
    return storage or name in ours or name in allowed


def _harmless() -> list[Any]:
    """Single NumPy numbers, and the settings of a command line with paths among them: data without behaviour."""
    scalar: Any = np.float64(0.0).__reduce__()[0]
    numbers = {type(np.dtype(code)) for code in "?bBhHiIlLqQefd"}
    places = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    kinds = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
    paths = [(PurePosixPath, f"{module}.{kind}") for module in ("pathlib", "pathlib._local") for kind in kinds]
    return [argparse.Namespace, *((scalar, place) for place in places), *paths, np.dtype, *numbers]
