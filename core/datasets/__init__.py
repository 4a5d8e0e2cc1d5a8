# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of shapes to learn from: the layout of the Occupancy Networks, read, written, and made from meshes."""
