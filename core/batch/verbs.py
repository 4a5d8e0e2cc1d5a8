# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to many meshes: the verbs, their options, and the names of their results."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..channels import ALL_CHANNELS, GROUPS
from ..codec import LMAX_LIMIT, SAMPLINGS
from ..errors import InvalidParameter
from ..meshfile import READABLE, WRITABLE
from ..metrics.comparison import SAMPLES, VOLUMES
from ..repairs.recipe import Recipe, recipe_to_json
from ..repairs.recipes import find_recipe
from ..sphere.parametrize import METHODS

COEFFICIENTS = ".harmonics.npz"
SHAPES = (".npz", ".psh", ".sh", ".coef")
"""Endings of files with the coefficients of one shape."""

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Verb:
    """One thing to do to each mesh.

    endings: of the files that it takes. options: name → usual value. settle: completes and checks options; it gives
    plain JSON. ending: from the ending of an input and the options, that of the result, or None without a result file.
    """

    name: str
    endings: tuple[str, ...]
    options: Options
    ending: Callable[[str, Options], str | None] = lambda ending, options: None
    settle: Callable[[dict[str, Any]], None] = field(default=lambda options: None)

    def settled(self, given: Options) -> dict[str, Any]:
        """All options, in plain JSON. Raises `InvalidParameter` for an unknown one, or a value that does not fit."""
        for name in given:
            if name not in self.options:
                hint = f"It has {', '.join(self.options)}."
                raise InvalidParameter(f"The verb {self.name!r} has no option {name!r}.", hint)
        options = {**self.options, **given}
        self.settle(options)
        try:
            plain: dict[str, Any] = json.loads(json.dumps(options, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise InvalidParameter(f"An option of {self.name!r} is not plain data: {error}.", "Use text.") from error
        return plain


def find_verb(name: str) -> Verb:
    """The verb of that name. Raises `InvalidParameter` where there is none."""
    if name not in VERBS:
        raise InvalidParameter(f"There is no verb {name!r} for many meshes.", f"Choose from {', '.join(VERBS)}.")
    return VERBS[name]


def _require_range(options: Options, name: str, low: int, high: int | None = None) -> None:
    value = options[name]
    if value is None:
        return
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high)
    if not fits:
        span = f"{low} or more" if high is None else f"{low} to {high}"
        raise InvalidParameter(f"The option {name!r} cannot be {value!r}.", f"Give a whole number, {span}.")


def _require_choice(options: Options, name: str, choices: tuple[str, ...]) -> None:
    if options[name] not in choices:
        raise InvalidParameter(
            f"The option {name!r} cannot be {options[name]!r}.", f"Choose from {', '.join(choices)}."
        )


def _mesh_ending(ending: str, options: Options) -> str | None:
    """The format that is asked for, else that of the input where it can be written, else PLY."""
    if options["format"] is not None:
        return f".{options['format']}"
    return ending if ending.lower() in WRITABLE else ".ply"


def _settle_format(options: dict[str, Any]) -> None:
    if options["format"] is not None:
        _require_choice(options, "format", tuple(ending[1:] for ending in WRITABLE))


def _settle_repair(options: dict[str, Any]) -> None:
    """The recipe in full, so that a changed file of a recipe is another recipe, and workers need no such file."""
    _settle_format(options)
    recipe = options["recipe"]
    chosen = recipe if isinstance(recipe, Recipe) else find_recipe(recipe)
    settings = {name: options[name] for name in ("parts", "resolution", "prefer") if options[name] is not None}
    options["recipe"] = json.loads(recipe_to_json(chosen.with_settings(**settings)))


def _settle_encode(options: dict[str, Any]) -> None:
    _require_range(options, "lmax", 1, LMAX_LIMIT)
    _require_choice(options, "method", METHODS)
    channels = options["channels"]
    if channels is not None:
        options["channels"] = channels = list(channels)
        for name in channels:
            if name not in GROUPS and name not in ALL_CHANNELS:
                choices = ", ".join([*GROUPS, *ALL_CHANNELS])
                raise InvalidParameter(f"There is no channel {name!r}.", f"Choose from {choices}.")
    target = options["target"]
    if target is not None and not (isinstance(target, int | float) and 0.0 < target < 1.0):
        raise InvalidParameter(f"A mean error of {target!r} cannot be aimed at.", "Give a share as 0.001.")


def _settle_decode(options: dict[str, Any]) -> None:
    _settle_format(options)
    if options["sampling"] is not None:
        _require_choice(options, "sampling", SAMPLINGS)
    _require_range(options, "size", 1)
    _require_range(options, "lmax", 0)
    _require_range(options, "seed", 0)


def _settle_compare(options: dict[str, Any]) -> None:
    _require_range(options, "samples", 1)
    _require_choice(options, "volume", VOLUMES)
    _require_range(options, "seed", 0)


VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("check", READABLE, {"self_intersections": True}),
        Verb(
            "repair",
            READABLE,
            {"recipe": "genus0", "parts": None, "resolution": None, "prefer": None, "stages": False, "format": None},
            _mesh_ending,
            _settle_repair,
        ),
        Verb(
            "encode",
            READABLE,
            {
                "lmax": 64,
                "target": None,
                "method": "balanced",
                "channels": None,
                "color_if_any": False,
                "repair": False,
                "compact": False,
            },
            lambda ending, options: COEFFICIENTS,
            _settle_encode,
        ),
        Verb(
            "decode",
            SHAPES,
            {"sampling": None, "size": None, "lmax": None, "from_curvature": False, "seed": 0, "format": None},
            lambda ending, options: f".{options['format'] or 'ply'}",
            _settle_decode,
        ),
        Verb("compare", READABLE, {"samples": SAMPLES, "seed": 0, "volume": "points"}, settle=_settle_compare),
    )
}
"""Name → verb."""
