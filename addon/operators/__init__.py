# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators, one file per section of the panel."""
