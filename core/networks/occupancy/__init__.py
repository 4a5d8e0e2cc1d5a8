# SPDX-License-Identifier: GPL-3.0-or-later
"""Occupancy Networks (Mescheder et al. 2019): whether a point is inside, as a function of the point and a code."""
