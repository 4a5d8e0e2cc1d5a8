# SPDX-License-Identifier: GPL-3.0-or-later
"""Mix encoded shapes: morphs between two or more of them, and filters that reach only a part of one."""
