# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape, camera and texture from one picture, by mean shapes that are learned and bent (Simoni et al., Multi-Category
Mesh Reconstruction From Image Collections, 3DV 2021; Naitsat et al., its symmetric form)."""
