# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample that comes with the library: a spherical cow."""

from __future__ import annotations

from importlib import resources

import numpy as np

from .mesh import Mesh
from .meshfile.color import srgb_to_linear


def sample_cow() -> Mesh:
    """A cow, closed, genus 0, with a linear `color`; z up, about two units long. Made by `tools/make_sample_cow.py`."""
    with (
        resources.files(__package__).joinpath("data", "spherical_cow.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as archive,
    ):
        vertices, faces, colors = archive["vertices"], archive["faces"], archive["colors"]
    return Mesh(vertices, faces.astype(np.int64), {"color": srgb_to_linear(colors / 255.0)})
