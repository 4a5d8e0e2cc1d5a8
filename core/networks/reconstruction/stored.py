# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks from files: our own, which say how they are symmetric, and the originals, which were told when started."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import CheckpointError, InvalidParameter
from ...mesh import FloatArray
from ...symmetry.by_index import KEEP, Kind, symmetrisation
from ...symmetry.gather import Gather
from ...symmetry.templates import Template, template
from ..checkpoints import put_weights, read_checkpoint, read_torch
from .camera import DISTANCE, FOCAL, lens_at
from .network import MeanShapeNetwork
from .schemes import scheme_of
from .sizes import Sizes, sizes_of

_MEANS, _FACES, _MARK = "mean_v", "faces", "shape_predictor.decoder.lin0.weight_v"
_UNUSED = ("encoder.resnet_conv.resnet.fc.", "hypotheses.")
"""What is never asked: the end of the published residual network, and cameras that were tried out in training."""
_ONLY = {"enc_flat_type": "fc", "decoder_name": "SPADE", "norm_mode": "none", "texture_type": "surface"}
"""Settings of the original → the value with which there are published checkpoints."""
_FOCAL_PIXELS = {"cub": 1000.0}
_USUAL_PIXELS = 3000.0
_USUAL_LEVEL = 4
_MOST_SUBDIVISIONS = 3
_MOST_NAMED = 4


@dataclass(frozen=True)
class Stored:
    """A network of a file, in evaluation.

    picture: pixels along an edge of what it sees. directions: (V, 3) where on the sphere of its texture the vertices
    are, as `sphere.uv` lays it out; None where the file does not tell. mirrored: see `MeanShapeNetwork`. focal,
    distance: see `camera`. lab: the texture is in CIELAB. fill: how much of the edge of a picture the object takes, to
    which it is cut. unit: a length of the network in units of the result. facts, remarks: what the file tells, and
    what is strange about it.
    """

    network: MeanShapeNetwork
    picture: int
    directions: FloatArray | None
    mirrored: bool = False
    focal: float = FOCAL
    distance: float = DISTANCE
    lab: bool = False
    fill: float = 1.0
    unit: float = 1.0
    facts: Mapping[str, Any] | None = None
    remarks: tuple[str, ...] = ()


def is_reconstruction(weights: Mapping[str, Tensor]) -> bool:
    """Whether there are mean shapes, and the decoder that bends them."""
    return _MEANS in weights and _MARK in weights and weights[_MEANS].ndim == 3


def open_stored(path: str | Path, symmetrise: Kind | None = None) -> Stored:
    """The network in a file.

    symmetrise: for an original, how its shapes are made symmetric: see `symmetry.by_index`; None for what its settings
    say. Raises `CheckpointError`, naming what is wrong, and `InvalidParameter` for a kind of symmetrising that there is
    not, and for a network with a scheme, which is symmetric by itself.
    """
    path = Path(path)
    checkpoint = read_checkpoint(path)
    if not is_reconstruction(checkpoint.weights):
        raise CheckpointError(f"{path.name} has no mean shapes.", "Choose a checkpoint of this network.")
    weights, remarks = dict(checkpoint.weights), list[str]()
    if "scheme" not in checkpoint.facts:
        return _original(path, weights, dict(checkpoint.facts), symmetrise, remarks)
    if symmetrise is not None:
        raise InvalidParameter(f"{path.name} has a scheme of symmetry of its own.", "Leave symmetrising out.")
    facts = checkpoint.facts
    try:
        scheme = scheme_of(str(facts["scheme"]), int(facts.get("level", 4)), int(facts.get("subdivisions", 0)))
    except (InvalidParameter, ValueError) as error:
        raise CheckpointError(f"{path.name} has a scheme that is not known: {error}", "Choose another file.") from error
    gather, mirrored = scheme.gather, bool(facts.get("mirrored", False))
    rows, columns = weights[_MEANS].shape[1:]
    if (rows, columns) != (gather.n_rows, gather.n_columns):
        raise CheckpointError(
            f"{path.name} has mean shapes of {rows} × {columns} numbers, but its scheme {scheme.name!r} has "
            f"{gather.n_rows} × {gather.n_columns}.",
            "Choose another file.",
        )
    weights.setdefault(_FACES, torch.from_numpy(scheme.mesh.faces))
    sizes = sizes_of(weights)
    network = MeanShapeNetwork(
        weights[_MEANS].float(),
        weights[_FACES].long(),
        gather,
        scheme.acts,
        sizes=sizes,
        mirrored=mirrored,
        seamless=True,
    )
    _check_faces(path, weights[_FACES], scheme.mesh.n_vertices)
    _fill(path, weights, network, remarks)
    numbers = {"fill": 1.0, "unit": 1.0, "distance": DISTANCE}
    fill, unit, distance = (float(facts.get(name, usual)) for name, usual in numbers.items())
    if not (0.1 <= fill <= 1.0 and 0.0 < unit < np.inf and 0.0 < distance < np.inf):
        raise CheckpointError(
            f"{path.name} says fill = {fill:g}, unit = {unit:g}, distance = {distance:g}.", "Choose another file."
        )
    return Stored(
        network,
        sizes.picture,
        scheme.mesh.vertices,
        mirrored,
        focal=lens_at(distance),
        distance=distance,
        fill=fill,
        unit=unit,
        facts=facts,
        remarks=tuple(remarks),
    )


def _original(
    path: Path, weights: dict[str, Tensor], facts: dict[str, Any], symmetrise: Kind | None, remarks: list[str]
) -> Stored:
    told = _settings(path)
    wrong = next((f"{name} = {told[name]}" for name, only in _ONLY.items() if told.get(name, only) != only), None)
    if wrong is not None:
        raise CheckpointError(f"{path.name} was trained with {wrong}, which is not supported.", "Choose another file.")
    n_vertices = weights[_MEANS].shape[1]
    if weights[_MEANS].shape[2] != 3:
        raise CheckpointError(f"{path.name} does not say which scheme of symmetry it has.", "Choose another file.")
    fits = _templates(n_vertices, told.get("subdivide"))
    if _FACES not in weights and fits:
        weights[_FACES] = torch.from_numpy(fits[0].mesh.faces)
        remarks.append("The file has no faces; they are those of an icosphere with as many vertices")
    elif _FACES not in weights:
        raise CheckpointError(f"{path.name} is not for this model: faces is missing.", "Choose another file.")
    faces = weights[_FACES].cpu().numpy()
    _check_faces(path, weights[_FACES], n_vertices)
    own = next((one for one in fits if np.array_equal(one.mesh.faces, faces)), None)
    kind = _kind(told.get("symmetrize")) if symmetrise is None else symmetrise
    sizes = sizes_of(weights)
    network = MeanShapeNetwork(
        weights[_MEANS].float(),
        weights[_FACES].long(),
        None if kind == KEEP else _symmetry(path, own, kind),
        None if kind == KEEP else np.arange(n_vertices),
        sizes=sizes,
        steps=str(told.get("upconv_mode", "bilinear")),
    )
    _fill(path, weights, network, remarks)
    if own is None:
        remarks.append("Its faces are those of no icosphere, so that its texture has no place on them")
    directions = None if own is None else own.mesh.vertices[:, [1, 0, 2]]  # its cut is in the plane y = 0
    picture = _picture(told.get("img_size"), sizes)
    focal = _FOCAL_PIXELS.get(str(told.get("dataset_name")), _USUAL_PIXELS) / picture
    facts["symmetrised"] = str(kind) if kind != KEEP else "no"
    lab = told.get("color_space") == "lab"
    return Stored(network, picture, directions, focal=focal, lab=lab, facts=facts, remarks=tuple(remarks))


def _settings(path: Path) -> dict[str, Any]:
    """With which the original was started, as far as its file has them."""
    told = read_torch(path) if path.suffix != ".safetensors" else {}
    args = told.get("args") if isinstance(told, Mapping) else None
    return vars(args) if isinstance(args, argparse.Namespace) else dict(args) if isinstance(args, Mapping) else {}


def _kind(told: Any) -> Kind:
    """How shapes are made symmetric, by the setting of the original: a number, or one for each slice."""
    if isinstance(told, Sequence) and not isinstance(told, str):
        return [int(one) for one in told]
    return int(told or 0)


def _templates(n_vertices: int, level: Any) -> list[Template]:
    """The icospheres with so many vertices; first the one that the settings name, then the usual one."""
    found = []
    for subdivisions in range(_MOST_SUBDIVISIONS + 1):
        squared = (n_vertices - 2) / (10.0 * 4.0**subdivisions)
        parts = round(max(squared, 0.0) ** 0.5)
        if parts >= 1 and parts * parts == squared:
            found.append((parts not in (level, _USUAL_LEVEL), parts != level, subdivisions, parts))
    return [template(parts, subdivisions, as_published=True) for _, _, subdivisions, parts in sorted(found)]


def _symmetry(path: Path, own: Template | None, kind: Kind) -> Gather:
    if own is None:
        raise CheckpointError(
            f"{path.name} cannot be made symmetric: its faces are those of no icosphere.", "Choose another file."
        )
    return symmetrisation(own.tables, kind)


def _picture(told: Any, sizes: Sizes) -> int:
    """Pixels that the network sees: the layers round down, so that several sizes fit."""
    return told if isinstance(told, int) and told // 64 == sizes.cells else sizes.picture


def _check_faces(path: Path, faces: Tensor, n_vertices: int) -> None:
    good = faces.ndim == 2 and faces.shape[1] == 3 and not faces.is_floating_point() and len(faces) > 0
    if not good or int(faces.min()) < 0 or int(faces.max()) >= n_vertices:
        raise CheckpointError(
            f"The faces of {path.name} do not fit its {n_vertices} vertices.", "Download or export it again."
        )


def _fill(path: Path, weights: dict[str, Tensor], network: MeanShapeNetwork, remarks: list[str]) -> None:
    """Put weights into the network, and tell of those that are left over."""
    own = network.state_dict()
    over = [name for name in weights if name not in own and not name.startswith(_UNUSED)]
    put_weights({name: value for name, value in weights.items() if name in own}, network, path.name)
    network.eval()
    if over:
        more = f" and {len(over) - _MOST_NAMED} more" if len(over) > _MOST_NAMED else ""
        remarks.append(f"The file has weights that are not part of the network: {', '.join(over[:_MOST_NAMED])}{more}")
