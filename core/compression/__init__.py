# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files of coefficients: rounded, in order of degree, readable from any prefix."""

from .progressive import Decoded, shape_from_progressive, shape_to_progressive

__all__ = ["Decoded", "shape_from_progressive", "shape_to_progressive"]
