# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators, panels and properties of Networks share."""
