# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the panels, and what a mesh data-block carries: one file for each section of the panel.

Settings are in the scene (`scene.py` has one group for each section); what is computed is on the mesh (`mesh.py`).
"""

from __future__ import annotations

import bpy
from bpy.props import PointerProperty

from . import (
    alignment,
    batch,
    coding,
    comparison,
    equaliser,
    mesh,
    morph,
    networks,
    repair,
    scene,
    session,
    space,
    symmetrise,
    symmetry,
)

classes = (
    *repair.classes,
    *coding.classes,
    *comparison.classes,
    *alignment.classes,
    *batch.classes,
    *morph.classes,
    *space.classes,
    *symmetry.classes,
    *symmetrise.classes,
    *networks.classes,
    *scene.classes,
    *equaliser.classes,
    *mesh.classes,
    *session.classes,
)

_POINTERS = (
    (bpy.types.Scene, scene.SPHERICAL_COW_PG_settings, "Settings of the Spherical Cow panels"),
    (bpy.types.Mesh, mesh.SPHERICAL_COW_PG_mesh, "Spherical harmonics of this mesh"),
    (bpy.types.WindowManager, session.SPHERICAL_COW_PG_session, "Messages of Spherical Cow"),
)


def register() -> None:
    """Register the groups and hang them onto Blender's types."""
    for cls in classes:
        bpy.utils.register_class(cls)
    for owner, group, text in _POINTERS:
        pointer = PointerProperty(name="Spherical Cow", type=group, description=text)
        owner.spherical_cow = pointer


def unregister() -> None:
    """Undo `register`. The data in meshes stays in the file."""
    for owner, _, _ in _POINTERS:
        del owner.spherical_cow
    for cls in reversed(classes):
        bpy.utils.unregister_class(cls)
