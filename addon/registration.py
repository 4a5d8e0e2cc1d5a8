# SPDX-License-Identifier: GPL-3.0-or-later
"""The second stage of registration: all that the extension adds to Blender."""

from __future__ import annotations

from pathlib import Path

import bpy

from . import cli, jobs, manual, preferences, properties, recipe_book
from .operators import (
    align,
    attributes,
    batch_files,
    check,
    coefficients,
    compare,
    encode,
    equaliser,
    files,
    general,
    load,
    locality,
    morph,
    networks,
    presets,
    recipes,
    reconstruct,
    repair,
    repair_encode,
    repair_folder,
    shape_keys,
    similar,
    space,
    symmetrise,
    symmetry,
)
from .operators.networks import training
from .panels import align as align_panel
from .panels import attributes as attributes_panel
from .panels import batch_files as batch_panel
from .panels import check as check_panel
from .panels import coefficients as coefficients_panel
from .panels import compare as compare_panel
from .panels import encode as encode_panel
from .panels import equaliser as equaliser_panel
from .panels import morph as morph_panel
from .panels import networks as networks_panels
from .panels import reconstruct as reconstruct_panel
from .panels import repair as repair_panel
from .panels import shape_keys as shape_keys_panel
from .panels import space as space_panel
from .panels import symmetrise as symmetrise_panel
from .panels import symmetry as symmetry_panel

FOLDER = str(Path(__file__).parent)

classes = (
    *preferences.classes,
    *general.classes,
    *check.classes,
    *recipes.classes,
    *repair.classes,
    *repair_encode.classes,
    *repair_folder.classes,
    *batch_files.classes,
    *encode.classes,
    *reconstruct.classes,
    *equaliser.classes,
    *shape_keys.classes,
    *attributes.classes,
    *locality.classes,
    *coefficients.classes,
    *load.classes,
    *morph.classes,
    *space.classes,
    *similar.classes,
    *compare.classes,
    *align.classes,
    *files.classes,
    *presets.classes,
    *symmetry.classes,
    *symmetrise.classes,
    *networks.classes,
    *check_panel.classes,
    *repair_panel.classes,
    *encode_panel.classes,
    *reconstruct_panel.classes,
    *equaliser_panel.classes,
    *shape_keys_panel.classes,
    *attributes_panel.classes,
    *coefficients_panel.classes,
    *compare_panel.classes,
    *align_panel.classes,
    *morph_panel.classes,
    *space_panel.classes,
    *symmetry_panel.classes,
    *symmetrise_panel.classes,
    *networks_panels.classes,
    *batch_panel.classes,
)


def register() -> None:
    """Properties first, since operators and panels use them."""
    properties.register()
    for cls in classes:
        bpy.utils.register_class(cls)
    for menu, draw in files.MENUS:
        menu.append(draw)
    bpy.utils.register_preset_path(FOLDER)
    bpy.utils.register_manual_map(manual.entries)
    cli.register()
    jobs.sweep()


def unregister() -> None:
    """The same in reverse; running jobs are ended."""
    training.leave()
    jobs.release_all()
    recipe_book.forget()
    cli.unregister()
    bpy.utils.unregister_manual_map(manual.entries)
    bpy.utils.unregister_preset_path(FOLDER)
    for menu, draw in files.MENUS:
        menu.remove(draw)
    for cls in reversed(classes):
        bpy.utils.unregister_class(cls)
    properties.unregister()
