# SPDX-License-Identifier: GPL-3.0-or-later
"""The three recipes that come with the library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import InvalidParameter
from .recipe import Recipe, Step, recipe_from_json

_MEND = (
    Step("remove_unusable"),
    Step("merge_vertices"),
    Step("remove_degenerate"),
    Step("remove_duplicates"),
    Step("stitch"),
    Step("split_non_manifold"),
    Step("orient"),
)

CLEAN = Recipe("clean", "Clean", (*_MEND, Step("fill_holes"), Step("orient"), Step("keep_parts")))
"""Mend what is broken; handles and parts stay. What was open may look inward once it is closed: so a second look."""

CAD = Recipe(
    "cad",
    "CAD to Solid",
    (
        Step("remove_unusable"),
        Step("orient"),
        Step("remove_degenerate"),
        Step("dissolve_planar"),
        Step("merge_vertices"),
        Step("fill_holes", {"smooth": False}),
        Step("solidify"),
        Step("voxel_remesh"),
        Step("outer_surface"),
        Step("decimate"),
        Step("smooth"),
        Step("symmetrise", enabled=False),
        Step("cubify", enabled=False),
        Step("ensure_genus_zero", {"rebuild_from": "current"}),
    ),
)
"""From an assembly of surfaces to one light, even surface."""

GENUS_ZERO = Recipe(
    "genus0",
    "Make Genus 0",
    (
        *_MEND,
        Step("outer_surface"),
        Step("thicken_sheets"),
        Step("fill_holes"),
        Step("resolve_parts"),
        Step("resolve_self_intersections", enabled=False),
        Step("remove_handles"),
        Step("ensure_genus_zero"),
    ),
    spares_spheres=True,
)
"""One closed surface without handles, whatever came in."""

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (CLEAN, CAD, GENUS_ZERO)}


def find_recipe(name: str | Path) -> Recipe:
    """The recipe of this name, or the one in the file of this path (JSON). Raises `InvalidParameter`."""
    if str(name) in RECIPES:
        return RECIPES[str(name)]
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InvalidParameter(
            f"There is no recipe {str(name)!r}.", f"Choose from {', '.join(RECIPES)}, or give a file with a recipe."
        ) from error
    return recipe_from_json(text)
