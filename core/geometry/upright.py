# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way is up: data sets and published networks have y up, Blender has z up."""

from __future__ import annotations

import numpy as np

Z_TO_Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""(3, 3) the turn that makes z up to y up: p → Z_TO_Y · p. Its transpose turns back."""
