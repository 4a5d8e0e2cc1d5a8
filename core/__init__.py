# SPDX-License-Identifier: GPL-3.0-or-later
"""Spherical Cow: closed genus-0 meshes as spherical harmonics, and back."""

__version__ = "0.1.0"
