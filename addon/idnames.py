# SPDX-License-Identifier: GPL-3.0-or-later
"""Every name that Blender knows this extension by, in one place."""

from __future__ import annotations

from enum import StrEnum

TAB = "Spherical Cow"
"""The tab of the sidebar that holds all panels."""

COMMAND = "spherical_cow"
"""`blender -b FILE --command spherical_cow …`."""


class Operators(StrEnum):
    """`bl_idname` of each operator."""

    ADD_CHECKPOINT = "spherical_cow.add_checkpoint"
    ADD_COW = "spherical_cow.add_cow"
    ALIGN = "spherical_cow.align"
    ALIGN_PARAMETERS = "spherical_cow.align_parameters"
    ANIMATE_MORPH = "spherical_cow.animate_morph"
    APPLY_MASK = "spherical_cow.apply_mask"
    BAKE_SPACE = "spherical_cow.bake_space"
    BANDS_TO_SHAPE_KEYS = "spherical_cow.bands_to_shape_keys"
    BATCH = "spherical_cow.batch"
    BUILD_SPACE = "spherical_cow.build_space"
    CANCEL = "spherical_cow.cancel"
    CHECK = "spherical_cow.check"
    CHECK_PYTHON = "spherical_cow.check_python"
    COEFFICIENT_IMAGES = "spherical_cow.coefficient_images"
    COMPARE = "spherical_cow.compare"
    COPY_COMMAND = "spherical_cow.copy_command"
    COPY_COMPARISON = "spherical_cow.copy_comparison"
    COPY_DIAGNOSTICS = "spherical_cow.copy_diagnostics"
    DETECT_SYMMETRY = "spherical_cow.detect_symmetry"
    DISMISS = "spherical_cow.dismiss"
    DISTANCE_HISTOGRAM = "spherical_cow.distance_histogram"
    ENCODE = "spherical_cow.encode"
    FIND_SIMILAR = "spherical_cow.find_similar"
    HIDE_SYMMETRY = "spherical_cow.hide_symmetry"
    IMPORT_OFF = "spherical_cow.import_off"
    KEEP_MORPH = "spherical_cow.keep_morph"
    LOAD_SHAPE = "spherical_cow.load_shape"
    LOCATE_DETAIL = "spherical_cow.locate_detail"
    MEASURE_LEFT_RIGHT = "spherical_cow.measure_left_right"
    MORPH = "spherical_cow.morph"
    NORMALISE = "spherical_cow.normalise"
    PRESET_ENCODE = "spherical_cow.preset_encode"
    PRESET_RECONSTRUCT = "spherical_cow.preset_reconstruct"
    RANDOM_MEMBER = "spherical_cow.random_member"
    RANK_OUTLIERS = "spherical_cow.rank_outliers"
    RECIPE_DELETE = "spherical_cow.recipe_delete"
    RECIPE_LOAD = "spherical_cow.recipe_load"
    RECIPE_SAVE = "spherical_cow.recipe_save"
    RECONSTRUCT = "spherical_cow.reconstruct"
    REMOVE_CHECKPOINT = "spherical_cow.remove_checkpoint"
    REPAIR = "spherical_cow.repair"
    REPAIR_AND_ENCODE = "spherical_cow.repair_and_encode"
    REPAIR_FOLDER = "spherical_cow.repair_folder"
    RESET_EQUALISER = "spherical_cow.reset_equaliser"
    RESET_SPACE = "spherical_cow.reset_space"
    SAVE_COMPARISON = "spherical_cow.save_comparison"
    SAVE_SCORES = "spherical_cow.save_scores"
    SAVE_SHAPE = "spherical_cow.save_shape"
    SELECT_PROBLEM = "spherical_cow.select_problem"
    SELECT_REPAIRED = "spherical_cow.select_repaired"
    SHOW_ATTRIBUTE = "spherical_cow.show_attribute"
    SHOW_DISTANCES = "spherical_cow.show_distances"
    SHOW_ON_SPHERE = "spherical_cow.show_on_sphere"
    SHOW_SYMMETRY = "spherical_cow.show_symmetry"
    STEP_ADD = "spherical_cow.step_add"
    STEP_MOVE = "spherical_cow.step_move"
    STEP_REMOVE = "spherical_cow.step_remove"
    SYMMETRISE = "spherical_cow.symmetrise"
    SYMMETRY_HEAT_MAP = "spherical_cow.symmetry_heat_map"


class Panels(StrEnum):
    """`bl_idname` of each panel, in the order of the work."""

    CHECK = "SPHERICAL_COW_PT_check"
    REPAIR = "SPHERICAL_COW_PT_repair"
    ENCODE = "SPHERICAL_COW_PT_encode"
    RECONSTRUCT = "SPHERICAL_COW_PT_reconstruct"
    EQUALISER = "SPHERICAL_COW_PT_equaliser"
    SHAPE_KEYS = "SPHERICAL_COW_PT_shape_keys"
    MORPH = "SPHERICAL_COW_PT_morph"
    SPACE = "SPHERICAL_COW_PT_space"
    SYMMETRY = "SPHERICAL_COW_PT_symmetry"
    SYMMETRISE = "SPHERICAL_COW_PT_symmetrise"
    ALIGN = "SPHERICAL_COW_PT_align"
    COMPARE = "SPHERICAL_COW_PT_compare"
    ATTRIBUTES = "SPHERICAL_COW_PT_attributes"
    COEFFICIENTS = "SPHERICAL_COW_PT_coefficients"
    NETWORKS = "SPHERICAL_COW_PT_networks"
    MODELS = "SPHERICAL_COW_PT_models"
    BATCH = "SPHERICAL_COW_PT_batch"
    PRESETS_ENCODE = "SPHERICAL_COW_PT_presets_encode"
    PRESETS_RECONSTRUCT = "SPHERICAL_COW_PT_presets_reconstruct"
    FATAL = "SPHERICAL_COW_PT_fatal"


class Menus(StrEnum):
    """`bl_idname` of each menu."""

    PRESETS_ENCODE = "SPHERICAL_COW_MT_presets_encode"
    PRESETS_RECONSTRUCT = "SPHERICAL_COW_MT_presets_reconstruct"
    RECIPES = "SPHERICAL_COW_MT_recipes"
    STEPS = "SPHERICAL_COW_MT_steps"


CHECKPOINT_LIST = "SPHERICAL_COW_UL_checkpoints"
"""`bl_idname` of the list of files of weights."""

STEP_LIST = "SPHERICAL_COW_UL_steps"
"""`bl_idname` of the list of repair steps."""

SYMMETRY_LIST = "SPHERICAL_COW_UL_symmetries"
"""`bl_idname` of the list of planes and axes."""


class Attributes(StrEnum):
    """Names of the mesh attributes that are written."""

    SPHERE = "sphere_position"
    CURVATURE = "curvature_density"
    AREA = "log_area_distortion"
    DENSITY = "vertex_density"
    ANGLE = "angle_distortion"
    DOMINANT = "dominant_degree"
    COLOR = "Spherical Cow Color"
    SHOWN = "Spherical Cow Display"
    REPAIRED = "repaired"
    DISTANCE = "surface_distance"
    SIGNED_DISTANCE = "signed_distance"
    SYMMETRY = "symmetry_error"


SCALARS = (Attributes.CURVATURE, Attributes.AREA, Attributes.DENSITY, Attributes.ANGLE)
"""The scalar fields that an encode leaves on the vertices."""

DETAIL = "detail_"
"""Start of the names of the fields that say how much of a band of degrees is at each vertex."""
