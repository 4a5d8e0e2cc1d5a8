# SPDX-License-Identifier: GPL-3.0-or-later
"""How much two shapes differ: distances, F-score, normals, volumes; published protocols; heat maps and histograms.

import spherical_cow as sc

result = sc.metrics.compare(original, rebuilt)
result.mean_rel, result.hausdorff, result.f_score, result.iou
sc.metrics.evaluate(original, rebuilt, "occupancy-networks")["chamfer_l1"]
sc.metrics.heat_map(rebuilt, original).on(rebuilt).save("where.ply")
"""

from .comparison import Comparison, compare
from .heat_map import HeatMap, heat_map
from .histogram import Histogram, draw_histogram, histogram
from .overlap import intersection_over_union, voxel_iou
from .protocols import PROTOCOLS, evaluate
from .report import Report, full_report
from .table import rows, to_csv, to_text

__all__ = [
    "PROTOCOLS",
    "Comparison",
    "HeatMap",
    "Histogram",
    "Report",
    "compare",
    "draw_histogram",
    "evaluate",
    "full_report",
    "heat_map",
    "histogram",
    "intersection_over_union",
    "rows",
    "to_csv",
    "to_text",
    "voxel_iou",
]
