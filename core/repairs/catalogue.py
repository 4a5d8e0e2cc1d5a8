# SPDX-License-Identifier: GPL-3.0-or-later
"""Every repair step in words: title, description, parameters with their ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import InvalidParameter

Value = float | int | bool | str
Kind = Literal["float", "int", "bool", "enum"]


@dataclass(frozen=True)
class Parameter:
    """A setting of a step. choices: (value, title) of an enum. Names that end in `_rel` are parts of the diagonal."""

    name: str
    kind: Kind
    default: Value
    title: str
    description: str
    minimum: float = -math.inf
    maximum: float = math.inf
    choices: tuple[tuple[str, str], ...] = ()

    def require(self, value: Value) -> None:
        """Raise `InvalidParameter` unless the value has the right type and range."""
        if self.kind == "enum":
            names = [name for name, _ in self.choices]
            if value not in names:
                raise InvalidParameter(f"{self.title} is {value!r}.", f"Choose from {', '.join(names)}.")
            return
        if not self._has_type(value):
            raise InvalidParameter(f"{self.title} is {value!r}, which is not of kind {self.kind}.", self.description)
        if not isinstance(value, str) and not self.minimum <= value <= self.maximum:
            raise InvalidParameter(
                f"{self.title} is {value}.", f"Give a value between {self.minimum:g} and {self.maximum:g}."
            )

    def _has_type(self, value: Value) -> bool:
        if self.kind == "bool" or isinstance(value, bool):
            return self.kind == "bool" and isinstance(value, bool)
        if self.kind == "int":
            return isinstance(value, int)
        return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


@dataclass(frozen=True)
class StepInfo:
    """What a step is called, what it does, and its parameters."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...] = ()


_RESOLUTION = Parameter(
    "resolution",
    "int",
    128,
    "Resolution",
    "Voxels along the longest side. Twice as many follow the surface more closely and take eight times as long",
    16,
    512,
)
_PREFER = Parameter(
    "prefer",
    "enum",
    "auto",
    "Handles",
    "What to do with a handle: whatever changes less, always cut it, or always fill its tunnel",
    choices=(("auto", "Smallest Change"), ("cut", "Cut"), ("fill", "Fill")),
)
_PARTS = Parameter(
    "parts",
    "enum",
    "join",
    "Parts",
    "What to do with several parts: join them by bridges, or keep the largest only",
    choices=(("join", "Join"), ("largest", "Keep Largest")),
)
_AXIS = Parameter(
    "axis",
    "enum",
    "x",
    "Axis",
    "The axis across which the two halves become equal",
    choices=(("x", "X"), ("y", "Y"), ("z", "Z")),
)
_SIDE = Parameter(
    "side",
    "enum",
    "positive",
    "Keep",
    "The half that is kept, and mirrored onto the other",
    choices=(("positive", "Positive Half"), ("negative", "Negative Half")),
)
_ABOUT = Parameter(
    "about",
    "enum",
    "middle",
    "Plane",
    "Where the plane between the halves is",
    choices=(("middle", "Middle of the Bounds"), ("origin", "Origin")),
)


def _distance(default: float, description: str) -> Parameter:
    return Parameter(
        "distance_rel", "float", default, "Distance", description + ", as a part of the diagonal", 0.0, 0.1
    )


_ALL = (
    StepInfo("remove_unusable", "Remove Unusable", "Remove vertices without a place (NaN) and loose vertices"),
    StepInfo(
        "merge_vertices",
        "Merge by Distance",
        "Weld vertices that lie at the same place",
        (_distance(1e-7, "Vertices nearer than this become one"),),
    ),
    StepInfo("remove_degenerate", "Remove Degenerate", "Remove faces without area, without opening a crack"),
    StepInfo("remove_duplicates", "Remove Duplicates", "Remove faces that lie on other faces with the same corners"),
    StepInfo(
        "stitch",
        "Stitch Cracks",
        "Close cracks between edges that run along each other",
        (_distance(1e-4, "Cracks narrower than this are closed"),),
    ),
    StepInfo(
        "split_non_manifold",
        "Split Non-Manifold",
        "Take apart edges and vertices at which more than one surface meets",
    ),
    StepInfo("orient", "Orient", "Turn faces so that neighbours agree and all look outward"),
    StepInfo(
        "keep_parts",
        "Keep Parts",
        "Keep all parts or the largest, and drop those that are too small",
        (
            Parameter(
                "keep", "enum", "all", "Keep", "Which parts stay", choices=(("all", "All"), ("largest", "Largest"))
            ),
            Parameter(
                "min_area_rel",
                "float",
                0.0,
                "Smallest Area",
                "Parts with a smaller share of the whole area are dropped",
                0.0,
                1.0,
            ),
        ),
    ),
    StepInfo(
        "thicken_sheets",
        "Thicken Sheets",
        "Give open sheets, which enclose nothing, two sides and a rim",
        (Parameter("thickness_rel", "float", 0.005, "Thickness", "Thickness, as a part of the diagonal", 1e-4, 0.2),),
    ),
    StepInfo(
        "fill_holes",
        "Fill Holes",
        "Close holes by surfaces that go on as the surroundings do",
        (
            Parameter("max_edges", "int", 0, "Longest Rim", "Holes with more edges stay open; 0 closes all", 0, 10**9),
            Parameter("smooth", "bool", True, "Smooth", "Let the new surface curve as its surroundings do"),
        ),
    ),
    StepInfo(
        "resolve_parts",
        "Resolve Parts",
        "Drop what is enclosed, unite what overlaps, and join or drop what lies apart",
        (_PARTS, Parameter("unite", "bool", True, "Unite", "Make overlapping parts one surface")),
    ),
    StepInfo("resolve_self_intersections", "Resolve Self-Intersections", "Keep the outer surface where faces cross"),
    StepInfo("remove_handles", "Remove Handles", "Cut handles or fill tunnels until none is left", (_PREFER,)),
    StepInfo(
        "ensure_genus_zero",
        "Ensure Genus 0",
        "Look at the result; where it is not one closed surface without handles, rebuild it from its volume",
        (
            _RESOLUTION,
            _PREFER,
            _PARTS,
            Parameter(
                "rebuild_from",
                "enum",
                "original",
                "Rebuild From",
                "Which mesh has the volume: the one that came in, or the one that earlier steps made",
                choices=(("original", "Original"), ("current", "Current")),
            ),
        ),
    ),
    StepInfo(
        "remesh_volume",
        "Rebuild from Volume",
        "Rebuild one closed surface without handles from voxels, whatever the input",
        (_RESOLUTION, _PREFER, _PARTS),
    ),
    StepInfo(
        "dissolve_planar",
        "Limited Dissolve",
        "Remove vertices in flat regions and on straight edges",
        (Parameter("angle", "float", 5.0, "Angle", "Faces that differ by less are flat, in degrees", 0.0, 60.0),),
    ),
    StepInfo(
        "solidify",
        "Solidify",
        "Give every face a thickness",
        (Parameter("thickness_rel", "float", 0.006, "Thickness", "Thickness, as a part of the diagonal", 1e-4, 0.2),),
    ),
    StepInfo(
        "voxel_remesh",
        "Voxel Remesh",
        "Replace the surface by an even one around the same volume",
        (replace(_RESOLUTION, default=111),),
    ),
    StepInfo("outer_surface", "Outer Surface", "Keep the surface that is seen from outside, and drop inner walls"),
    StepInfo(
        "decimate",
        "Decimate",
        "Remove faces where they matter least",
        (
            Parameter("ratio", "float", 0.1, "Ratio", "Share of the faces that stays", 0.0, 1.0),
            Parameter("min_faces", "int", 1500, "Fewest Faces", "Stop at this number of faces", 4, 10**9),
        ),
    ),
    StepInfo(
        "smooth",
        "Smooth",
        "Move vertices toward the middle of their neighbours",
        (
            Parameter("factor", "float", 0.5, "Factor", "How far they move", 0.0, 1.0),
            Parameter("iterations", "int", 1, "Repeat", "How often", 0, 1000),
        ),
    ),
    StepInfo("symmetrise", "Symmetrise", "Mirror one half onto the other", (_AXIS, _SIDE, _ABOUT)),
    StepInfo(
        "cubify",
        "Cubify",
        "Build the shape from cubes",
        (Parameter("resolution", "int", 64, "Cubes", "Cubes along the longest side", 4, 256),),
    ),
)
STEPS: Mapping[str, StepInfo] = {step.name: step for step in _ALL}
