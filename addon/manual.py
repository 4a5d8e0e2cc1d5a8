# SPDX-License-Identifier: GPL-3.0-or-later
"""Right click ▸ Online Manual on our buttons and settings: the page of their section, in the zip."""

from __future__ import annotations

from pathlib import Path

from .idnames import Operators

_PAGES = {
    "check": (Operators.CHECK, Operators.SELECT_PROBLEM),
    "repair": (
        Operators.REPAIR,
        Operators.REPAIR_AND_ENCODE,
        Operators.REPAIR_FOLDER,
        Operators.SELECT_REPAIRED,
        Operators.RECIPE_LOAD,
        Operators.RECIPE_SAVE,
        Operators.RECIPE_DELETE,
        Operators.STEP_ADD,
        Operators.STEP_MOVE,
        Operators.STEP_REMOVE,
    ),
    "batch": (Operators.BATCH,),
    "dataset": (Operators.MAKE_DATASET, Operators.CHECK_DATASET),
    "encode": (Operators.ENCODE, Operators.PRESET_ENCODE, Operators.ADD_COW, Operators.IMPORT_OFF),
    "reconstruct": (Operators.RECONSTRUCT, Operators.PRESET_RECONSTRUCT),
    "equalizer": (Operators.RESET_EQUALISER, Operators.APPLY_MASK),
    "shape_keys": (Operators.BANDS_TO_SHAPE_KEYS,),
    "morph": (Operators.MORPH, Operators.ANIMATE_MORPH, Operators.KEEP_MORPH),
    "shape_space": (
        Operators.BUILD_SPACE,
        Operators.RESET_SPACE,
        Operators.RANDOM_MEMBER,
        Operators.BAKE_SPACE,
        Operators.RANK_OUTLIERS,
        Operators.SAVE_SCORES,
        Operators.FIND_SIMILAR,
    ),
    "shape_codes": (
        Operators.CODES_TRAIN,
        Operators.CODES_FIT,
        Operators.CODES_REFINE,
        Operators.CODES_KEEP,
        Operators.CODES_SAVE,
        Operators.CODES_LOAD,
    ),
    "attributes": (Operators.SHOW_ATTRIBUTE, Operators.SHOW_ON_SPHERE, Operators.LOCATE_DETAIL),
    "compare": (
        Operators.COMPARE,
        Operators.SHOW_DISTANCES,
        Operators.DISTANCE_HISTOGRAM,
        Operators.COPY_COMPARISON,
        Operators.SAVE_COMPARISON,
    ),
    "symmetry": (
        Operators.DETECT_SYMMETRY,
        Operators.SHOW_SYMMETRY,
        Operators.HIDE_SYMMETRY,
        Operators.SYMMETRY_HEAT_MAP,
    ),
    "align": (Operators.ALIGN, Operators.NORMALISE, Operators.ALIGN_PARAMETERS),
    "symmetrise": (Operators.SYMMETRISE, Operators.MEASURE_LEFT_RIGHT),
    "fit_sdf": (Operators.FIT_SDF, Operators.EXTRACT_SDF, Operators.SAVE_SDF, Operators.LOAD_SDF),
    "sdf_tools": (Operators.SDF_TOOL, Operators.SDF_SLICE),
    "coefficients": (Operators.COEFFICIENT_IMAGES, Operators.SAVE_SHAPE, Operators.LOAD_SHAPE),
    "networks": (
        Operators.CHECK_PYTHON,
        Operators.COPY_COMMAND,
        Operators.ADD_CHECKPOINT,
        Operators.REMOVE_CHECKPOINT,
    ),
    "occupancy_networks": (Operators.PREDICT, Operators.PREVIEW_VIEW),
    "image_to_mesh": (Operators.IMAGE_TO_MESH,),
    "fit_to_pictures": (
        Operators.FIT_PICTURES,
        Operators.PICTURES_ADD,
        Operators.PICTURES_CAMERAS,
        Operators.PICTURES_TAKE,
        Operators.PICTURE_NEW,
        Operators.PICTURE_REMOVE,
        Operators.PICTURE_MOVE,
    ),
    "train": (Operators.TRAIN, Operators.STOP_TRAINING),
}
"""Page of the manual → the operators that it explains."""

_GROUPS = {
    "batch": "batch",
    "dataset": "dataset",
    "encode": "encode",
    "align": "align",
    "aligned": "align",
    "normalise": "align",
    "sphere": "align",
    "compare": "compare",
    "comparison": "compare",
    "reconstruct": "reconstruct",
    "equaliser": "equalizer",
    "check": "check",
    "morph": "morph",
    "morphed": "morph",
    "space_build": "shape_space",
    "space": "shape_space",
    "member": "shape_space",
    "codes_settings": "shape_codes",
    "codes": "shape_codes",
    "code_member": "shape_codes",
    "repair": "repair",
    "step": "repair",
    "detect_symmetry": "symmetry",
    "symmetry": "symmetry",
    "symmetries": "symmetry",
    "symmetrise": "symmetrise",
    "left_right": "symmetrise",
    "fit_sdf": "fit_sdf",
    "extract_sdf": "fit_sdf",
    "fitted": "fit_sdf",
    "sdf_tools": "sdf_tools",
    "slice": "sdf_tools",
    "networks": "networks",
    "checkpoint": "networks",
    "occupancy": "occupancy_networks",
    "image_to_mesh": "image_to_mesh",
    "training": "train",
    "fit_pictures": "fit_to_pictures",
    "picture": "fit_to_pictures",
    "pictured": "fit_to_pictures",
    "predicted": "occupancy_networks",
}
"""Settings, by the end of their class name → page."""

FOLDER = Path(__file__).parent / "docs" / "panel"
"""The pages, where the zip brings them."""


def entries() -> tuple[str, tuple[tuple[str, str], ...]]:
    """What `bpy.utils.register_manual_map` asks for: the address of the manual, and pattern → page."""
    if not FOLDER.is_dir():  # built without them
        return "", ()
    operators = [(f"bpy.ops.{name}", f"{page}.html") for page, names in _PAGES.items() for name in names]
    groups = [(f"bpy.types.spherical_cow_pg_{end}.*", f"{page}.html") for end, page in _GROUPS.items()]
    return FOLDER.as_uri() + "/", (*operators, *groups)
