# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel2Mesh: a template that graph convolutions bend until it looks like a picture (Wang et al., ECCV 2018)."""
