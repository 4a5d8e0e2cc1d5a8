# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes: named lists of repair steps with their parameters, as data that can be shown, changed and saved.

Nothing here computes, so that a user interface can load it in a moment; `steps` runs what is described here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..errors import InvalidParameter
from .catalogue import STEPS, Value

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Step:
    """One step of a recipe: its name in `STEPS`, whether it is done, and the parameters that differ from the usual.

    Raises `InvalidParameter` for an unknown name, an unknown parameter, or a value out of range.
    """

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    enabled: bool = True

    def __post_init__(self) -> None:
        plain = {
            name: value.item() if isinstance(value, np.generic) else value for name, value in self.parameters.items()
        }
        object.__setattr__(self, "parameters", plain)
        if self.name not in STEPS:
            raise InvalidParameter(f"There is no repair step {self.name!r}.", f"Choose from {', '.join(STEPS)}.")
        known = {parameter.name: parameter for parameter in STEPS[self.name].parameters}
        for name, value in plain.items():
            if name not in known:
                hint = f"It has {', '.join(known)}." if known else "It has no parameters."
                raise InvalidParameter(f"The step {self.name!r} has no parameter {name!r}.", hint)
            known[name].require(value)

    @property
    def settings(self) -> dict[str, Value]:
        """Every parameter of the step with its value here."""
        usual = {parameter.name: parameter.default for parameter in STEPS[self.name].parameters}
        return {**usual, **self.parameters}


@dataclass(frozen=True)
class Recipe:
    """Steps in the order in which they are done. name: an identifier; title: what the user reads.

    spares_spheres: whether a mesh that already is one closed surface of genus 0 is left as it is.
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    spares_spheres: bool = False

    def with_settings(self, **values: Value) -> Recipe:
        """A copy in which every step that has a parameter of this name takes this value.

        Raises `InvalidParameter` where no step has it, or the value is out of range.
        """
        for name in values:
            if not any(name in step.settings for step in self.steps):
                raise InvalidParameter(
                    f"No step of the recipe {self.title!r} has a parameter {name!r}.",
                    "Choose another recipe, or leave this setting out.",
                )
        steps = (
            replace(step, parameters={**step.parameters, **{n: v for n, v in values.items() if n in step.settings}})
            for step in self.steps
        )
        return replace(self, steps=tuple(steps))


def recipe_to_json(recipe: Recipe) -> str:
    """The recipe as JSON text, the form in which users keep their own."""
    steps = [{"name": step.name, "enabled": step.enabled, "parameters": dict(step.parameters)} for step in recipe.steps]
    data = {
        "format_version": FORMAT_VERSION,
        "name": recipe.name,
        "title": recipe.title,
        "spares_spheres": recipe.spares_spheres,
        "steps": steps,
    }
    return json.dumps(data, indent=2)


def recipe_from_json(text: str) -> Recipe:
    """The inverse of `recipe_to_json`. Raises `InvalidParameter` for anything that is not a recipe."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged("it is not JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        raise _damaged("it has no list of steps")
    if data.get("format_version") != FORMAT_VERSION:
        raise _damaged(f"its format_version is {data.get('format_version')!r}, not {FORMAT_VERSION}")
    name, title = data.get("name"), data.get("title")
    if not isinstance(name, str) or not isinstance(title, str) or not name:
        raise _damaged("its name or title is missing")
    return Recipe(name, title, tuple(_step(item) for item in data["steps"]), data.get("spares_spheres") is True)


def _step(item: Any) -> Step:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise _damaged("a step has no name")
    parameters, enabled = item.get("parameters", {}), item.get("enabled", True)
    if not isinstance(parameters, dict) or not isinstance(enabled, bool):
        raise _damaged(f"the step {item['name']!r} is not understood")
    return Step(item["name"], parameters, enabled)


def _damaged(reason: str) -> InvalidParameter:
    return InvalidParameter(f"This is not a recipe for repairs: {reason}.", "Choose a recipe that was saved here.")
