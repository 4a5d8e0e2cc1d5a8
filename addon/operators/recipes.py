# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe of the Repair panel: choose, change, keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, StringProperty

from .. import recipe_book
from ..core.repairs.catalogue import STEPS
from ..core.repairs.recipe import Step
from ..idnames import Menus, Operators
from .lists import DIRECTIONS, move_active, remove_active
from .shell import guarded

if TYPE_CHECKING:
    _Base = bpy.types.Operator
else:
    _Base = object


def settings_of(context: bpy.types.Context) -> Any:
    """The settings of the Repair panel, with a recipe in them."""
    settings: Any = context.scene.spherical_cow.repair
    if not settings.recipe:
        recipe_book.show(settings, recipe_book.find(recipe_book.DEFAULT))
    return settings


class SPHERICAL_COW_OT_recipe_load(bpy.types.Operator):
    """Choose a recipe."""

    bl_idname = Operators.RECIPE_LOAD
    bl_label = "Load Recipe"
    bl_description = "Show the steps of this recipe. Changes to the steps that are shown now are lost unless saved"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        name: str
    else:
        name: StringProperty(name="Name", description="Name of the recipe, or path of its file")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show it."""
        return guarded(self, None, lambda: self._load(context))

    def _load(self, context: bpy.types.Context) -> str:
        recipe = recipe_book.find(self.name or recipe_book.DEFAULT)
        recipe_book.show(context.scene.spherical_cow.repair, recipe)
        return f"Recipe {recipe.title!r}: {len(recipe.steps)} steps"


class SPHERICAL_COW_OT_recipe_save(bpy.types.Operator):
    """Keep the recipe."""

    bl_idname = Operators.RECIPE_SAVE
    bl_label = "Save Recipe"
    bl_description = "Keep these steps and their settings as a recipe of your own"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        title: str
    else:
        title: StringProperty(name="Name", description="What the recipe is called", default="My Recipe")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the name."""
        settings = settings_of(context)
        if settings.recipe in recipe_book.own_recipes():
            self.title = settings.title
        return set(context.window_manager.invoke_props_dialog(self))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write it."""
        return guarded(self, None, lambda: self._save(context))

    def _save(self, context: bpy.types.Context) -> str:
        settings = settings_of(context)
        kept = recipe_book.save(recipe_book.shown(settings), self.title)
        settings.recipe, settings.title = kept.name, kept.title
        return f"Saved the recipe {kept.title!r}"


class SPHERICAL_COW_OT_recipe_delete(bpy.types.Operator):
    """Remove one of the user's recipes."""

    bl_idname = Operators.RECIPE_DELETE
    bl_label = "Delete Recipe"
    bl_description = "Remove this recipe of your own. The steps stay in the panel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The recipe is the user's."""
        if context.scene.spherical_cow.repair.recipe not in recipe_book.own_recipes():
            cls.poll_message_set("This recipe comes with the extension: only your own can be removed")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask whether it is meant: a file goes, which undo does not bring back."""
        return set(context.window_manager.invoke_confirm(self, event))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove its file."""
        return guarded(self, None, lambda: self._delete(context))

    def _delete(self, context: bpy.types.Context) -> str:
        settings = settings_of(context)
        recipe_book.delete(settings.recipe)
        return f"Deleted the recipe {settings.title!r}"


class StepOperator(_Base):
    """For operators on the step that is chosen in the list."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There is one."""
        settings = context.scene.spherical_cow.repair
        if not settings.active_step < len(settings.steps):
            cls.poll_message_set("Choose a step in the list")
            return False
        return True


class SPHERICAL_COW_OT_step_add(bpy.types.Operator):
    """Add a step."""

    bl_idname = Operators.STEP_ADD
    bl_label = "Add Step"
    bl_description = "Add this step below the chosen one"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        step: str
    else:
        step: EnumProperty(
            name="Step",
            description="What the step does",
            items=[(step.name, step.title, step.description) for step in STEPS.values()],
        )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """What the step does."""
        return f"{STEPS[properties.step].description}.\n{cls.bl_description}"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Insert it with its usual settings, and choose it."""
        settings = settings_of(context)
        place = min(settings.active_step + 1, len(settings.steps))
        recipe_book.add(settings, Step(self.step), place)
        settings.active_step = place
        return {"FINISHED"}


class SPHERICAL_COW_OT_step_remove(StepOperator, bpy.types.Operator):
    """Remove a step."""

    bl_idname = Operators.STEP_REMOVE
    bl_label = "Remove Step"
    bl_description = "Take the chosen step out of the recipe"
    bl_options = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; the next one is chosen."""
        remove_active(settings_of(context), "steps", "active_step")
        return {"FINISHED"}


class SPHERICAL_COW_OT_step_move(StepOperator, bpy.types.Operator):
    """Move a step."""

    bl_idname = Operators.STEP_MOVE
    bl_label = "Move Step"
    bl_description = "Do the chosen step earlier or later"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        direction: str
    else:
        direction: EnumProperty(
            name="Direction",
            description="Where to",
            items=DIRECTIONS,
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Swap it with its neighbour."""
        return move_active(settings_of(context), "steps", "active_step", self.direction)


class SPHERICAL_COW_MT_recipes(bpy.types.Menu):
    """All recipes."""

    bl_idname = Menus.RECIPES
    bl_label = "Recipes"
    bl_description = "Which steps are done"

    def draw(self, context: bpy.types.Context) -> None:
        """Those of the extension, then the user's."""
        own = recipe_book.own_recipes()
        for recipe in recipe_book.RECIPES.values():
            self.layout.operator(Operators.RECIPE_LOAD, text=recipe.title).name = recipe.name
        if own:
            self.layout.separator()
        for recipe in own.values():
            self.layout.operator(Operators.RECIPE_LOAD, text=recipe.title, icon="USER").name = recipe.name


class SPHERICAL_COW_MT_steps(bpy.types.Menu):
    """All steps, to add one."""

    bl_idname = Menus.STEPS
    bl_label = "Add Step"
    bl_description = "Add a step below the chosen one"

    def draw(self, context: bpy.types.Context) -> None:
        """In the order of the catalogue, which is that of the work."""
        for step in STEPS.values():
            self.layout.operator(Operators.STEP_ADD, text=step.title).step = step.name


classes = (
    SPHERICAL_COW_OT_recipe_load,
    SPHERICAL_COW_OT_recipe_save,
    SPHERICAL_COW_OT_recipe_delete,
    SPHERICAL_COW_OT_step_add,
    SPHERICAL_COW_OT_step_remove,
    SPHERICAL_COW_OT_step_move,
    SPHERICAL_COW_MT_recipes,
    SPHERICAL_COW_MT_steps,
)
