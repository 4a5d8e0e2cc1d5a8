# SPDX-License-Identifier: GPL-3.0-or-later
"""Find Similar: which encoded objects are most like the active one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, IntProperty

from .. import bridge, spaces, storage
from ..choices import LIKENESSES
from ..core.errors import InvalidParameter
from ..core.harmonics.container import Harmonics
from ..idnames import Operators
from .shell import EncodedOperator, guarded
from .space import select_named


class SPHERICAL_COW_OT_find_similar(EncodedOperator, bpy.types.Operator):
    """Select what is like the active object."""

    bl_idname = Operators.FIND_SIMILAR
    bl_label = "Find Similar"
    bl_description = (
        "Select the encoded objects of this scene that are most like the active one, whatever their place, direction,"
        " size and mesh"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        count: int
        likeness: str
    else:
        count: IntProperty(name="Count", description="How many are selected", default=3, min=1, soft_max=100)
        likeness: EnumProperty(name="By", description="What is compared", items=LIKENESSES)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Compare, and select."""
        return guarded(self, context.object, lambda: self._find(context, context.object))

    def _find(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        from ..core.statistics.descriptors import most_similar

        own = _harmonics(obj)
        others = [other for other in context.scene.objects if other != obj and _is_candidate(other)]
        candidates = {other.name: _harmonics(other) for other in others}
        needed = {"color": {"r", "g", "b"}, "curvature": {"curvature_density"}}.get(self.likeness, set())
        if not needed <= set(own.channels):
            raise InvalidParameter(f"{obj.name!r} was encoded without {self.likeness}.", "Encode it again with it.")
        candidates = {name: one for name, one in candidates.items() if needed <= set(one.channels)}
        if not candidates:
            raise InvalidParameter("There is no other encoded object to compare with.", "Encode more objects.")
        found = most_similar(own, list(candidates.values()), list(candidates), kind=self.likeness, count=self.count)
        select_named(context, [row.name for row in found])
        return "Most similar: " + ", ".join(f"{row.name} ({row.distance:.3f})" for row in found)


def _is_candidate(obj: bpy.types.Object) -> bool:
    """Encoded, and no copy of the active one's kind: reconstructions have the shape of their original."""
    if not storage.has_shape(obj) or spaces.has_space(obj):
        return False
    group = storage.data_of(bridge.mesh_of(obj))
    return group.role == "SOURCE" or not group.fingerprint


def _harmonics(obj: bpy.types.Object) -> Harmonics:
    return storage.load_shape(bridge.mesh_of(obj)).harmonics


classes = (SPHERICAL_COW_OT_find_similar,)
