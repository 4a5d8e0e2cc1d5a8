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
    from .blending.morph import blend
    from .blending.region import filter_region
    from .codec import decode, encode
    from .errors import NotGenusZero, SphericalCowError
    from .harmonics.container import Harmonics
    from .mesh import Mesh
    from .meshfile import read_mesh as load
    from .metrics import compare
    from .repairs.run import repair
    from .sample import sample_cow
    from .shape import Shape
    from .shapefile import load_shape, save_shape
    from .topology import check

_PLACES = {
    "Harmonics": (".harmonics.container", "Harmonics"),
    "Mesh": (".mesh", "Mesh"),
    "NotGenusZero": (".errors", "NotGenusZero"),
    "Shape": (".shape", "Shape"),
    "SphericalCowError": (".errors", "SphericalCowError"),
    "batch": (".batch", ""),
    "blend": (".blending.morph", "blend"),
    "check": (".topology", "check"),
    "compare": (".metrics", "compare"),
    "decode": (".codec", "decode"),
    "encode": (".codec", "encode"),
    "filter_region": (".blending.region", "filter_region"),
    "load": (".meshfile", "read_mesh"),
    "load_shape": (".shapefile", "load_shape"),
    "metrics": (".metrics", ""),
    "repair": (".repairs.run", "repair"),
    "sample_cow": (".sample", "sample_cow"),
    "save_shape": (".shapefile", "save_shape"),
}

__all__ = [
    "Harmonics",
    "Mesh",
    "NotGenusZero",
    "Shape",
    "SphericalCowError",
    "batch",
    "blend",
    "check",
    "compare",
    "decode",
    "encode",
    "filter_region",
    "load",
    "load_shape",
    "metrics",
    "repair",
    "sample_cow",
    "save_shape",
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
