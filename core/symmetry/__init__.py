# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry of shapes: planes of reflection and axes of rotation, found, measured, and imposed."""
