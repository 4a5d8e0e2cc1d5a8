# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring shapes into a common pose: centre, scale, principal axes, iterated closest points, harmonic correlation."""
