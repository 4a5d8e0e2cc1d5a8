# SPDX-License-Identifier: GPL-3.0-or-later
"""An alignment as data that JSON can hold."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from .icp import Alignment
from .similarity import Similarity, angle_between


def similarity_report(similarity: Similarity) -> dict[str, Any]:
    """matrix: 4 × 4 numbers, row by row. angle: of the rotation, in degrees. scale. translation: three numbers."""
    return {
        "matrix": similarity.matrix.tolist(),
        "angle": angle_between(np.eye(3), similarity.rotation),
        "scale": similarity.scale,
        "translation": similarity.translation.tolist(),
    }


def alignment_report(found: Alignment) -> dict[str, Any]:
    """As `similarity_report`, with error_rel (a part of the target's diagonal) and score (None where there is none)."""
    score = found.score if isfinite(found.score) else None
    return {**similarity_report(found.similarity), "error_rel": found.error_rel, "score": score}
