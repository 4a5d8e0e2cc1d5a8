# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that `import spherical_cow` gives, and what importing them does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import spherical_cow as sc
from meshes import uv_sphere

LIGHT = "import sys, spherical_cow.harmonics.transforms as t, spherical_cow.shapefile; "


def test_the_five_line_program(tmp_path: Path) -> None:
    uv_sphere(12).save(tmp_path / "in.obj")
    mesh = sc.load(tmp_path / "in.obj")
    shape = sc.encode(mesh, lmax=8)
    sc.decode(shape).save(tmp_path / "out.ply")
    assert sc.compare(mesh, sc.load(tmp_path / "out.ply"), samples=1000).mean_rel < 0.01


@pytest.mark.parametrize("name", sc.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(sc, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="wobble"):
        sc.wobble  # noqa: B018


def test_rebuilding_does_not_load_the_compiler() -> None:
    code = LIGHT + "print([m for m in ('numba', 'igl', 'trimesh', 'torch', 'bpy', 'pyshtools') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_library_alone_loads_next_to_nothing() -> None:
    code = "import sys, spherical_cow; print([m for m in ('numpy', 'scipy', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
