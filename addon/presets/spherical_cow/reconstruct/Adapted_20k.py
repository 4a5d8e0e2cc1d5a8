# SPDX-License-Identifier: GPL-3.0-or-later
"""A preset, run by Blender when it is chosen."""

import bpy

settings = bpy.context.scene.spherical_cow.reconstruct

settings.sampling = "adaptive"
settings.frequency = 32
settings.count = 20000
settings.basis = "POSITION"
settings.seed = 0
settings.hide_original = True
