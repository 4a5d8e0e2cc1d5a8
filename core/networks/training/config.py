# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training is: the model, its data, and how. Read from TOML, with errors that name what is wrong."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from ...errors import InvalidParameter
from ...files import expanded
from ..runtime import DEVICES

T = TypeVar("T")

OPTIONS = "options"
"""The table of a configuration that only its model understands."""

LAST = "last.pt"
"""The file of the state of a training."""

STOP = "stop"
"""A file of that name in the folder `out` asks a training to save its state and end."""

_AT_LEAST = {
    "seed": 0,
    "batch": 1,
    "steps": 1,
    "validate_every": 1,
    "save_every": 1,
    "log_every": 1,
    "patience": 0,
    "decay_every": 0,
    "workers": 0,
}
_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in quotes",
    Path: "a path in quotes",
    tuple[str, ...]: "a list of texts",
}


@dataclass(frozen=True)
class TrainingConfig:
    """model: a name of `catalogue.MODELS`. dataset: the folder to learn from. out: where checkpoints and logs go.

    seed: of all that is random. batch: examples at once, over all processes. steps: of the optimiser in all.
    learning_rate: of Adam; multiplied by `decay` after every `decay_every` steps, 0 for never. validate_every,
    save_every, log_every: in steps. patience: validations without a better one before it stops; 0 for never.
    goal: a score at which it stops; None for none. mixed_precision: where there is CUDA. workers: threads that read
    ahead; the result does not depend on them. tensorboard: also write logs for it. options: what only this model has.

    Raises `InvalidParameter` for a number out of its range.
    """

    model: str
    dataset: Path
    out: Path
    seed: int = 0
    batch: int = 64
    steps: int = 100_000
    learning_rate: float = 1e-4
    decay: float = 1.0
    decay_every: int = 0
    validate_every: int = 2_000
    save_every: int = 2_000
    log_every: int = 10
    patience: int = 0
    goal: float | None = None
    device: str = "auto"
    mixed_precision: bool = False
    workers: int = 2
    tensorboard: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, least in _AT_LEAST.items():
            if getattr(self, name) < least:
                raise InvalidParameter(f"{name} is {getattr(self, name)}.", f"Give {least} or more.")
        if self.seed >= 2**62:
            raise InvalidParameter(f"seed is {self.seed}.", "Give a number of 18 digits at most.")
        for name in ("learning_rate", "decay"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise InvalidParameter(f"{name} is {getattr(self, name):g}.", "Give a number above 0.")
        if self.device not in DEVICES:
            raise InvalidParameter(f"There is no device {self.device!r}.", f"Choose from {', '.join(DEVICES)}.")

    def rate_factor(self, step: int) -> float:
        """What the learning rate is multiplied by in a step, counted from 0."""
        return self.decay ** (step // self.decay_every) if self.decay_every else 1.0


def read_config(path: str | Path, **changes: Any) -> TrainingConfig:
    """The configuration in a TOML file; paths in it are relative to the file.

    changes: values that go before those of the file. Raises `InvalidParameter`, naming the key, what it must be, and
    the key that was probably meant.
    """
    path = expanded(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidParameter(f"Cannot read {path}: {error.strerror}.", "Choose a file that is there.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidParameter(
            f"{path.name} is no TOML: {error}.", "Mend it: key = value, one on each line."
        ) from error
    return config_from({**table, **changes}, path.parent, path.name)


def config_from(
    values: Mapping[str, Any], folder: str | Path = ".", place: str = "The configuration"
) -> TrainingConfig:
    """A configuration of plain values; paths are relative to `folder`, and errors name the `place`."""
    config = filled(TrainingConfig, values, place)
    folder = Path(folder)
    made = {name: folder / expanded(getattr(config, name)) for name in ("dataset", "out")}
    return TrainingConfig(**{**{item.name: getattr(config, item.name) for item in fields(config)}, **made})


def require_none(out: Path) -> None:
    """Raise `InvalidParameter` where a training is in the folder already."""
    if (out / LAST).exists():
        raise InvalidParameter(f"There is a training in {out} already.", "Resume it, or choose another folder.")


def options_of(config: TrainingConfig, kind: type[T]) -> T:
    """The options of a configuration as the dataclass of its model. Raises as `read_config`."""
    return filled(kind, config.options, f"The table {OPTIONS} for {config.model}")


def filled(kind: type[T], values: Mapping[str, Any], place: str) -> T:
    """A dataclass of plain values, each of the type that its field says.

    Raises `InvalidParameter` for a key that is unknown or missing, and for a value of another type.
    """
    hints = get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            remedy = f"Did you mean {near[0]}?" if near else f"The keys are {', '.join(known)}."
            raise InvalidParameter(f"{place} has a key {name!r}, which is not known.", remedy)
    for name, item in known.items():
        if name not in values and item.default is MISSING and item.default_factory is MISSING:
            raise InvalidParameter(f"{place} has no key {name}.", f"Add it: {name} is {_word(hints[name])}.")
    return kind(**{name: _as(hints[name], value, name, place) for name, value in values.items()})


def _as(hint: Any, value: Any, name: str, place: str) -> Any:
    """The value as the type of its field."""
    if hint == float | None:
        hint = float
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    if hint == tuple[str, ...] and isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if (hint in (int, float, str) and type(value) is hint) or (hint is bool and isinstance(value, bool)):
        return value
    if hint == Mapping[str, Any] and isinstance(value, Mapping):
        return dict(value)
    raise InvalidParameter(f"{name} is {value!r} in {_inside(place)}.", f"It must be {_word(hint)}.")


def _word(hint: Any) -> str:
    return _WORDS.get(hint, "a table")


def _inside(place: str) -> str:
    return place[:1].lower() + place[1:] if place.startswith("The ") else place
