# SPDX-License-Identifier: GPL-3.0-or-later
"""What network a set of weights is of: those of the published codes, and ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...errors import CheckpointError, InvalidMesh, InvalidParameter
from ...mesh import FloatArray, IntArray, Mesh
from ..pickled_names import shown
from .ellipsoid import PLACE, published_ellipsoid
from .network import Pixel2Mesh
from .pooling import SAMPLINGS, Camera
from .template import Template, template_of
from .template_files import NAMES, file_beside, read_template
from .variants import VARIANTS, Encoder, Variant

OURS = ("faces", "view", "marks")
"""What our own files have besides weights."""

_NAMES = (
    (r"^GCN_(\d+)\.", r"gcns.\1."),
    (r"^GConv\.", "gconv."),
    (r"weight_1$", "loop_weight"),
    (r"weight_2$", "weight"),
)
"""Of the auto-encoder, and of the other networks."""

_FIRST: Mapping[Encoder, str] = {"vgg": "nn_encoder.conv0_1.weight", "resnet50": "nn_encoder.conv1.weight"}
_LARGEST: Mapping[Encoder, int] = {"vgg": 9 * 32**2, "resnet50": 9 * 8**2}
"""The first layer of an encoder, and numbers in its largest one over the square of the width of the first."""

_MOST_NAMED = 3
_UNUSED = re.compile(r"\.adj_mat$|^nn_encoder\.fc\.")
"""What files may have and no output depends on: graphs, and the last layer of a classifier."""

_SAME = 2e-3
_STAGE = re.compile(r"^gcns\.(\d{1,3})\.")


class NoTemplate(CheckpointError):
    """Weights begin with a template of which the triangles are not known."""


@dataclass(frozen=True)
class Original:
    """kind: a name of `VARIANTS`, or "own". variant, template: of the network. weights: under its names. remarks: what
    was left out, or found besides."""

    kind: str
    variant: Variant
    template: Template
    weights: Mapping[str, Tensor]
    remarks: tuple[str, ...] = ()


def is_pixel2mesh(weights: Mapping[str, Tensor]) -> bool:
    """Whether weights are of such a network, from whichever code."""
    named = _renamed(weights)
    graph = "gconv.weight" in named and "gcns.0.conv1.weight" in named
    return graph and any(key.startswith("nn_encoder.") for key in named)


def recognised(
    weights: Mapping[str, Tensor],
    name: str = "the file",
    template: Path | None = None,
    switches: Variant | None = None,
) -> Original:
    """The network that has such weights, of a file of that name.

    template: a file that says what the triangles are, where weights do not and the published ellipsoid is not meant.
    switches: its camera, `activated` and `normalised` in place of what the weights let suppose.

    Raises `CheckpointError`, naming keys, where there is no such network, and what `read_template` raises.
    """
    auto_encoder = any(key.startswith("GCN_") for key in weights)
    named = _renamed(weights)
    unused = [key for key in named if _UNUSED.search(key)]
    named = {key: value for key, value in named.items() if key not in unused}
    stages = {int(found[1]) for found in map(_STAGE.match, named) if found}
    gaps = [f"gcns.{n} is missing" for n in range(max(stages, default=0)) if n not in stages]
    sparse = [f"{shown(key)} is sparse" for key, weight in named.items() if weight.layout != torch.strided]
    if gaps or sparse:
        raise _not_for_it(name, [*gaps, *sparse][0])
    mesh, edges = _template(named, auto_encoder, name, template)
    named.setdefault("init_pts", torch.from_numpy(mesh.vertices).float())
    kind, variant = _variant(named, mesh, auto_encoder, name)
    if switches is not None:
        camera, activated, normalised = switches.camera, switches.activated, switches.normalised
        kind, variant = "own", replace(variant, camera=camera, activated=activated, normalised=normalised)
    try:
        made = template_of(mesh, max(stages, default=0) + 1, edges)
    except InvalidParameter as error:
        raise _not_for_it(name, error.found.rstrip(".")) from error
    return Original(kind, variant, made, named, tuple(_remarks(unused, kind, variant, named)))


def recognised_at(
    path: Path,
    weights: Mapping[str, Tensor],
    template: str | Path | None = None,
    switches: Variant | None = None,
) -> Original:
    """As `recognised`, with the template that lies beside the file where the weights do not suffice."""
    if template is not None:
        return recognised(weights, path.name, Path(template), switches)
    try:
        return recognised(weights, path.name, None, switches)
    except NoTemplate:
        beside = file_beside(path)
        if beside is None:
            raise
        return recognised(weights, path.name, beside, switches)


def _remarks(unused: list[str], kind: str, variant: Variant, weights: Mapping[str, Tensor]) -> Iterator[str]:
    if unused:
        more = f" and {len(unused) - _MOST_NAMED} more" if len(unused) > _MOST_NAMED else ""
        yield f"Of the file, nothing depends on {', '.join(map(shown, unused[:_MOST_NAMED]))}{more}"
    if kind != "own" and variant.encoder == "vgg" and not variant.rebuilds:
        yield "The file has no nn_decoder, so that pictures are not rebuilt"
    if any(weight.dtype in (torch.float16, torch.bfloat16) for weight in weights.values()):
        yield "The file has weights of 16 bits"


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {}
    for name, weight in weights.items():
        new = name
        if name.startswith(("GCN_", "GConv.")):
            for old, now in _NAMES:
                new = re.sub(old, now, new)
        found[new] = weight
    return found


def _template(
    weights: Mapping[str, Tensor], auto_encoder: bool, name: str, file: Path | None
) -> tuple[Mesh, tuple[IntArray, ...]]:
    """The coarsest mesh, and in which order its edges are halved where a file says it."""
    published, told = published_ellipsoid(), read_template(file) if file is not None else None
    if "init_pts" in weights:
        start = weights["init_pts"].detach().double().cpu().numpy()
    elif auto_encoder:
        start = published.vertices + PLACE if told is None or told.vertices is None else told.vertices
    else:
        raise _not_for_it(name, "init_pts is missing")
    if start.ndim != 2 or start.shape[1] != 3:
        raise _not_for_it(name, f"init_pts has the shape {start.shape}")
    try:
        if "faces" in weights:
            return Mesh(start, weights["faces"].cpu().numpy()), ()
        if told is not None:
            return Mesh(start, told.faces), told.edges
    except InvalidMesh as error:
        raise _not_for_it(name, f"its template is damaged: {error.found.rstrip('.')}") from error
    if start.shape == published.vertices.shape and _distance(start, published.vertices) < _SAME:
        return Mesh(start, published.faces), ()
    raise NoTemplate(
        f"{name} begins with a template of {len(start)} vertices that is not the published ellipsoid, and does not say"
        " what its triangles are.",
        f"Put its {' or '.join(NAMES)} beside it.",
    )


def _distance(one: FloatArray, other: FloatArray) -> float:
    """The largest difference in a coordinate, wherever the two lie."""
    return float(np.abs((one - np.median(one, axis=0)) - (other - np.median(other, axis=0))).max())


def _variant(weights: Mapping[str, Tensor], mesh: Mesh, auto_encoder: bool, name: str) -> tuple[str, Variant]:
    """Its name, and the widths and the camera that the weights tell.

    The template of weights from TensorFlow lies before the camera; that of the others around the origin.
    """
    encoder: Encoder = "resnet50" if "nn_encoder.layer1.0.conv1.weight" in weights else "vgg"
    width = _size(weights, _FIRST[encoder], 0, name)
    hidden, last = _size(weights, "gcns.0.conv1.weight", 1, name), _size(weights, "gconv.weight", 0, name)
    stored = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in weights.values()}
    there = sum(stored.values()) // 2  # numbers, of 16 bits or more; each once, however many tensors show it
    if max(_LARGEST[encoder] * width**2, hidden**2, last) > there:
        raise _not_for_it(name, f"layers of {width}, {hidden} and {last} do not fit into it")
    rebuilds = any(key.startswith("nn_decoder.") for key in weights)
    before = bool(np.median(mesh.vertices[:, 2]) < PLACE[2] / 2.0)
    kind = "auto-encoder" if auto_encoder else "tensorflow" if before else encoder.replace("vgg", "default")
    base = VARIANTS[kind]
    if not before:
        base = replace(base, camera=replace(base.camera, offset=PLACE))
    if any(key in weights for key in OURS):
        kind, base = "own", _ours(weights, name)
    return kind, replace(base, encoder=encoder, width=width, hidden=hidden, last=last, rebuilds=rebuilds)


def _ours(weights: Mapping[str, Tensor], name: str) -> Variant:
    lacking = [key for key in OURS if key not in weights]
    if lacking:
        raise _not_for_it(name, f"{lacking[0]} is missing")
    try:
        focal, centre, x, y, z, size = weights["view"].tolist()
        sampling, activated, normalised = weights["marks"].tolist()
        camera = Camera(focal, centre, (x, y, z), int(size), dict(enumerate(SAMPLINGS))[sampling])
        return Variant(activated=bool(activated), normalised=bool(normalised), camera=camera)
    except (TypeError, ValueError, KeyError, InvalidParameter) as error:
        raise _not_for_it(name, "its camera (view, marks) cannot be read") from error


def _size(weights: Mapping[str, Tensor], key: str, axis: int, name: str) -> int:
    if key not in weights:
        raise _not_for_it(name, f"{key} is missing")
    if weights[key].ndim <= axis or not weights[key].numel():
        raise _not_for_it(name, f"{key} has the shape {tuple(weights[key].shape)}")
    return int(weights[key].shape[axis])


def _not_for_it(name: str, why: str) -> CheckpointError:
    return CheckpointError(f"{name} is not for Pixel2Mesh: {why}.", "Choose the model that the file was made for.")


def network_of(original: Original) -> Pixel2Mesh:
    """The network, without its weights yet."""
    return Pixel2Mesh(original.template, original.variant)
