# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be encoded: each channel is one number per vertex, a function on the sphere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .errors import InvalidParameter
from .geometry.curvature import curvature_density
from .harmonics.container import AREA_DISTORTION, COLOR, CURVATURE_DENSITY, POSITION, SCALARS, VERTEX_DENSITY
from .mesh import FloatArray, Mesh
from .sphere.distortion import area_distortion

ALL_CHANNELS = (*POSITION, *COLOR, *SCALARS)
GROUPS = {"position": POSITION, "color": COLOR}


def expand(names: Sequence[str] | None, mesh: Mesh) -> tuple[str, ...]:
    """The channel names to encode, in the standard order.

    names: channel names or the groups "position" and "color"; None means positions, the colour where the
        mesh has one, and the vertex density. Positions are always there.

    Raises `InvalidParameter` for an unknown name, or for colour on a mesh without.
    """
    has_color = "color" in mesh.attributes
    if names is None:
        names = ["position", *(["color"] if has_color else []), VERTEX_DENSITY]
    wanted = set(POSITION)
    for name in names:
        if name not in GROUPS and name not in ALL_CHANNELS:
            raise InvalidParameter(
                f"There is no channel {name!r}.",
                f"Choose from {', '.join([*GROUPS, *ALL_CHANNELS])}.",
            )
        wanted.update(GROUPS.get(name, (name,)))
    if wanted & set(COLOR) and not has_color:
        raise InvalidParameter("The mesh has no vertex colours.", "Leave the colour channels out, or add colours.")
    return tuple(name for name in ALL_CHANNELS if name in wanted)


def sampled(names: Sequence[str]) -> tuple[str, ...]:
    """Those channels whose values at the vertices are interpolated; the vertex density is not one."""
    return tuple(name for name in names if name != VERTEX_DENSITY)


def values_at_vertices(mesh: Mesh, sphere: FloatArray, names: Sequence[str]) -> FloatArray:
    """(V, K) values of the sampled channels at the vertices, for the map `sphere` (V, 3)."""
    columns = [_column(mesh, sphere, name) for name in names]
    return np.stack(columns, axis=1)


def _column(mesh: Mesh, sphere: FloatArray, name: str) -> FloatArray:
    if name in POSITION:
        return mesh.vertices[:, POSITION.index(name)]
    if name in COLOR:
        return mesh.attributes["color"][:, COLOR.index(name)]
    if name == CURVATURE_DENSITY:
        return curvature_density(mesh, sphere)
    if name == AREA_DISTORTION:
        return np.asarray(np.log(area_distortion(mesh, sphere)))
    raise InvalidParameter(f"Channel {name!r} has no value at a vertex.", "This is a mistake in the program.")
