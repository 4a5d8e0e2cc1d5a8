# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape spaces in Blender: which objects they are made of, where they are kept, and what their sliders do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, masks, resynthesis, storage, transforms
from .core.errors import InvalidParameter
from .core.harmonics.container import POSITION, Harmonics
from .core.shape import Shape
from .shape_keys import add_key

if TYPE_CHECKING:
    from .core.statistics.space import ShapeSpace
    from .properties.space import SPHERICAL_COW_PG_space

LIMIT = 3.0
"""Standard deviations to both sides that the sliders show."""
SLIDERS = 16
"""Components with a slider of their own; the scores of further ones follow the chosen member."""


def group_of(mesh: bpy.types.Mesh) -> SPHERICAL_COW_PG_space:
    """The space of a mesh, with its sliders."""
    group: SPHERICAL_COW_PG_space = storage.data_of(mesh).space
    return group


def has_space(obj: bpy.types.Object | None) -> bool:
    """Whether the object shows a shape space."""
    return obj is not None and obj.type == "MESH" and bool(group_of(bridge.mesh_of(obj)).key)


def why_no_space(mesh: bpy.types.Mesh) -> str:
    """Why the sliders of a space do not move this mesh, in words for the panel; "" when they do."""
    if not group_of(mesh).key:
        return "Build a shape space first: the new object has the sliders"
    if mesh.shape_keys is not None:
        return "The shape keys move this mesh now: remove them to use the sliders of the space again"
    return resynthesis.why_not_live(mesh)


def members_of(
    context: bpy.types.Context, active: bpy.types.Object, collection: bpy.types.Collection | None
) -> list[bpy.types.Object]:
    """The encoded objects of a collection and those in it, or the selected ones; the active one first, if among them.

    Objects that show a space are left out, and reconstructions beside their original, which have the same shape.
    """
    pool = context.selected_objects if collection is None else collection.all_objects
    encoded = [obj for obj in pool if storage.has_shape(obj) and not has_space(obj)]
    sources = {fingerprint for obj in encoded if (fingerprint := _fingerprint(obj, "SOURCE"))}
    kept = [obj for obj in encoded if _fingerprint(obj, "RECONSTRUCTION") not in sources]
    return sorted(kept, key=lambda obj: (obj != active, obj.name))


def _fingerprint(obj: bpy.types.Object, role: str) -> str:
    group = storage.data_of(bridge.mesh_of(obj))
    return str(group.fingerprint) if group.role == role else ""


def seen_from(active: bpy.types.Object, obj: bpy.types.Object) -> Shape:
    """The shape of an object, scaled and turned as it looks in the scene beside the active one.

    Where it stands does not count. Raises `InvalidParameter` for an object that is scaled to nothing.
    """
    from .core.blending.morph import moved

    shape = storage.load_shape(bridge.mesh_of(obj), full=obj == active)
    matrix = transforms.seen_from(active, obj)
    matrix[:3, 3] = 0.0
    return shape if np.allclose(matrix, np.eye(4), atol=1e-6) else moved(shape, matrix)


def store(
    mesh: bpy.types.Mesh,
    content: bytes,
    mean: Shape,
    sphere: NDArray[Any],
    outliers: Sequence[Mapping[str, Any]],
    error: float,
) -> None:
    """Make a mesh the place of a space: its bytes, its mean as the shape of the mesh, its members and sliders.

    sphere: (V, 3) where each vertex is on the sphere. error: the leave-one-out error, over the size of the shapes.
    """
    storage.store_reconstruction(mesh, mean, live=True)
    storage.write_fields(mesh, sphere, {})
    group = group_of(mesh)
    group.content, group.key = content, hashlib.sha256(content).hexdigest()
    space = load(mesh)
    shares = np.zeros(SLIDERS)
    shares[: space.n_components] = space.explained[:SLIDERS]
    group.explained = shares
    group.components, group.count, group.error = space.n_components, space.n_members, error
    group.members.clear()
    for row in outliers:
        item = group.members.add()
        item.name = str(row["name"])
        item.outlyingness, item.mahalanobis = float(row["outlyingness"]), float(row["mahalanobis"])
        item.residual = float(row["residual"])
    reset(mesh)


def load(mesh: bpy.types.Mesh) -> ShapeSpace:
    """The space that a mesh carries. Raises `InvalidParameter` where there is none, `HarmonicsFileError` for damage."""
    group = group_of(mesh)
    if not group.key:
        raise InvalidParameter(f"{mesh.name!r} shows no shape space.", "Build one first.")
    return _parse(storage.Stored(group.key, lambda: group.content))


@lru_cache(maxsize=2)
def _parse(stored: storage.Stored) -> ShapeSpace:
    from .core.statistics.spacefile import space_from_bytes

    return space_from_bytes(stored.content())


def scores(mesh: bpy.types.Mesh) -> NDArray[np.float64]:
    """(P,) what the sliders ask for, exaggeration included, in standard deviations."""
    group = group_of(mesh)
    given = np.array(list(group.scores[: group.components]))
    return float(group.exaggeration) * np.concatenate([given, _further(group)])


def _further(group: SPHERICAL_COW_PG_space) -> NDArray[np.float64]:
    """(P − sliders,) scores of the components without a slider."""
    count = max(group.components - SLIDERS, 0)
    values = np.frombuffer(group.further, np.float64)
    return values if len(values) == count else np.zeros(count)


def set_scores(mesh: bpy.types.Mesh, values: NDArray[np.float64], *, member: str = "") -> None:
    """Put the sliders at scores (P,), without exaggeration, and say which member they belong to."""
    group = group_of(mesh)
    padded = np.zeros(SLIDERS)
    padded[: min(len(values), SLIDERS)] = values[:SLIDERS]
    group.further = np.ascontiguousarray(values[SLIDERS:], np.float64).tobytes()
    group.exaggeration = 1.0
    group.scores = padded  # moves the vertices, and forgets the member
    group.shown_member = member
    group.member = member  # does nothing more, since it is the one that is shown


def reset(mesh: bpy.types.Mesh) -> None:
    """All sliders to the mean."""
    set_scores(mesh, np.zeros(group_of(mesh).components))


def show_member(mesh: bpy.types.Mesh) -> None:
    """The sliders to the member that was chosen, unless they are there already; to the mean for an unknown name."""
    group = group_of(mesh)
    if group.member == group.shown_member or not group.key:
        return
    space = load(mesh)
    if group.member in space.names:
        set_scores(mesh, space.scores[space.names.index(group.member)], member=group.member)
    else:
        reset(mesh)


def refresh(mesh: bpy.types.Mesh) -> None:
    """Move the vertices, and change the stored shape, to what the sliders ask for. Nothing for what is not live."""
    sphere = resynthesis.directions(mesh)
    if sphere is None or why_no_space(mesh):
        return
    from .core.shapefile import shape_to_bytes

    harmonics = load(mesh).harmonics_at(scores(mesh))
    storage.data_of(mesh).shape = shape_to_bytes(storage.load_shape(mesh).with_harmonics(harmonics))
    bridge.write_positions(mesh, positions(mesh, harmonics, sphere))
    resynthesis.write_colors(mesh, harmonics, sphere)


def positions(mesh: bpy.types.Mesh, harmonics: Harmonics, sphere: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, 3) where the sliders of the equaliser leave the vertices of a shape other than the stored one."""
    from .core.blending.region import masked
    from .core.harmonics.filters import apply_gains

    before = harmonics.select(POSITION)
    after = before.truncate(storage.data_of(mesh).equaliser.degree)
    after = apply_gains(after, resynthesis.gains_per_degree(mesh, after.lmax))
    weights = masks.weights_of(mesh)
    return resynthesis.evaluate(after, sphere) if weights is None else masked(before, after, weights, sphere)


def bake(obj: bpy.types.Object, count: int) -> list[str]:
    """Give the object a basis and a shape key for each of the first components; the names of the keys.

    A key moves by one standard deviation at 1, from −3 to 3. Together they are the shape as it is now: what further
    components add to it is in the basis.
    """
    mesh = bridge.mesh_of(obj)
    space, sphere, now = load(mesh), resynthesis.directions(mesh), scores(mesh)
    assert sphere is not None  # poll has looked
    start = now.copy()
    start[:count] = 0.0
    basis = positions(mesh, space.harmonics_at(start), sphere)
    bridge.write_positions(mesh, basis)
    add_key(obj, "Basis", basis)
    names = []
    for number, share in enumerate(space.explained[:count]):
        one = start.copy()
        one[number] += 1.0
        points, value = positions(mesh, space.harmonics_at(one), sphere), float(now[number])
        key = add_key(obj, f"Component {number + 1} ({share:.1%})", points, low=-LIMIT, high=LIMIT, value=value)
        names.append(str(key.name))
    mesh.update()
    return names
