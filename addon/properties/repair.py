# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe in the panel: property groups that are generated from the catalogue of repair steps.

Nothing about a step is written down here: name, range, unit, choices and tooltip of each setting come from
`core.repairs.catalogue`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..choices import TARGETS
from ..core.repairs.catalogue import STEPS, Parameter, Value

SHARED = ("parts", "prefer", "resolution")
"""Settings of several steps that the panel also shows once for all of them."""

_PERCENT = "_rel"


def property_name(step: str, parameter: str) -> str:
    """The property of a step item that holds this parameter."""
    return f"{step}__{parameter}"


def is_share(parameter: Parameter) -> bool:
    """Whether it is a part of the diagonal or of the whole, which is shown in percent."""
    return parameter.kind == "float" and parameter.name.endswith(_PERCENT)


def to_value(parameter: Parameter, shown: Any) -> Value:
    """The value that a property stands for. Blender keeps single precision: more digits than it has are noise."""
    if parameter.kind != "float":
        return shown
    value = float(f"{float(shown) / (100.0 if is_share(parameter) else 1.0):.6g}")
    return min(max(value, parameter.minimum), parameter.maximum)


def to_shown(parameter: Parameter, value: Value) -> Any:
    """The inverse of `to_value`."""
    return 100.0 * float(value) if is_share(parameter) else value


def _property(parameter: Parameter, **hooks: Any) -> Any:
    """The Blender property of a parameter."""
    words: dict[str, Any] = {"name": parameter.title, "description": parameter.description, **hooks}
    default = to_shown(parameter, parameter.default)
    if parameter.kind == "bool":
        return BoolProperty(**words, default=default)
    if parameter.kind == "enum":
        items = [(value, title, f"{parameter.title}: {title}") for value, title in parameter.choices]
        return EnumProperty(**words, items=items, **({} if hooks else {"default": default}))
    bounds = {"min": to_shown(parameter, parameter.minimum), "max": to_shown(parameter, parameter.maximum)}
    limits: dict[str, Any] = {name: limit for name, limit in bounds.items() if math.isfinite(limit)}
    if parameter.kind == "int":
        whole: dict[str, Any] = {name: int(min(max(limit, -(2**31)), 2**31 - 1)) for name, limit in limits.items()}
        return IntProperty(**words, **whole, **({} if hooks else {"default": default}))
    digits = 3 if not default else min(max(1 - math.floor(math.log10(abs(default))), 2), 6)
    kind: Any = "PERCENTAGE" if is_share(parameter) else "NONE"
    return FloatProperty(**words, **limits, default=default, precision=digits, subtype=kind)


def _step_annotations() -> Iterator[tuple[str, Any]]:
    yield "step", StringProperty(name="Step", description="Which step this is")
    yield "enabled", BoolProperty(name="Enabled", description="Do this step; else it is left out", default=True)
    for step in STEPS.values():
        for parameter in step.parameters:
            yield property_name(step.name, parameter.name), _property(parameter)


if TYPE_CHECKING:

    class SPHERICAL_COW_PG_step(bpy.types.PropertyGroup):
        """One step of the recipe in the panel."""

        step: str
        enabled: bool

else:
    SPHERICAL_COW_PG_step = type(
        "SPHERICAL_COW_PG_step",
        (bpy.types.PropertyGroup,),
        {
            "__doc__": "One step of the recipe in the panel.",
            "__module__": __name__,
            "__annotations__": dict(_step_annotations()),
        },
    )


def with_parameter(settings: Any, name: str) -> list[Any]:
    """The enabled steps of the panel's recipe that have this shared setting."""
    title = _shared(name).title
    found = []
    for item in settings.steps:
        parameters = STEPS[item.step].parameters if item.step in STEPS else ()
        if item.enabled and any(p.name == name and p.title == title for p in parameters):
            found.append(item)
    return found


def _shared(name: str) -> Parameter:
    """The first parameter of that name in the catalogue."""
    return next(p for step in STEPS.values() for p in step.parameters if p.name == name)


def _shared_property(name: str) -> Any:
    parameter = _shared(name)
    return _property(parameter, get=_getter(parameter), set=_setter(parameter))


def _getter(parameter: Parameter) -> Callable[[Any], int]:
    names = [value for value, _ in parameter.choices]

    def get(settings: Any) -> int:
        items = with_parameter(settings, parameter.name)
        value = getattr(items[-1], property_name(items[-1].step, parameter.name)) if items else parameter.default
        return names.index(value) if names else int(value)

    return get


def _setter(parameter: Parameter) -> Callable[[Any, int], None]:
    names = [value for value, _ in parameter.choices]

    def set_(settings: Any, value: int) -> None:
        for item in with_parameter(settings, parameter.name):
            setattr(item, property_name(item.step, parameter.name), names[value] if names else value)

    return set_


def blender_steps_property() -> Any:
    """The switch between Blender's modifiers and the library, for the panel and for operators."""
    return BoolProperty(
        name="Use Blender's Modifiers",
        description="Let Blender do the steps that it has: Solidify, Voxel Remesh, Decimate, Smooth, Limited Dissolve,"
        " Cubify. Otherwise the library does them, as it does without Blender",
        default=True,
    )


class SPHERICAL_COW_PG_repair(bpy.types.PropertyGroup):
    """Settings of the Repair panel: the recipe as it is shown there, and where the result goes."""

    if TYPE_CHECKING:
        recipe: str
        title: str
        spares_spheres: bool
        steps: Any
        active_step: int
        target: str
        keep_stages: bool
        blender_steps: bool
        parts: str
        prefer: str
        resolution: int
    else:
        recipe: StringProperty(name="Recipe", description="Identifier of the recipe that the steps were taken from")
        title: StringProperty(name="Title", description="Name of that recipe")
        spares_spheres: BoolProperty(
            name="Spare Good Meshes",
            description="Leave a mesh as it is that already is one closed surface without handles",
        )
        steps: CollectionProperty(name="Steps", type=SPHERICAL_COW_PG_step, description="What is done, in this order")
        active_step: IntProperty(name="Step", description="The step whose settings are shown below the list", min=0)
        target: EnumProperty(name="Result", description="Where the repaired mesh goes", items=TARGETS)
        keep_stages: BoolProperty(
            name="Keep Each Step",
            description="Also keep the mesh after each step, as objects in a hidden collection",
        )
        blender_steps: blender_steps_property()
        parts: _shared_property("parts")
        prefer: _shared_property("prefer")
        resolution: _shared_property("resolution")


class SPHERICAL_COW_PG_report(bpy.types.PropertyGroup):
    """The report of the last repair of a mesh."""

    if TYPE_CHECKING:
        report: str
        fingerprint: str
        dry_run: bool
    else:
        report: StringProperty(name="Report", description="What was found and done (JSON)")
        fingerprint: StringProperty(name="Fingerprint", description="Of the mesh that the report is about")
        dry_run: BoolProperty(name="Dry Run", description="The report says what would be done")


classes = (SPHERICAL_COW_PG_step, SPHERICAL_COW_PG_repair, SPHERICAL_COW_PG_report)
