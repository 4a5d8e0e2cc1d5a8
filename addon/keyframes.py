# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyframes of a property, as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy


def set_values(owner: Any, name: str, frames: Iterable[float], values: Sequence[float], interpolation: str) -> None:
    """Give the property `name` of `owner` these keyframes, in place of the ones it has.

    interpolation: between them, as Blender calls it ("BEZIER", "LINEAR" …).
    """
    path = owner.path_from_id(name)
    old = curve_of(owner.id_data, path)
    if old is not None:
        for point in reversed(old.keyframe_points):
            old.keyframe_points.remove(point, fast=True)
    before = getattr(owner, name)
    for frame, value in zip(frames, values, strict=True):
        setattr(owner, name, value)
        owner.keyframe_insert(name, frame=float(frame))
    setattr(owner, name, before)
    curve = curve_of(owner.id_data, path)
    if curve is None:
        return
    for point in curve.keyframe_points:
        point.interpolation = interpolation
        point.handle_left_type = point.handle_right_type = "AUTO_CLAMPED"
    curve.update()


def curve_of(data: bpy.types.ID, path: str) -> Any:
    """The animation curve of a property, or None. data: the data-block that owns it."""
    animation: Any = getattr(data, "animation_data", None)
    action = animation.action if animation is not None else None
    if action is None:
        return None
    return next((curve for curve in _curves(action, animation) if curve.data_path == path), None)


def _curves(action: Any, animation: Any) -> list[Any]:
    if hasattr(action, "fcurves"):  # until Blender 4.5
        return list(action.fcurves)
    slot = animation.action_slot
    strips = [strip for layer in action.layers for strip in layer.strips]
    bags = [strip.channelbag(slot) for strip in strips] if slot is not None else []
    return [curve for bag in bags if bag is not None for curve in bag.fcurves]
