# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives in the .blend: everything is on the Mesh data-block, so it is saved, undone, copied and appended
with it.

`Mesh.spherical_cow.shape` holds the coefficients as the bytes of a compact shape file (`core.shapefile`),
and `Mesh.spherical_cow.map` the sphere map of the source as the bytes of an `.npz`: kept apart because the
sliders read the first many times a second and never the second.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge
from .core.errors import HarmonicsFileError, InvalidParameter
from .core.shape import Shape
from .idnames import SCALARS, Attributes

if TYPE_CHECKING:
    from .properties.mesh import SPHERICAL_COW_PG_mesh

Arrays = Mapping[str, NDArray[Any]]

_OF_ONE_MESH = (
    "equaliser",
    "check",
    "comparison",
    "aligned",
    "symmetries",
    "left_right",
    "morph",
    "space",
    "codes",
    "fitted",
    "predicted",
    "pictured",
    "slice",
)
"""The properties of a mesh that hold of this very mesh, and of no other that is made from it."""


@dataclass(frozen=True)
class Stored:
    """Bytes on a mesh by their digest, the key of a cache: they are many, and only fetched when they are not in it."""

    key: str
    content: Callable[[], bytes] = field(compare=False)


def data_of(mesh: bpy.types.Mesh) -> SPHERICAL_COW_PG_mesh:
    """Our properties of a mesh data-block."""
    group: SPHERICAL_COW_PG_mesh = mesh.spherical_cow
    return group


def has_shape(obj: bpy.types.Object | None) -> bool:
    """Whether the object carries coefficients."""
    return obj is not None and obj.type == "MESH" and data_of(bridge.mesh_of(obj)).lmax > 0


def store_shape(mesh: bpy.types.Mesh, shape: Shape, *, role: str, fingerprint: str, scalars: Arrays) -> None:
    """Put a shape and its facts on a mesh.

    role: "SOURCE" or "RECONSTRUCTION". fingerprint: of the mesh it describes, to see later that it is stale.
    scalars: name → (V,) fields on the source's vertices (`idnames.SCALARS`), kept with the sphere map.
    """
    from .core.shapefile import shape_to_bytes

    group = data_of(mesh)
    group.shape = shape_to_bytes(shape.compact())
    group.map = b"" if shape.sphere is None else pack(_map_arrays(shape, scalars))
    group.role, group.fingerprint = role, fingerprint
    group.lmax, group.channels = shape.lmax, " ".join(shape.harmonics.channels)
    certificate = shape.certificate
    group.method, group.flips, group.area_sum = certificate.method, certificate.flips, certificate.area_sum
    group.angle_distortion = certificate.angle_distortion
    group.area_distortion = certificate.area_distortion
    group.fit_error, group.fit_hausdorff = certificate.fit_error_rel, certificate.fit_hausdorff_rel
    group.seconds = sum(certificate.seconds.values())


def store_reconstruction(
    mesh: bpy.types.Mesh, shape: Shape, *, live: bool, fingerprint: str = "", scalars: Arrays | None = None
) -> None:
    """Put a shape on a new mesh, with all sliders at rest.

    What a copied mesh still says of the one that it was copied from is taken off: checks, comparisons, symmetries,
    morph, shape space. live: whether the sliders can move the vertices. fingerprint: of the encoded mesh that has the
    same coefficients; "" for a shape of its own.
    """
    group = data_of(mesh)
    for part in _OF_ONE_MESH:
        _clear(getattr(group, part))
    store_shape(mesh, shape, role="RECONSTRUCTION", fingerprint=fingerprint, scalars=scalars or {})
    group.live, group.shown, group.with_modifiers = live, "", False
    group.equaliser.cutoff = shape.lmax


def _clear(group: bpy.types.PropertyGroup) -> None:
    for prop in group.bl_rna.properties:
        if prop.type == "COLLECTION":
            getattr(group, prop.identifier).clear()
        elif prop.identifier != "rna_type":
            group.property_unset(prop.identifier)


def _map_arrays(shape: Shape, scalars: Arrays) -> dict[str, NDArray[Any]]:
    sphere, faces = shape.require_sphere()
    fields = {name: np.asarray(values, np.float32) for name, values in scalars.items() if name in SCALARS}
    return {"sphere": sphere, "faces": faces.astype(np.int32), **fields}


def load_shape(mesh: bpy.types.Mesh, *, full: bool = False) -> Shape:
    """The shape that a mesh carries; `full` with the source's sphere map where it is there.

    Raises `InvalidParameter` where there is none, `HarmonicsFileError` where the stored bytes are damaged.
    """
    group = data_of(mesh)
    if not group.lmax:
        raise InvalidParameter(f"{mesh.name!r} has not been encoded.", "Encode it first.")
    shape = _parse(group.shape)
    if full and group.map:
        arrays = unpack(group.map)
        shape = replace(shape, sphere=arrays["sphere"], faces=arrays["faces"].astype(np.int64))
    return shape


@lru_cache(maxsize=4)
def _parse(content: bytes) -> Shape:
    # The key is the content itself, so undo, reload or another object can never get a wrong answer.
    from .core.shapefile import shape_from_bytes

    return shape_from_bytes(content)


def shape_array(shape: Shape) -> NDArray[np.uint8]:
    """The bytes of the shape file as (N,) uint8, to hand to the worker."""
    from .core.shapefile import shape_to_bytes

    return np.frombuffer(shape_to_bytes(shape), np.uint8)


def shape_from(array: NDArray[Any]) -> Shape:
    """The inverse of `shape_array`, for what the worker gives back."""
    from .core.shapefile import shape_from_bytes

    return shape_from_bytes(array.tobytes())


def scalars(mesh: bpy.types.Mesh) -> dict[str, NDArray[Any]]:
    """The scalar fields of the source's vertices, name → (V,); empty where there are none."""
    group = data_of(mesh)
    return {name: a for name, a in unpack(group.map).items() if name in SCALARS} if group.map else {}


def write_fields(mesh: bpy.types.Mesh, sphere: NDArray[Any], fields: Arrays) -> None:
    """Leave the sphere positions (V, 3) and scalar fields (V,) on the vertices, as named attributes."""
    bridge.write_attribute(mesh, Attributes.SPHERE, sphere)
    for name, values in fields.items():
        bridge.write_attribute(mesh, name, values)


def is_stale(obj: bpy.types.Object) -> bool:
    """Whether the mesh has changed since it was encoded (unknown during Edit Mode, then False)."""
    group = data_of(bridge.mesh_of(obj))
    if group.role != "SOURCE" or group.with_modifiers:
        return False
    return has_changed(obj, group.fingerprint)


def has_changed(obj: bpy.types.Object, fingerprint: str) -> bool:
    """Whether the mesh is another than it was with this fingerprint (unknown during Edit Mode, then False)."""
    return obj.mode != "EDIT" and bool(fingerprint != bridge.fingerprint(bridge.mesh_of(obj)))


@dataclass(frozen=True)
class Row:
    """One line of a check.

    name: what was looked at, as `core.topology` calls it. text: the finding in plain words.
    blocking: whether the mesh can be encoded only when this is right.
    kind: "VERT", "EDGE" or "FACE", what can be selected; "" for nothing.
    """

    name: str
    text: str
    ok: bool
    blocking: bool
    count: int
    kind: str


def store_check(mesh: bpy.types.Mesh, rows: list[Row], elements: Arrays, fingerprint: str, passed: bool) -> None:
    """Put the result of a check on a mesh. elements: row name → indices of what is wrong."""
    group = data_of(mesh).check
    group.rows = json.dumps([vars(row) for row in rows])
    group.elements = pack({name: np.asarray(array, np.int32) for name, array in elements.items()})
    group.fingerprint, group.passed = fingerprint, passed


def load_check(mesh: bpy.types.Mesh) -> list[Row]:
    """The rows of the last check, empty where there was none."""
    text = data_of(mesh).check.rows
    return [Row(**row) for row in json.loads(text)] if text else []


def check_is_stale(obj: bpy.types.Object) -> bool:
    """Whether the mesh has changed since it was checked (unknown during Edit Mode, then False)."""
    return has_changed(obj, data_of(bridge.mesh_of(obj)).check.fingerprint)


def elements_of(mesh: bpy.types.Mesh, name: str) -> NDArray[np.int32]:
    """The indices that a row of the last check found wrong."""
    content = data_of(mesh).check.elements
    arrays = unpack(content) if content else {}
    return arrays.get(name, np.empty(0, np.int32))


def pack(arrays: Arrays) -> bytes:
    """Arrays as the bytes of an `.npz`."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """The inverse of `pack`. Raises `HarmonicsFileError` for damaged bytes."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:
        raise HarmonicsFileError(
            "The data stored on this mesh is damaged.", "Encode or check the mesh again."
        ) from error
