# SPDX-License-Identifier: GPL-3.0-or-later
"""`metadata.yaml`: class → its id and name. Published files are JSON in YAML; indented YAML is read as well."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import DatasetError
from ..files import write_text

_LINE = re.compile(r"""^(?P<indent>\s*)(?P<key>"[^"]*"|'[^']*'|[^\s:#][^:#]*)\s*:(?:\s+(?P<value>.*))?$""")
_REMEDY = 'Write it as {"class": {"id": "class", "name": "words"}}, or leave the file out.'
_LARGEST = 16 * 1024**2


def read_metadata(path: Path) -> dict[str, str]:
    """Class → name in words (its id where there is none), in the order of the file.

    Two-level mappings of plain words only: nothing in the file is run or built. Raises `DatasetError`, naming the line.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise DatasetError(f"{path} is far too large for a list of classes.", _REMEDY)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not text in UTF-8.", _REMEDY) from error
    entries = _from_json(text, path) if text.lstrip().startswith("{") else _from_lines(text, path)
    return {key: str(entry.get("name", key)) for key, entry in entries.items()}


def write_metadata(path: Path, names: Mapping[str, str]) -> None:
    """Write class → name as published files have it. Raises `OutputError`."""
    entries = {key: {"id": key, "name": name} for key, name in names.items()}
    write_text(path, json.dumps(entries, indent=4, ensure_ascii=False) + "\n")


def _from_json(text: str, path: Path) -> dict[str, dict[str, object]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DatasetError(f"{path} is damaged{where}.", _REMEDY) from error
    if not isinstance(data, dict) or not all(isinstance(entry, dict) for entry in data.values()):
        raise DatasetError(f"{path} is not a list of classes.", _REMEDY)
    return data


def _from_lines(text: str, path: Path) -> dict[str, dict[str, object]]:
    entries: dict[str, dict[str, object]] = {}
    current: dict[str, object] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split(" #")[0].rstrip()
        if not bare.strip() or bare.lstrip().startswith(("#", "---")):
            continue
        match = _LINE.match(bare)
        nested = bool(match and match["indent"])
        if match is None or (nested and current is None):
            raise DatasetError(
                f"{path} has no class and no fact of one in line {number}: {line.strip()[:60]!r}.", _REMEDY
            )
        key, value = _plain(match["key"]), _plain(match["value"] or "")
        if nested and current is not None:
            current[key] = value
        elif value in ("", "{}"):
            current = entries[key] = {}
        else:
            raise DatasetError(f"{path} gives the class {key!r} no id and name in line {number}.", _REMEDY)
    return entries


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
