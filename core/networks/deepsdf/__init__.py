# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape codes: one decoder for many shapes, and a short code for each (DeepSDF; Park et al. 2019).

What learns is in `learning` and needs PyTorch. Shapes are shown, blended and saved with NumPy alone.
"""
