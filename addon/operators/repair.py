# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair: a recipe of steps on the active mesh, or on all selected ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from .. import bridge, jobs, messages, recipe_book, rewrite, storage
from ..choices import TARGETS
from ..core.errors import InvalidParameter
from ..core.mesh import Mesh
from ..core.repairs.catalogue import STEPS
from ..core.repairs.recipe import Recipe, recipe_to_json
from ..idnames import Attributes, Operators
from ..properties.repair import blender_steps_property
from .batch import BatchOperator
from .check import SELECT_MODES
from .shell import MeshOperator, guarded


class RepairSettings:
    """What a repair is asked for by operators."""

    if TYPE_CHECKING:
        recipe: str
        blender_steps: bool
    else:
        recipe: StringProperty(
            name="Recipe",
            description="Name of a recipe (clean, cad, genus0 or one of your own), path of its file, or its JSON"
            " text. When empty, the steps as the panel shows them",
        )
        blender_steps: blender_steps_property()

    def chosen_recipe(self, context: bpy.types.Context) -> Recipe:
        """The named recipe, else the panel's. Raises `InvalidParameter` for an unknown one, or one without steps."""
        recipe = recipe_book.find(self.recipe) if self.recipe else recipe_book.shown(context.scene.spherical_cow.repair)
        if not any(step.enabled for step in recipe.steps):
            raise InvalidParameter("No step of the recipe is switched on.", "Switch one on, or load another recipe.")
        return recipe


BLENDER_STEPS = frozenset({"dissolve_planar", "solidify", "voxel_remesh", "decimate", "smooth", "cubify"})
"""Steps that `scripts/blender_steps.py` does with Blender's modifiers."""


def uses_blender(recipe: Recipe) -> bool:
    """Whether a step that is switched on can be done by Blender."""
    return any(step.enabled and step.name in BLENDER_STEPS for step in recipe.steps)


def repair_request(
    mesh: Mesh, recipe: Recipe, *, keep_stages: bool = False, blender_steps: bool = True
) -> jobs.Request:
    """The worker's task for this mesh. blender_steps: let Blender do what it can."""
    arrays = {"vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes}
    parameters: dict[str, Any] = {"recipe": recipe_to_json(recipe), "keep_stages": keep_stages}
    in_blender = blender_steps and uses_blender(recipe)
    if in_blender:
        parameters["engines"] = "scripts.blender_steps"
    return jobs.Request("repair", parameters, arrays, in_blender)


def require_no_shape_keys(obj: bpy.types.Object) -> None:
    """Raise `InvalidParameter` for a mesh with shape keys: new vertices would have no place in them."""
    if bridge.mesh_of(obj).shape_keys is not None:
        raise InvalidParameter(
            f"{obj.name!r} has shape keys, which cannot follow a repair.",
            "Apply or remove them first, or repair a New Object, which is made without them.",
        )


def write_result(obj: bpy.types.Object, result: jobs.Result) -> bool:
    """Put the repaired mesh in the place of the object's; False where nothing had to be changed."""
    new = rewrite.Repaired.from_arrays(result.arrays)
    with bridge.object_mode(obj):
        data = bridge.mesh_of(obj)
        if new.is_same_as(data):
            if Attributes.REPAIRED in data.attributes:  # of an earlier repair
                data.attributes.remove(data.attributes[Attributes.REPAIRED])
            return False
        rewrite.rewrite(obj, data, new)
        storage.data_of(data).live = False
    return True


def store_report(obj: bpy.types.Object, result: jobs.Result, *, dry_run: bool) -> None:
    """Leave the report on the object's mesh."""
    group = storage.data_of(bridge.mesh_of(obj)).repair
    report = {name: value for name, value in result.data.items() if name != "stages"}
    group.report, group.dry_run = json.dumps(report), dry_run
    group.fingerprint = bridge.current_fingerprint(obj)


def line(obj: bpy.types.Object, result: jobs.Result, *, dry_run: bool = False) -> str:
    """What was done, in one line."""
    done = ", ".join(result.data["done"])
    if not done:
        return f"{obj.name!r}: nothing to repair"
    return f"{obj.name!r} would be repaired: {done}" if dry_run else f"Repaired {obj.name!r}: {done}"


def repaired_copy(context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> bpy.types.Object:
    """A copy of the object with the repaired mesh, beside it, selected; the original is hidden."""
    copy = obj.copy()
    copy.data = bridge.mesh_of(obj).copy()
    if copy.data.shape_keys is not None:
        copy.shape_key_clear()
    copy.name = copy.data.name = f"{obj.name} Repaired"
    try:
        write_result(copy, result)
    except Exception:
        bpy.data.meshes.remove(bridge.mesh_of(copy))  # and the object with it: nothing half-made stays
        raise
    for collection in obj.users_collection or (context.scene.collection,):
        collection.objects.link(copy)
    context.view_layer.update()
    if obj.mode != "OBJECT":
        with context.temp_override(object=obj, active_object=obj):
            bpy.ops.object.mode_set(mode="OBJECT")
    if copy.name in context.view_layer.objects:
        messages.select_only(context, copy)
    if obj.name in context.view_layer.objects:
        obj.hide_set(True)
    return copy


def keep_stages(context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> None:
    """The mesh after each step as an object of its own, in a collection that is hidden at first."""
    names = result.data.get("stages", ())
    if not names:
        return
    collection = bpy.data.collections.new(f"{obj.name} Steps")
    context.scene.collection.children.link(collection)
    for number, name in enumerate(names):
        mesh = Mesh(result.arrays[f"stage_{number}_vertices"], result.arrays[f"stage_{number}_faces"])
        title = f"{number + 1:02} {STEPS[name].title}"
        stage = bpy.data.objects.new(title, bridge.new_mesh(title, mesh, smooth=False))
        stage.matrix_world = obj.matrix_world
        collection.objects.link(stage)
    context.view_layer.update()
    layer: Any = context.view_layer.layer_collection.children.get(collection.name)
    if layer is not None:
        layer.hide_viewport = True


class SPHERICAL_COW_OT_repair(RepairSettings, BatchOperator, bpy.types.Operator):
    """Repair the mesh."""

    bl_idname = Operators.REPAIR
    bl_label = "Repair"
    bl_description = (
        "Do the steps of the recipe. What needs no repair stays exactly as it is, with its UV maps, colors,"
        " materials and vertex groups; what changed is selected"
    )
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        target: str
        dry_run: bool
        keep_stages: bool
    else:
        target: EnumProperty(name="Result", description="Where the repaired mesh goes", items=TARGETS)
        dry_run: BoolProperty(name="Dry Run", description="Say what would be done, and change nothing")
        keep_stages: BoolProperty(
            name="Keep Each Step", description="Also keep the mesh after each step, as objects in a hidden collection"
        )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """Another one for the dry run."""
        if properties.dry_run:
            return "Say what Repair would find, do and change. The mesh is left as it is"
        return cls.bl_description

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh and the recipe."""
        if self.target == "IN_PLACE" and not self.dry_run:
            require_no_shape_keys(obj)
        recipe = self.chosen_recipe(context)
        return repair_request(
            bridge.read(obj).mesh, recipe, keep_stages=self.keep_stages, blender_steps=self.blender_steps
        )

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Write the mesh and the report."""
        done = obj
        if not self.dry_run and self.target == "NEW":
            done = repaired_copy(context, obj, result)
        elif not self.dry_run:
            write_result(obj, result)
        if self.keep_stages and not self.dry_run:
            keep_stages(context, done, result)
        store_report(done, result, dry_run=self.dry_run)
        return line(obj, result, dry_run=self.dry_run)


class SPHERICAL_COW_OT_select_repaired(MeshOperator, bpy.types.Operator):
    """Select what a repair has changed."""

    bl_idname = Operators.SELECT_REPAIRED
    bl_label = "Select Repaired"
    bl_description = "Go to Edit Mode and select the faces that the repair has made or turned (face attribute repaired)"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The mesh was repaired."""
        if Attributes.REPAIRED not in obj.data.attributes:
            cls.poll_message_set("Repair the mesh first: nothing on it has been repaired")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Select, in Edit Mode."""
        obj = context.object
        return guarded(self, obj, lambda: self._select(context, obj))

    def _select(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        context.view_layer.objects.active = obj
        bpy.ops.object.mode_set(mode="EDIT")
        context.tool_settings.mesh_select_mode = SELECT_MODES["FACE"]
        bpy.ops.mesh.reveal(select=False)
        bpy.ops.mesh.select_all(action="DESELECT")
        with bridge.object_mode(obj):
            chosen = bridge.flagged(bridge.mesh_of(obj), Attributes.REPAIRED)
            bridge.select(bridge.mesh_of(obj), "FACE", chosen)
        return f"{len(chosen):,} faces selected"


classes = (SPHERICAL_COW_OT_repair, SPHERICAL_COW_OT_select_repaired)
