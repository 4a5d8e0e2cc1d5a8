# SPDX-License-Identifier: GPL-3.0-or-later
"""How good networks are: published evaluations over data sets, and what a network keeps of a shape beside voxels."""
