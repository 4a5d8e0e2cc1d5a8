# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of a comparison in words, for panels, terminals and spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..files import csv_text
from .comparison import Comparison

_LENGTHS = (
    ("mean", "Mean distance"),
    ("mean_forward", "Mean distance, A to B"),
    ("mean_backward", "Mean distance, B to A"),
    ("rms", "RMS distance"),
    ("rms_forward", "RMS distance, A to B"),
    ("rms_backward", "RMS distance, B to A"),
    ("percentile_95", "95th percentile"),
    ("percentile_95_forward", "95th percentile, A to B"),
    ("percentile_95_backward", "95th percentile, B to A"),
    ("hausdorff", "Hausdorff distance"),
    ("hausdorff_forward", "Largest distance, A to B"),
    ("hausdorff_backward", "Largest distance, B to A"),
)
_SYMMETRIC = (
    ("symmetric_max", "Symmetric maximum"),
    ("symmetric_max_mean", "Symmetric maximum of means"),
    ("symmetric_mean", "Symmetric mean"),
)
_OTHERS = (
    ("normal_angle", "Angle of normals", "°"),
    ("normal_consistency", "Normal consistency", ""),
    ("threshold", "F-score threshold", "length"),
    ("precision", "Precision (B near A)", ""),
    ("recall", "Recall (A near B)", ""),
    ("f_score", "F-score", ""),
    ("iou", "Volume IoU", ""),
    ("volume_a", "Volume of A", "volume"),
    ("volume_b", "Volume of B", "volume"),
    ("area_a", "Area of A", "area"),
    ("area_b", "Area of B", "area"),
    ("diagonal_a", "Diagonal of A", "length"),
    ("samples", "Samples a side", ""),
)


@dataclass(frozen=True)
class Row:
    """One line: the name in the JSON, the words, the value (None where `note` says why), and the value over a size.

    unit: "length", "area", "volume" (of the meshes), "°" or "". relative: over A's diagonal, or for the symmetric
    distances over the difference of A's largest and smallest coordinate; None where that means nothing.
    """

    name: str
    label: str
    value: float | None
    unit: str = ""
    relative: float | None = None
    note: str = ""


def rows(numbers: Comparison | Mapping[str, Any]) -> list[Row]:
    """The lines of the table. numbers: a comparison, or what `Report.to_dict` has made of one."""
    if isinstance(numbers, Comparison):
        numbers = {**numbers.to_dict(), "missing": numbers.missing}
    data: Mapping[str, Any] = numbers
    missing = data.get("missing", {})
    found = [Row(name, label, data[name], "length", data[f"{name}_rel"]) for name, label in _LENGTHS]
    found.append(Row("chamfer_l1", "Chamfer-L1", data["chamfer_l1"], "length", data["mean_rel"]))
    found.append(Row("chamfer_l2", "Chamfer-L2", data["chamfer_l2"], "area"))
    found += [Row(name, label, data[name], "length", data[f"{name}_minmax"]) for name, label in _SYMMETRIC]
    found += [Row(name, label, data[name], unit, note=missing.get(name, "")) for name, label, unit in _OTHERS]
    for protocol, values in data.get("protocols", {}).items():
        found += [Row(f"{protocol}.{name}", f"{name} ({protocol})", value) for name, value in values.items()]
    return found


def to_text(table: list[Row]) -> list[str]:
    """The lines for a terminal: words, value, share of the diagonal."""
    width = max(len(row.label) for row in table)
    return [f"{row.label:{width}}  {_cell(row)}".rstrip() for row in table]


def _cell(row: Row) -> str:
    if row.value is None:
        return f"–  ({row.note})" if row.note else "–"
    value = f"{row.value:.6g}{'°' if row.unit == '°' else ''}"
    return value if row.relative is None else f"{value:<12}  {row.relative:.4%}"


def to_csv(table: list[Row], delimiter: str = ",") -> str:
    """A line of names, then a line for each row, with all digits; an empty cell where there is no number.

    delimiter: "," for a file; a tab for what is pasted into a spreadsheet.
    """
    heads = ("name", "measure", "value", "unit", "relative", "note")
    cells = ((row.name, row.label, row.value, row.unit, row.relative, row.note) for row in table)
    return csv_text(heads, cells, delimiter)
