# SPDX-License-Identifier: GPL-3.0-or-later
"""Many meshes: check, repair, encode, decode or compare all of them, on all cores or on a cluster.

import spherical_cow as sc

summary = sc.batch.run("encode", ["scans/"], "coefficients/", lmax=64)
summary.done, summary.failed
"""

from __future__ import annotations

from .rows import Row, Summary
from .run import run
from .verbs import VERBS

__all__ = ["VERBS", "Row", "Summary", "run"]
