# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape Space: an object that shows the mean of many shapes, and what moves it through all that lies between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np
from bpy.props import BoolProperty, FloatProperty, IntProperty, StringProperty

from .. import bridge, jobs, messages, resynthesis, spaces, storage
from ..core.errors import InvalidParameter
from ..core.harmonics.container import COLOR, POSITION
from ..core.mesh import Mesh
from ..idnames import Operators
from ..properties.space import SpaceSettings
from .reconstruct import object_on_new_mesh, object_on_source
from .shell import EncodedOperator, JobOperator, MeshOperator, SaveOperator, guarded

FEWEST = 2
NAME = "Shape Space"


class SPHERICAL_COW_OT_build_space(SpaceSettings, EncodedOperator, JobOperator, bpy.types.Operator):
    """Mean and components of many shapes."""

    bl_idname = Operators.BUILD_SPACE
    bl_label = "Build Shape Space"
    bl_description = (
        "Align the selected encoded objects (or those of a collection), and make a new object of their mean with"
        " sliders along the principal ways in which they differ. The objects are not changed"
    )
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        collection: str
    else:
        collection: StringProperty(
            name="Collection", description="Take the encoded objects of this collection, not the selected ones"
        )

    names: list[str]

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """All shapes, as they look beside the active one, which comes first."""
        collection: bpy.types.Collection | None = bpy.data.collections.get(self.collection)
        if self.collection and collection is None:
            raise InvalidParameter(f"There is no collection {self.collection!r}.", "Choose another one.")
        members = spaces.members_of(context, obj, collection)
        if len(members) < FEWEST:
            raise InvalidParameter(
                f"There are {len(members)} different encoded shapes.",
                "Encode and select at least two objects, or choose a collection of such.",
            )
        self.names = [member.name for member in members]
        shapes = [spaces.seen_from(members[0], member) for member in members]
        lacking = [name for name, one in zip(self.names, shapes, strict=True) if not one.harmonics.has(COLOR)]
        if self.color and lacking:
            raise InvalidParameter(f"{lacking[0]!r} has no encoded colors.", "Switch Color off, or encode it again.")
        parameters = {
            "names": self.names,
            "alignment": self.alignment,
            "color": self.color,
            "sampling": self.sampling,
            "size": self.frequency if self.sampling == "icosphere" else None,
        }
        arrays = {f"shape_{number}": storage.shape_array(shape) for number, shape in enumerate(shapes)}
        return jobs.Request("space", parameters, arrays)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object that shows the space."""
        from ..core.shapefile import shape_from_bytes

        arrays = result.arrays
        mean, sphere = shape_from_bytes(arrays["mean"].tobytes()), arrays["sphere"]
        vertices = resynthesis.evaluate(mean.harmonics.select(POSITION), sphere)
        first: bpy.types.Object | None = bpy.data.objects.get(self.names[0])
        if self.sampling == "source" and first is not None:
            made = object_on_source(first, vertices)
        else:
            made = object_on_new_mesh(first or obj, Mesh(vertices, arrays["faces"]))
        data = bridge.mesh_of(made)
        figures = result.data.get("evaluation", {})
        error = figures["generalisation"][-1] / figures["size"] if figures else 0.0
        spaces.store(data, arrays["space"].tobytes(), mean, sphere, result.data.get("outliers", ()), error)
        resynthesis.write_colors(data, mean.harmonics, sphere)
        show(context, made)
        shares = result.data["explained"]
        most = f"; the first component explains {shares[0]:.0%}" if shares else ", which are all the same"
        return f"Mean of {len(self.names)} shapes{most}"


def show(context: bpy.types.Context, made: bpy.types.Object) -> None:
    """Put the new object at the 3D cursor, by itself, selected."""
    made.name = NAME
    made.data.name = made.name
    made.parent = None
    made.location = context.scene.cursor.location
    context.collection.objects.link(made)
    context.view_layer.update()  # else the view layer does not know the new object yet
    messages.select_only(context, made)


class _SpaceOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object shows a space, and its sliders move it."""
        reason = spaces.why_no_space(bridge.mesh_of(obj))
        if reason:
            cls.poll_message_set(reason)
        return not reason


class _StoredSpaceOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object carries a space, live or not."""
        if not spaces.has_space(obj):
            cls.poll_message_set("Build a shape space first, and select its object")
            return False
        return True


class SPHERICAL_COW_OT_reset_space(_SpaceOperator, bpy.types.Operator):
    """Back to the mean."""

    bl_idname = Operators.RESET_SPACE
    bl_label = "Show Mean"
    bl_description = "Put all sliders back to 0: the mean of all members"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set every slider."""
        mesh = bridge.mesh_of(context.object)
        return guarded(self, context.object, lambda: self._reset(mesh))

    def _reset(self, mesh: bpy.types.Mesh) -> str:
        spaces.reset(mesh)
        return "The mean"


class SPHERICAL_COW_OT_random_member(_SpaceOperator, bpy.types.Operator):
    """A new shape of the same kind."""

    bl_idname = Operators.RANDOM_MEMBER
    bl_label = "Random Member"
    bl_description = "Move the sliders to a random new shape of this kind: each is normally distributed around 0"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        seed: int
        limit: float
        another: bool
    else:
        seed: IntProperty(name="Seed", description="Another seed gives another shape", min=0, options={"SKIP_SAVE"})
        limit: FloatProperty(
            name="Limit", description="No slider goes farther, in standard deviations", default=3.0, min=0.1, max=10.0
        )
        another: BoolProperty(
            name="Another", description="Choose a new seed at each press", options={"HIDDEN", "SKIP_SAVE"}
        )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """From the button: a new one each time."""
        if self.another:
            self.seed, self.another = int(np.random.default_rng().integers(1_000_000)), False
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Draw, and move the sliders."""
        mesh = bridge.mesh_of(context.object)
        return guarded(self, context.object, lambda: self._draw(mesh))

    def _draw(self, mesh: bpy.types.Mesh) -> str:
        drawn = spaces.load(mesh).sample_scores(1, self.seed, self.limit)[0]
        spaces.set_scores(mesh, drawn)
        return f"Random member {self.seed}, {float(np.linalg.norm(drawn)):.2f} standard deviations from the mean"


class SPHERICAL_COW_OT_bake_space(_SpaceOperator, bpy.types.Operator):
    """Components as shape keys."""

    bl_idname = Operators.BAKE_SPACE
    bl_label = "Bake Shape Keys"
    bl_description = (
        "Make one shape key for each component, from −3 to 3 standard deviations. They animate and render without"
        " this extension; remove them, and the sliders here are live again"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        count: int
    else:
        count: IntProperty(
            name="Components",
            description="How many get a shape key",
            default=6,
            min=1,
            max=1000,
            soft_max=spaces.SLIDERS,
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake, and say how many."""
        obj = context.object
        return guarded(self, obj, lambda: f"{len(spaces.bake(obj, self.count))} shape keys, one for each component")


class SPHERICAL_COW_OT_rank_outliers(_StoredSpaceOperator, bpy.types.Operator):
    """The members that stand out."""

    bl_idname = Operators.RANK_OUTLIERS
    bl_label = "Select Outliers"
    bl_description = (
        "Select the objects of the members that are farthest from the others, each compared with the space of all"
        " but itself"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        threshold: float
        name: str
    else:
        threshold: FloatProperty(
            name="Threshold",
            description="Times the usual distance from the others beyond which a member counts as an outlier",
            default=2.0,
            min=0.0,
            soft_max=10.0,
        )
        name: StringProperty(name="Member", description="Select this member only", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Select them; the space stays active."""
        mesh = bridge.mesh_of(context.object)
        members = spaces.group_of(mesh).members
        chosen = [m.name for m in members if (m.name == self.name if self.name else m.outlyingness > self.threshold)]
        found = select_named(context, chosen)
        missing = len(chosen) - len(found)
        words = ", ".join(chosen) or f"No member is {self.threshold:.1f} times farther than usual"
        self.report({"INFO"}, words + (f" ({missing} not in this scene)" if missing else ""))
        return {"FINISHED"}


def select_named(context: bpy.types.Context, names: list[str]) -> list[str]:
    """Select the objects of these names beside the active one, and show hidden ones; the names that were found."""
    found = []
    for obj in context.view_layer.objects:
        wanted = obj.name in names
        if wanted:
            found.append(obj.name)
            obj.hide_set(False)
        obj.select_set(wanted or obj == context.object)
    return found


class SPHERICAL_COW_OT_save_scores(_StoredSpaceOperator, SaveOperator, bpy.types.Operator):
    """The scores as a table."""

    bl_idname = Operators.SAVE_SCORES
    bl_label = "Save Scores"
    bl_description = "Save a table of all members: how unusual they are, and their scores in standard deviations (CSV)"
    filename_ext = ".csv"

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default="*.csv", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        mesh = bridge.mesh_of(context.object)
        return guarded(self, context.object, lambda: self._save(mesh))

    def _save(self, mesh: bpy.types.Mesh) -> str:
        from ..core.statistics.tables import scores_table, write_table

        path = Path(bpy.path.abspath(self.filepath))
        write_table(scores_table(spaces.load(mesh)), path)
        return f"Saved {path.name!r}"


classes = (
    SPHERICAL_COW_OT_build_space,
    SPHERICAL_COW_OT_reset_space,
    SPHERICAL_COW_OT_random_member,
    SPHERICAL_COW_OT_bake_space,
    SPHERICAL_COW_OT_rank_outliers,
    SPHERICAL_COW_OT_save_scores,
)
