# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface from two functions on the sphere: how much area it has where, and how it is curved."""

from .surface import surface_from_curvature

__all__ = ["surface_from_curvature"]
