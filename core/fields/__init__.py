# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions of space — signed distance, occupancy — sampled where it matters, and the surfaces in them."""
