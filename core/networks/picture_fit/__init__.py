# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh with a texture, fitted to pictures of an object by drawing it. Only `learning/` needs PyTorch."""
