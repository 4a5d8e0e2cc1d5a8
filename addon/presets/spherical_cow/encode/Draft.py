# SPDX-License-Identifier: GPL-3.0-or-later
"""A preset, run by Blender when it is chosen."""

import bpy

settings = bpy.context.scene.spherical_cow.encode

settings.lmax = 24
settings.method = "balanced"
settings.channels = {"color", "curvature", "density"}
settings.use_modifiers = False
settings.use_target = False
settings.target = 0.1
