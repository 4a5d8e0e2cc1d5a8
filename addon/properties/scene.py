# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of all panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, PointerProperty

from ..choices import MEASURES, PICTURES, SHOWN
from .alignment import SPHERICAL_COW_PG_align
from .batch import SPHERICAL_COW_PG_batch
from .coding import SPHERICAL_COW_PG_encode, SPHERICAL_COW_PG_reconstruct
from .comparison import SPHERICAL_COW_PG_compare
from .morph import SPHERICAL_COW_PG_morph
from .networks import SPHERICAL_COW_PG_networks
from .repair import SPHERICAL_COW_PG_repair
from .space import SPHERICAL_COW_PG_space_build
from .symmetrise import SPHERICAL_COW_PG_symmetrise
from .symmetry import SPHERICAL_COW_PG_detect_symmetry


class SPHERICAL_COW_PG_settings(bpy.types.PropertyGroup):
    """Settings of all panels; kept in the scene."""

    if TYPE_CHECKING:
        self_intersections: bool
        batch: SPHERICAL_COW_PG_batch
        repair: SPHERICAL_COW_PG_repair
        encode: SPHERICAL_COW_PG_encode
        reconstruct: SPHERICAL_COW_PG_reconstruct
        compare: SPHERICAL_COW_PG_compare
        align: SPHERICAL_COW_PG_align
        morph: SPHERICAL_COW_PG_morph
        space: SPHERICAL_COW_PG_space_build
        detect_symmetry: SPHERICAL_COW_PG_detect_symmetry
        symmetrise: SPHERICAL_COW_PG_symmetrise
        networks: SPHERICAL_COW_PG_networks
        attribute: str
        measure: str
        picture: str
    else:
        self_intersections: BoolProperty(
            name="Self-Intersections",
            description="Also look for faces that pass through each other. They can be encoded, but mean"
            " trouble for printing and simulation",
            default=True,
        )
        batch: PointerProperty(name="Batch", type=SPHERICAL_COW_PG_batch, description="Settings of Batch")
        repair: PointerProperty(name="Repair", type=SPHERICAL_COW_PG_repair, description="Settings of Repair")
        encode: PointerProperty(name="Encode", type=SPHERICAL_COW_PG_encode, description="Settings of Encode")
        reconstruct: PointerProperty(
            name="Reconstruct", type=SPHERICAL_COW_PG_reconstruct, description="Settings of Reconstruct"
        )
        align: PointerProperty(name="Align", type=SPHERICAL_COW_PG_align, description="Settings of Align")
        morph: PointerProperty(name="Morph", type=SPHERICAL_COW_PG_morph, description="Settings of Morph")
        space: PointerProperty(
            name="Shape Space", type=SPHERICAL_COW_PG_space_build, description="Settings of Shape Space"
        )
        compare: PointerProperty(name="Compare", type=SPHERICAL_COW_PG_compare, description="Settings of Compare")
        detect_symmetry: PointerProperty(
            name="Symmetry", type=SPHERICAL_COW_PG_detect_symmetry, description="Settings of Detect Symmetry"
        )
        symmetrise: PointerProperty(
            name="Symmetrize", type=SPHERICAL_COW_PG_symmetrise, description="Settings of Symmetrize"
        )
        networks: PointerProperty(name="Networks", type=SPHERICAL_COW_PG_networks, description="Settings of Networks")
        attribute: EnumProperty(name="Attribute", description="What is shown as color on the mesh", items=SHOWN)
        measure: EnumProperty(name="Measure", description="What of a band of degrees counts as detail", items=MEASURES)
        picture: EnumProperty(name="Picture", description="Which picture is shown here", items=PICTURES)


classes = (SPHERICAL_COW_PG_settings,)
