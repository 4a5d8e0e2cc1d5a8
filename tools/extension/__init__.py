# SPDX-License-Identifier: GPL-3.0-or-later
"""Building the Blender extension: platforms, wheels, manifest, archive, Blender's validator and installer."""
