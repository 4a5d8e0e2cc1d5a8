# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes between the panel, the library and the user's folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from . import jobs
from .core.errors import InvalidParameter, OutputError, SphericalCowError
from .core.files import atomic_write
from .core.repairs.catalogue import STEPS, Value
from .core.repairs.recipe import Recipe, Step, recipe_from_json, recipe_to_json
from .core.repairs.recipes import GENUS_ZERO, RECIPES, find_recipe
from .properties.repair import property_name, to_shown, to_value

DEFAULT = GENUS_ZERO.name


def own_recipes() -> dict[str, Recipe]:
    """The user's recipes by name, in alphabetical order; files that are none are left out."""
    found = {}
    for path in sorted(_folder().glob("*.json")):
        try:
            recipe = _read(path, path.stat().st_mtime_ns)
        except (SphericalCowError, OSError, UnicodeDecodeError):
            continue
        found[recipe.name] = recipe
    return found


@lru_cache(maxsize=64)
def _read(path: Path, time: int) -> Recipe:
    """`time` is part of the key, so that a changed file is read again."""
    recipe = recipe_from_json(path.read_text(encoding="utf-8"))
    return Recipe(path.stem, recipe.title, recipe.steps, recipe.spares_spheres)


def _folder() -> Path:
    return jobs.user_folder("recipes")


def find(name: str) -> Recipe:
    """A recipe by its name (the library's or the user's), by the path of its file, or from its JSON text.

    Raises `InvalidParameter` where there is none.
    """
    if name.lstrip().startswith("{"):
        return recipe_from_json(name)
    return own_recipes().get(name) or find_recipe(bpy.path.abspath(name) if "/" in name or "\\" in name else name)


def save(recipe: Recipe, title: str) -> Recipe:
    """Keep the recipe under this title, in place of one that the user has under it. Raises `InvalidParameter` for a
    title that is empty or one of the library's, and `OutputError` where it cannot be written."""
    title = title.strip()
    name = bpy.path.clean_name(title).strip("_").lower()
    if not name:
        raise InvalidParameter("The recipe has no name.", "Type one.")
    if name in RECIPES or title in {known.title for known in RECIPES.values()}:
        raise InvalidParameter(f"{title!r} is the name of a recipe that comes with the extension.", "Type another.")
    kept = Recipe(name, title, recipe.steps, recipe.spares_spheres)
    try:
        with atomic_write(_folder() / f"{name}.json") as path:
            path.write_text(recipe_to_json(kept), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The recipe cannot be kept: {error}.", "Check the user folder of Blender.") from error
    return kept


def delete(name: str) -> None:
    """Remove one of the user's recipes. Raises `InvalidParameter` where it is none of those."""
    if name not in own_recipes():
        raise InvalidParameter("This recipe comes with the extension.", "Only your own can be removed.")
    (_folder() / f"{name}.json").unlink(missing_ok=True)


def show(settings: Any, recipe: Recipe) -> None:
    """Put a recipe into the panel."""
    settings.recipe, settings.title, settings.spares_spheres = recipe.name, recipe.title, recipe.spares_spheres
    settings.steps.clear()
    for step in recipe.steps:
        add(settings, step, len(settings.steps))
    settings.active_step = 0


def add(settings: Any, step: Step, place: int) -> None:
    """Insert a step before the one at that place."""
    item = settings.steps.add()
    item.step, item.enabled, item.name = step.name, step.enabled, STEPS[step.name].title
    for parameter in STEPS[step.name].parameters:
        setattr(item, property_name(step.name, parameter.name), to_shown(parameter, step.settings[parameter.name]))
    settings.steps.move(len(settings.steps) - 1, place)


def shown(settings: Any) -> Recipe:
    """The recipe as it is in the panel; the usual one where nothing was shown yet."""
    if not settings.recipe:
        return GENUS_ZERO
    steps = tuple(_step(item) for item in settings.steps if item.step in STEPS)
    return Recipe(settings.recipe, settings.title, steps, settings.spares_spheres)


def _step(item: Any) -> Step:
    parameters: dict[str, Value] = {}
    for parameter in STEPS[item.step].parameters:
        value = to_value(parameter, getattr(item, property_name(item.step, parameter.name)))
        if value != parameter.default:
            parameters[parameter.name] = value
    return Step(item.step, parameters, item.enabled)


def is_changed(settings: Any) -> bool:
    """Whether the panel's recipe is no longer the one that it was taken from."""
    known = RECIPES.get(settings.recipe) or own_recipes().get(settings.recipe)
    return known is None or _plain(known) != _plain(shown(settings))


def _plain(recipe: Recipe) -> list[tuple[str, bool, dict[str, Value]]]:
    return [(step.name, step.enabled, step.settings) for step in recipe.steps]


def fill() -> None:
    """Show the usual recipe in every scene that has none yet. Panels cannot write, so they ask for this."""
    for scene in bpy.data.scenes:
        if not scene.spherical_cow.repair.recipe:
            show(scene.spherical_cow.repair, RECIPES[DEFAULT])


def ask_to_fill() -> None:
    """Let `fill` run as soon as Blender allows it."""
    if not bpy.app.timers.is_registered(fill):
        bpy.app.timers.register(fill)


def forget() -> None:
    """Take the request back: the extension is being switched off."""
    if bpy.app.timers.is_registered(fill):
        bpy.app.timers.unregister(fill)
