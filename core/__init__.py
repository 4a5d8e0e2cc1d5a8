# SPDX-License-Identifier: GPL-3.0-or-later
"""Spherical Cow: closed genus-0 meshes as spherical harmonics, and back.

    import spherical_cow as sc

    mesh = sc.load("cow.obj")
    shape = sc.encode(mesh, lmax=64)
    sc.decode(shape).save("out.ply")

The names below are imported when they are first used, so that a program that only rebuilds shapes (Blender's
sliders do) never loads the compiler that encoding needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import batch, metrics
    from .alignment.harmonic import align
    from .alignment.pose import standard_pose
    from .blending.morph import blend
    from .blending.region import filter_region
    from .codec import decode, encode
    from .errors import NotGenusZero, SphericalCowError
    from .fields.collision import collide
    from .harmonics.container import Harmonics
    from .interchange import open_shape, save_as
    from .mesh import Mesh
    from .meshfile import read_mesh as load
    from .metrics import compare
    from .repairs.run import repair
    from .sample import sample_cow
    from .shape import Shape
    from .shape_alignment import align_shape
    from .shapefile import load_shape, save_shape
    from .statistics.descriptors import most_similar
    from .statistics.space import ShapeSpace, build_space
    from .statistics.spacefile import load_space
    from .symmetric_shape import symmetrise_shape
    from .symmetry.detect import symmetries
    from .symmetry.heat import symmetry_error
    from .symmetry.symmetrise import symmetrise
    from .symmetry.templates import template
    from .topology import check

_PLACES = {
    "Harmonics": (".harmonics.container", "Harmonics"),
    "Mesh": (".mesh", "Mesh"),
    "NotGenusZero": (".errors", "NotGenusZero"),
    "Shape": (".shape", "Shape"),
    "ShapeSpace": (".statistics.space", "ShapeSpace"),
    "SphericalCowError": (".errors", "SphericalCowError"),
    "align": (".alignment.harmonic", "align"),
    "align_shape": (".shape_alignment", "align_shape"),
    "batch": (".batch", ""),
    "blend": (".blending.morph", "blend"),
    "build_space": (".statistics.space", "build_space"),
    "check": (".topology", "check"),
    "collide": (".fields.collision", "collide"),
    "compare": (".metrics", "compare"),
    "decode": (".codec", "decode"),
    "encode": (".codec", "encode"),
    "filter_region": (".blending.region", "filter_region"),
    "load": (".meshfile", "read_mesh"),
    "load_shape": (".shapefile", "load_shape"),
    "load_space": (".statistics.spacefile", "load_space"),
    "metrics": (".metrics", ""),
    "most_similar": (".statistics.descriptors", "most_similar"),
    "open_shape": (".interchange", "open_shape"),
    "repair": (".repairs.run", "repair"),
    "sample_cow": (".sample", "sample_cow"),
    "save_as": (".interchange", "save_as"),
    "save_shape": (".shapefile", "save_shape"),
    "standard_pose": (".alignment.pose", "standard_pose"),
    "symmetries": (".symmetry.detect", "symmetries"),
    "symmetrise": (".symmetry.symmetrise", "symmetrise"),
    "symmetrise_shape": (".symmetric_shape", "symmetrise_shape"),
    "symmetry_error": (".symmetry.heat", "symmetry_error"),
    "template": (".symmetry.templates", "template"),
}

__all__ = [
    "Harmonics",
    "Mesh",
    "NotGenusZero",
    "Shape",
    "ShapeSpace",
    "SphericalCowError",
    "align",
    "align_shape",
    "batch",
    "blend",
    "build_space",
    "check",
    "collide",
    "compare",
    "decode",
    "encode",
    "filter_region",
    "load",
    "load_shape",
    "load_space",
    "metrics",
    "most_similar",
    "open_shape",
    "repair",
    "sample_cow",
    "save_as",
    "save_shape",
    "standard_pose",
    "symmetries",
    "symmetrise",
    "symmetrise_shape",
    "symmetry_error",
    "template",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    value = import_module(module, __name__)
    if attribute:
        value = getattr(value, attribute)
    globals()[name] = value
    return value
