# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels, one file per section of the panel."""
