# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a mesh one closed surface of genus 0, and where is it not?"""

from .checks import check, require_genus_zero
from .report import Row, TopologyReport

__all__ = ["Row", "TopologyReport", "check", "require_genus_zero"]
