# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of symmetry a shape has as a whole, and how few parameters can describe it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .elements import Axis, Plane

Kind = Literal["none", "one plane", "two planes", "rotational", "spherical"]

PROFILE = 0.1
"""The share of a profile that is turned about an axis: about a tenth."""

REPRESENTATIONS = {
    "none": "all vertices",
    "one plane": "one half, mirrored",
    "two planes": "one quarter, mirrored twice",
    "rotational": "one profile or sector, turned about the axis",
    "spherical": "one radius",
}
"""Kind → what is enough to describe the shape."""


def kind_of(planes: Sequence[Plane], axes: Sequence[Axis], sphere: bool) -> Kind:
    """The kind of symmetry of a shape with these planes and axes.

    An axis of order three or more, or a continuous one, makes it rotational, and so does one of order two without a
    plane; otherwise the number of planes decides.
    """
    if sphere:
        return "spherical"
    if any(axis.is_continuous or axis.order > 2 for axis in axes) or (axes and not planes):
        return "rotational"
    return "none" if not planes else "one plane" if len(planes) == 1 else "two planes"


def share_of(kind: Kind, planes: Sequence[Plane], axes: Sequence[Axis]) -> float:
    """The part of the parameters that is enough, in (0, 1]: 1 without symmetry, ½ with a plane, ¼ with two, about a
    tenth for a profile; for an axis of order n, 1/n, and half of that where planes hold the axis.
    """
    if kind in ("none", "one plane", "two planes"):
        return {"none": 1.0, "one plane": 0.5, "two planes": 0.25}[kind]
    if kind == "spherical" or any(axis.is_continuous for axis in axes):
        return PROFILE
    best = max(axes, key=lambda axis: axis.order)
    holds = any(abs(plane.normal @ best.direction) < 0.1 for plane in planes)
    return 1.0 / (best.order * (2 if holds else 1))
