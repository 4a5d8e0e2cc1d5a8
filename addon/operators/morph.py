# SPDX-License-Identifier: GPL-3.0-or-later
"""Morph: one object between two or more encoded shapes, its animation, and the shape in between as one of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, IntProperty

from .. import bridge, jobs, keyframes, morph_colors, morphs, resynthesis, storage, transforms
from ..choices import EASINGS
from ..core.errors import InvalidParameter
from ..core.harmonics.container import POSITION, VERTEX_DENSITY
from ..core.mesh import Mesh
from ..idnames import Operators
from ..properties.morph import MorphSettings
from .reconstruct import finish, mark, object_on_new_mesh, object_on_source, size_of
from .shell import EncodedOperator, JobOperator, MeshOperator, guarded


def others_of(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected encoded objects besides the active one, in alphabetical order."""
    found = [obj for obj in context.selected_objects if obj != context.object and storage.has_shape(obj)]
    return sorted(found, key=lambda obj: obj.name)


class SPHERICAL_COW_OT_morph(MorphSettings, EncodedOperator, JobOperator, bpy.types.Operator):
    """Make an object that changes between encoded shapes."""

    bl_idname = Operators.MORPH
    bl_label = "Morph"
    bl_description = (
        "Make a new object at the place of this one, with a shape key for each other selected encoded object."
        " The shapes are aligned first; colors blend too"
    )
    bl_options = {"UNDO"}

    names: list[str]

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """This object and another selected one carry coefficients."""
        if not super().poll_object(obj):
            return False
        if not others_of(bpy.context):
            cls.poll_message_set("Select another encoded object too, this one last")
            return False
        return True

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """All shapes, and where they are as seen from the active one."""
        objects = [obj, *others_of(context)]
        if len(objects) < 2:
            raise InvalidParameter("There is no second shape.", "Select another encoded object too, this one last.")
        self.names = [one.name for one in objects]
        shapes = [storage.load_shape(bridge.mesh_of(one), full=one == obj) for one in objects]
        if self.sampling == "adaptive" and VERTEX_DENSITY not in shapes[0].harmonics.channels:
            raise InvalidParameter("The coefficients have no vertex density.", "Encode again with the channel Density.")
        matrices = np.stack([transforms.seen_from(obj, one) for one in objects])
        parameters = {
            "count": len(shapes),
            "sampling": self.sampling,
            "size": size_of(self),
            "seed": self.seed,
            "pose": self.pose,
            "match": self.match,
        }
        arrays = {f"shape_{number}": storage.shape_array(shape) for number, shape in enumerate(shapes)}
        return jobs.Request("morph", parameters, {**arrays, "matrices": matrices})

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object with its shape keys and colours."""
        vertices, on_source = result.arrays["vertices"], self.sampling == "source"
        if on_source:
            made = object_on_source(obj, vertices[0])
        else:
            made = object_on_new_mesh(obj, Mesh(vertices[0], result.arrays["faces"]))
        mark(made, obj, None if on_source else result.arrays["sphere"], live=True)
        morphs.add_keys(made, self.names, vertices)
        if "colors" in result.arrays:
            morphs.add_colors(made, vertices, result.arrays["colors"])
        group = storage.data_of(bridge.mesh_of(made)).morph
        group.distances = json.dumps(result.data["distances_rel"])
        channels = np.array(result.data["channels"])
        group.family = storage.pack({"coefficients": result.arrays["coefficients"], "channels": channels})
        finish(context, obj, made, hide=self.hide_originals, name=" to ".join((self.names[0], self.names[-1])))
        if self.hide_originals:
            for other in others_of_names(context, self.names[1:]):
                other.hide_set(True)
        morphs.set_place(bridge.mesh_of(made), 0.5)
        far = [self.names[number] for number in result.data["far"]]
        if far:
            self.report({"WARNING"}, f"Far from {self.names[0]!r}: {', '.join(far)}. What lies between may mean little")
        return f"Made {made.name!r} with {len(made.data.vertices):,} vertices"


def others_of_names(context: bpy.types.Context, names: list[str]) -> list[bpy.types.Object]:
    """The objects of the view layer with these names; one may have been renamed or deleted meanwhile."""
    return [obj for obj in context.view_layer.objects if obj.name in names]


class _MorphedOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """An object with the shape keys of a morph."""
        reason = morphs.why_no_morph(bridge.mesh_of(obj))
        if reason:
            cls.poll_message_set(reason)
        return not reason


class SPHERICAL_COW_OT_animate_morph(_MorphedOperator, bpy.types.Operator):
    """Keyframes for the transition."""

    bl_idname = Operators.ANIMATE_MORPH
    bl_label = "Animate"
    bl_description = "Set keyframes for a transition from the first shape through all others to the last"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        frame_start: int
        frame_end: int
        there_and_back: bool
        easing: str
    else:
        frame_start: IntProperty(name="Start", description="First frame of the transition", default=1)
        frame_end: IntProperty(name="End", description="Last frame of the transition", default=60)
        there_and_back: BoolProperty(name="And Back", description="Return to the first shape by the last frame")
        easing: EnumProperty(name="Easing", description="How the speed changes on the way", items=EASINGS)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put the keyframes in place of those that the keys have."""
        obj = context.object
        return guarded(self, obj, lambda: self._animate(bridge.mesh_of(obj)))

    def _animate(self, mesh: bpy.types.Mesh) -> str:
        if self.frame_end <= self.frame_start:
            raise InvalidParameter(
                f"The transition ends at frame {self.frame_end}, before it begins.", "Give a later end frame."
            )
        keys = morphs.keys_of(mesh)
        stations = [*range(len(keys) + 1)]
        if self.there_and_back:
            stations += stations[-2::-1]
        frames = np.linspace(self.frame_start, self.frame_end, len(stations))
        for number, key in enumerate(keys, 1):
            values = [float(station == number) for station in stations]
            keyframes.set_values(key, "value", frames, values, self.easing)
        return f"Frames {self.frame_start} to {self.frame_end}: {len(stations)} keyframes for each shape key"


class SPHERICAL_COW_OT_keep_morph(_MorphedOperator, bpy.types.Operator):
    """The shape in between as a shape of its own."""

    bl_idname = Operators.KEEP_MORPH
    bl_label = "Keep as Shape"
    bl_description = (
        "Make a new object of the shape in between as it is now, with coefficients of its own: the Equalizer, Save"
        " and all other sections work on it"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the object."""
        obj = context.object
        return guarded(self, obj, lambda: self._keep(context, obj))

    def _keep(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        mesh = bridge.mesh_of(obj)
        sphere = resynthesis.directions(mesh)
        if sphere is None:
            raise InvalidParameter("The vertices have lost their sphere positions.", "Morph again.")
        harmonics = morphs.blended(mesh)
        made = copy_without_keys(obj)
        data = bridge.mesh_of(made)
        bridge.write_positions(data, resynthesis.evaluate(harmonics.select(POSITION), sphere))
        resynthesis.write_colors(data, harmonics, sphere)
        shape = storage.load_shape(mesh, full=True).with_harmonics(harmonics)
        storage.store_reconstruction(data, shape, live=True)
        finish(context, obj, made, hide=False, name=f"{obj.name} Shape")
        obj.hide_set(True)
        return f"Made {made.name!r} with coefficients of its own"


def copy_without_keys(obj: bpy.types.Object) -> bpy.types.Object:
    """A copy of the object and its mesh without shape keys, their animation and the modifier of the colours."""
    copy = obj.copy()
    copy.data = obj.data.copy()
    copy.shape_key_clear()
    morph_colors.remove(copy)
    return copy


classes = (SPHERICAL_COW_OT_morph, SPHERICAL_COW_OT_animate_morph, SPHERICAL_COW_OT_keep_morph)
