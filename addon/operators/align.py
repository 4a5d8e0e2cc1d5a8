# SPDX-License-Identifier: GPL-3.0-or-later
"""Align: lay the selected meshes onto the active one, give meshes a standard pose, turn parameter spheres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import bridge, jobs, messages, storage, transforms
from ..core.errors import InvalidParameter, SphericalCowError
from ..core.mesh import Mesh
from ..idnames import Attributes, Operators
from ..properties.alignment import AlignSettings, NormaliseSettings, SphereSettings
from .batch import selected_meshes, share
from .shell import EncodedOperator, JobOperator, MeshOperator, guarded


def others_of(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected meshes besides the active one that can be moved, parents before their children."""
    found = [
        obj
        for obj in context.selected_objects
        if obj.type == "MESH" and obj != context.object and obj.library is None and not jobs.running(obj)
    ]
    return sorted(found, key=lambda obj: (len(_ancestors(obj)), obj.name))


def _ancestors(obj: bpy.types.Object) -> list[bpy.types.Object]:
    found: list[bpy.types.Object] = []
    while obj.parent is not None:
        obj = obj.parent
        found.append(obj)
    return found


@dataclass(frozen=True)
class _Moving:
    """An object as it was read: it may be edited, moved or deleted before the result comes."""

    uid: int
    name: str
    fingerprint: str
    matrix: NDArray[np.float64]

    @staticmethod
    def of(obj: bpy.types.Object) -> _Moving:
        return _Moving(obj.session_uid, obj.name, bridge.current_fingerprint(obj), transforms.world_matrix(obj))

    def unchanged(self) -> bpy.types.Object:
        """The object. Raises `InvalidParameter` where it is no longer as it was read."""
        obj = messages.object_of(self.uid)
        if obj is None:
            raise InvalidParameter(f"{self.name!r} was deleted meanwhile.", "Nothing needs to be done.")
        same = bridge.current_fingerprint(obj) == self.fingerprint
        if not same or not np.array_equal(transforms.world_matrix(obj), self.matrix):
            raise InvalidParameter(f"{self.name!r} was edited or moved meanwhile.", "Run it again.")
        return obj


class SPHERICAL_COW_OT_align(AlignSettings, JobOperator, bpy.types.Operator):
    """Lay the selected meshes onto the active one."""

    bl_idname = Operators.ALIGN
    bl_label = "Align"
    bl_description = (
        "Turn and move the other selected meshes so that they lie as near to the active one as they can. Their"
        " triangles need not match"
    )
    bl_options = {"UNDO"}

    moving: list[_Moving]
    target: _Moving

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """Another mesh is selected."""
        if not others_of(bpy.context):
            cls.poll_message_set("Select the meshes to move, then the one that stays")
            return False
        return True

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """One search for each mesh that moves, one after the other."""
        others = others_of(context)
        if not others:
            raise InvalidParameter("There is no second mesh.", "Select the meshes to move, then the one that stays.")
        for other in others:
            transforms.require_movable(other, self.change)
            if self.change == "OBJECT" and other in _ancestors(obj):
                raise InvalidParameter(
                    f"{obj.name!r} moves with {other.name!r}, its parent.", "Make the parent the active object."
                )
        self.moving, self.target = [_Moving.of(other) for other in others], _Moving.of(obj)
        meshes = [self._read(other) for other in (obj, *others)]
        return self._one_after_the_other(meshes[0], meshes[1:])

    def _read(self, obj: bpy.types.Object) -> Mesh:
        return transforms.placed(bridge.read(obj, use_modifiers=self.use_modifiers).mesh, obj)

    def _one_after_the_other(self, target: Mesh, meshes: list[Mesh]) -> jobs.Work:
        parameters: Mapping[str, Any] = {
            "method": self.method,
            "scaling": self.scaling,
            "starts": self.starts or None,
            "keep": self.overlap / 100.0,
            "both_ways": not self.one_way,
            "seed": self.seed,
        }
        there = {"vertices_target": target.vertices, "faces_target": target.faces}
        found = []
        for number, mesh in enumerate(meshes):
            arrays = {"vertices_moving": mesh.vertices, "faces_moving": mesh.faces, **there}
            working = jobs.work(jobs.Request("align", parameters, arrays))
            result = yield from share(working, number, len(meshes), self.moving[number].name)
            found.append(result.data)
        return jobs.Result({"found": found}, {})

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Move each; one that cannot be moved does not stop the others."""
        self.target.unchanged()
        done, failed = [], []
        for moving, found in zip(self.moving, result.data["found"], strict=True):
            try:
                other = messages.object_of(moving.uid)
                # A parent that has just been moved took this one along; where it was is what counts.
                if other is None or not self._parent_moved(other):
                    other = moving.unchanged()
                matrix = np.array(found["matrix"]) @ moving.matrix @ np.linalg.inv(transforms.world_matrix(other))
                transforms.move(context, other, matrix, self.change)
            except SphericalCowError as error:
                failed.append(error)
                continue
            _note(other, obj, found)
            done.append((other, found))
        if not done:
            raise failed[0]
        if failed:
            self.report({"WARNING"}, " ".join(messages.words(failed[0])))
        if len(done) > 1:
            return f"Aligned {len(done)} objects; largest distance {max(f['error_rel'] for _, f in done):.3%}"
        other, found = done[0]
        grown = f", scaled by {found['scale']:.4g}" if self.scaling else ""
        return f"{other.name!r} turned by {found['angle']:.2f}°{grown}: {found['error_rel']:.3%} from {obj.name!r}"

    def _parent_moved(self, obj: bpy.types.Object) -> bool:
        uids = {moving.uid for moving in self.moving}
        return self.change == "OBJECT" and any(parent.session_uid in uids for parent in _ancestors(obj))


def _note(obj: bpy.types.Object, target: bpy.types.Object, found: Mapping[str, Any]) -> None:
    group = storage.data_of(bridge.mesh_of(obj)).aligned
    group.target, group.angle = target.name, found["angle"]
    group.scale, group.error = found["scale"], found["error_rel"]


class SPHERICAL_COW_OT_normalise(NormaliseSettings, MeshOperator, bpy.types.Operator):
    """Give meshes a standard place, size and direction."""

    bl_idname = Operators.NORMALISE
    bl_label = "Normalize"
    bl_description = "Center all selected meshes at the origin of the scene; on request also unit size and direction"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Move each; all are looked at before the first is moved."""
        obj = context.object
        return guarded(self, obj, lambda: self._normalise(context, obj))

    def _normalise(self, context: bpy.types.Context, active: bpy.types.Object) -> str:
        from ..core.alignment.pose import standard_pose

        selected = [obj for obj in context.selected_objects if obj.type == "MESH" and obj.library is None]
        meshes = sorted({active, *selected}, key=lambda obj: (len(_ancestors(obj)), obj.name))
        moves = []
        for obj in meshes:
            transforms.require_movable(obj, self.change)
            mesh = transforms.placed(bridge.read(obj).mesh, obj)
            try:
                similarity = standard_pose(mesh, self.center, self.size, axes=self.axes)
            except SphericalCowError as error:
                raise InvalidParameter(f"{obj.name!r}: {error.found}", error.remedy) from error
            moves.append((obj, similarity, similarity.matrix @ transforms.world_matrix(obj)))
        for obj, _, wanted in moves:
            matrix = wanted @ np.linalg.inv(transforms.world_matrix(obj))
            transforms.move(context, obj, matrix, self.change)
        if len(moves) > 1:
            return f"Normalized {len(moves)} objects"
        return f"Normalized {active.name!r}: scaled by {moves[0][1].scale:.4g}"


class SPHERICAL_COW_OT_align_parameters(SphereSettings, EncodedOperator, JobOperator, bpy.types.Operator):
    """Turn the parameter spheres of encoded shapes."""

    bl_idname = Operators.ALIGN_PARAMETERS
    bl_label = "Align Parameters"
    bl_description = (
        "Turn the parameter spheres of the selected encoded objects, so that equal coefficients mean equal places on"
        " them. No vertex moves"
    )
    bl_options = {"UNDO"}

    moving: list[_Moving]

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """All shapes, and where they are as seen from the active one."""
        objects = self._objects(context, obj)
        for one in objects:
            transforms.require_movable(one, "OBJECT")
            group = storage.data_of(bridge.mesh_of(one))
            if group.morph.count or group.space.key:
                raise InvalidParameter(
                    f"{one.name!r} shows a morph or a shape space, whose shapes are aligned already.",
                    "Select the encoded objects that it was made from.",
                )
        self.moving = [_Moving.of(one) for one in objects]
        home = np.linalg.inv(transforms.world_matrix(obj))
        arrays = {f"shape_{i}": _stored(one) for i, one in enumerate(objects)}
        arrays |= {"reference": _stored(obj), "matrices": np.stack([home @ moving.matrix for moving in self.moving])}
        return jobs.Request("align_parameters", {"reference": self.reference, "count": len(objects)}, arrays)

    def _objects(self, context: bpy.types.Context, obj: bpy.types.Object) -> list[bpy.types.Object]:
        encoded = [one for one in selected_meshes(context) if storage.has_shape(one) and one.data != obj.data]
        transforms.require_movable(obj, "OBJECT")
        if self.reference == "ellipsoid":
            return [obj, *encoded]
        if not encoded:
            raise InvalidParameter("There is no second shape.", "Select the encoded objects, the reference last.")
        return encoded

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Rewrite coefficients and sphere positions."""
        rotations, distances = result.arrays["rotations"], result.data["distances_rel"]
        objects = [moving.unchanged() for moving in self.moving]
        for one, rotation, distance in zip(objects, rotations, distances, strict=True):
            turn(one, rotation)
            group = storage.data_of(bridge.mesh_of(one)).aligned
            group.sphere_target = "its own ellipsoid" if distance is None else obj.name
            group.sphere_angle, group.sphere_error = _angle(rotation), -1.0 if distance is None else distance
        if len(objects) > 1:
            far = "" if distances[0] is None else f"; largest difference {max(distances):.3%}"
            return f"Turned {len(objects)} spheres{far}"
        difference = "" if distances[0] is None else f": {distances[0]:.3%} from {obj.name!r}"
        return f"Sphere of {objects[0].name!r} turned by {_angle(rotations[0]):.2f}°{difference}"


def _stored(obj: bpy.types.Object) -> NDArray[np.uint8]:
    return storage.shape_array(storage.load_shape(bridge.mesh_of(obj)))


def _angle(rotation: NDArray[np.float64]) -> float:
    from ..core.alignment.similarity import angle_between

    return angle_between(np.eye(3), rotation)


def turn(obj: bpy.types.Object, rotation: NDArray[np.float64]) -> None:
    """Turn the parameter sphere of an encoded object by a rotation (3, 3): coefficients, map and sphere positions."""
    from ..core.shape_alignment import turn_parameters

    mesh = bridge.mesh_of(obj)
    group = storage.data_of(mesh)
    shape = turn_parameters(storage.load_shape(mesh, full=True), rotation)
    with bridge.object_mode(obj):
        sphere = bridge.read_attribute(mesh, Attributes.SPHERE)
        role, fingerprint, scalars = group.role, group.fingerprint, storage.scalars(mesh)
        storage.store_shape(mesh, shape, role=role, fingerprint=fingerprint, scalars=scalars)
        if sphere is None:
            return
        on_source = shape.sphere is not None and len(shape.sphere) == len(sphere)
        bridge.write_attribute(mesh, Attributes.SPHERE, shape.sphere if on_source else sphere @ rotation.T)


classes = (SPHERICAL_COW_OT_align, SPHERICAL_COW_OT_normalise, SPHERICAL_COW_OT_align_parameters)
