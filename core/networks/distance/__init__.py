# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural signed distance fields: how far a point is from a surface, negative inside, as a small network."""
