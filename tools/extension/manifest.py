# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender_manifest.toml`, made from `pyproject.toml`: name, version and licence stand in one place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .targets import BuildError, Target

TABLE = "spherical-cow-extension"
TAGLINE_LIMIT = 64
WITH_TORCH = "; with PyTorch"


def read_project(path: Path) -> dict[str, Any]:
    """`pyproject.toml` as data."""
    with path.open("rb") as file:
        return tomllib.load(file)


def manifest(project: Mapping[str, Any], target: Target, wheels: Sequence[str], *, torch: bool = False) -> str:
    """The text of the manifest of one zip. `wheels`: file names; `project`: what `read_project` gives; `torch`: whether
    PyTorch is in it, which its tagline then says."""
    try:
        facts, table = project["project"], project["tool"][TABLE]
    except KeyError as error:
        raise BuildError(f"pyproject.toml lacks {error}; it names the extension.") from error
    tagline = table["tagline"] + (WITH_TORCH if torch else "")
    if len(tagline) > TAGLINE_LIMIT or tagline.endswith("."):
        raise BuildError(f"The tagline must have at most {TAGLINE_LIMIT} characters and no full stop.")
    first, too_new = target.blender_versions
    values = {
        "schema_version": "1.0.0",
        "id": table["id"],
        "version": facts["version"],
        "name": table["name"],
        "tagline": tagline,
        "maintainer": table["maintainer"],
        "type": "add-on",
        "blender_version_min": first,
        **({"blender_version_max": too_new} if too_new else {}),
        "license": [f"SPDX:{facts['license']}"],
        "tags": table["tags"],
        "platforms": [target.platform],
        "wheels": [f"./wheels/{name}" for name in wheels],
    }
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value]
    permissions = [f"{key} = {_toml(reason)}" for key, reason in table["permissions"].items()]
    return "\n".join([*lines, "", "[permissions]", *permissions, ""])


def _toml(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if len(value) == 1:
        return f"[{_toml(value[0])}]"
    return "[\n" + "".join(f"    {_toml(item)},\n" for item in value) + "]"
