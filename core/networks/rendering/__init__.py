# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of meshes with gradients: to vertices, textures and cameras."""
