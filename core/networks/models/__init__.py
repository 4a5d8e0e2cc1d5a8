# SPDX-License-Identifier: GPL-3.0-or-later
"""The models as `interface.Model`s, one module for each family. PyTorch is imported when one is loaded."""
