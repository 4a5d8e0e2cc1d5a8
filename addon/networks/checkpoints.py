# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's files of weights: a list in the preferences, of which the sections of Networks choose.

The files stay where they are; what each is, as `core.networks.catalogue.describe` tells it, is kept beside its path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from .. import jobs
from ..core.errors import CheckpointError, InvalidParameter
from ..idnames import Operators
from . import runtime


def entries(*beginnings: str) -> list[Any]:
    """The entries of the list whose model has a name with one of these beginnings; without any, all."""
    found = runtime.preferences().checkpoints
    return [entry for entry in found if not beginnings or entry.model.startswith(beginnings)]


def search(*beginnings: str) -> Callable[[Any, bpy.types.Context, str], list[tuple[str, str]]]:
    """For `StringProperty(search=…)`: the names of those entries, and what each is."""

    def names(group: Any, context: bpy.types.Context, typed: str) -> list[tuple[str, str]]:
        typed = typed.lower()
        matching = [entry for entry in entries(*beginnings) if typed in entry.name.lower()]
        return [(entry.name, description(entry).get("title", "")) for entry in matching]

    return names


def entry_of(name: str) -> Any:
    """The entry of that name, or None."""
    return runtime.preferences().checkpoints.get(name)


def path_of(name: str) -> str:
    """The absolute path of an entry of the list; a path itself, as scripts give it, is taken too.

    Raises `InvalidParameter` where nothing is chosen or known by that name, `CheckpointError` for a file that is gone.
    """
    if not name.strip():
        raise InvalidParameter("No checkpoint is chosen.", "Choose one; files are added in the section Models.")
    entry = entry_of(name)
    path = Path(entry.path if entry is not None else bpy.path.abspath(name)).expanduser()
    if path.is_file():
        return str(path.absolute())
    if entry is not None:
        raise CheckpointError(f"The file of {name} is gone: {path}.", "Add it again from where it is now.")
    raise InvalidParameter(f"There is no checkpoint {name!r}.", "Choose one of the list; add files in Models.")


def model_of(name: str) -> str:
    """The model of an entry, named as in the library; "" where it is not known."""
    entry = entry_of(name)
    return "" if entry is None else str(entry.model)


def trained_fill(name: str) -> float:
    """How much of the edge of its picture an object took in what the model of an entry has learned from.

    Raises `InvalidParameter` for an entry that is not of a model of pictures.
    """
    from ..core.networks.catalogue import model_class
    from ..core.networks.interface import PictureModel

    cls = model_class(model_of(name))
    if not issubclass(cls, PictureModel):
        raise InvalidParameter(f"{name} is not of a model of pictures.", "Choose another checkpoint.")
    return cls.fill_told(description(entry_of(name)).get("facts", {}))


def description(entry: Any) -> Mapping[str, Any]:
    """What the entry is, as `Description.to_dict` of the library."""
    return runtime.told(entry.description)


def is_adding(context: bpy.types.Context) -> bool:
    """Whether files are being read to be added."""
    job = jobs.running(context.window_manager)
    return job is not None and job.operator == Operators.ADD_CHECKPOINT


def add(described: Mapping[str, Any]) -> Any:
    """Add a file by its description, or put the description in place of an earlier one; gives the entry."""
    owner = runtime.preferences()
    place = next((i for i, entry in enumerate(owner.checkpoints) if entry.path == described["path"]), None)
    if place is None:
        name = _free_name(Path(described["path"]))
        owner.checkpoints.add().name = name
        place = len(owner.checkpoints) - 1
    entry = owner.checkpoints[place]
    entry.path, entry.description = described["path"], json.dumps(dict(described))
    entry.model = (described.get("card") or {}).get("name", "")
    owner.active_checkpoint = place
    bpy.context.preferences.is_dirty = True
    return entry


def remove(place: int) -> None:
    """Take an entry off the list; its file stays."""
    owner = runtime.preferences()
    owner.checkpoints.remove(place)
    owner.active_checkpoint = max(min(owner.active_checkpoint, len(owner.checkpoints) - 1), 0)
    bpy.context.preferences.is_dirty = True


def _free_name(path: Path) -> str:
    """The name of the file, with its folder or a number where that is taken."""
    taken = {entry.name for entry in entries()}
    wanted = [path.stem, f"{path.stem} ({path.parent.name})"]
    wanted += [f"{path.stem} ({number})" for number in range(2, len(taken) + 3)]
    return next(name for name in wanted if name not in taken)
