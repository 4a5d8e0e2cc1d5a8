# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores and distances as CSV text, for spreadsheets and statistics programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..files import csv_text, write_text
from ..mesh import FloatArray
from .evaluation import outliers
from .space import ShapeSpace


def scores_table(space: ShapeSpace) -> str:
    """A row for each member: name, outlyingness, Mahalanobis distance, residual, and its scores in σ."""
    ranked = {row.name: row for row in outliers(space)}
    heads = ["name", "outlyingness", "mahalanobis", "residual", *_component_names(space.n_components)]
    rows = (
        [name, ranked[name].outlyingness, ranked[name].mahalanobis, ranked[name].residual, *scores]
        for name, scores in zip(space.names, space.scores.tolist(), strict=True)
    )
    return csv_text(heads, rows)


def distance_table(names: Sequence[str], distances: FloatArray) -> str:
    """The distances (N, N) with the names on both sides."""
    return csv_text(["name", *names], ([name, *row] for name, row in zip(names, distances.tolist(), strict=True)))


def write_table(text: str, path: str | Path) -> None:
    """Write a table whole or not at all. Raises `OutputError` when that fails."""
    write_text(path, text)


def _component_names(count: int) -> list[str]:
    return [f"component_{number + 1}" for number in range(count)]
