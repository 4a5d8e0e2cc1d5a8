# SPDX-License-Identifier: GPL-3.0-or-later
"""What learns: the decoder as a network of PyTorch, its training on many shapes, and the fit of a code."""
