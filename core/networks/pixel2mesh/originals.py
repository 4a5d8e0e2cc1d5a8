# SPDX-License-Identifier: GPL-3.0-or-later
"""What network a set of weights is of: those of the published codes, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from ...errors import CheckpointError
from ...mesh import FloatArray, Mesh
from .ellipsoid import PLACE, published_ellipsoid
from .network import Pixel2Mesh
from .pooling import SAMPLINGS, Camera
from .template import Template, template_of
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

_FIRST = {"vgg": "nn_encoder.conv0_1.weight", "resnet50": "nn_encoder.conv1.weight"}
_UNUSED = re.compile(r"\.adj_mat$|^nn_encoder\.fc\.")
"""What files may have and no output depends on: graphs, and the last layer of a classifier."""

_SAME = 2e-3
_STAGE = re.compile(r"^gcns\.(\d+)\.")


@dataclass(frozen=True)
class Original:
    """variant, template: of the network. weights: under its names. remarks: what was left out, or found besides."""

    variant: Variant
    template: Template
    weights: Mapping[str, Tensor]
    remarks: tuple[str, ...] = ()


def is_pixel2mesh(weights: Mapping[str, Tensor]) -> bool:
    """Whether weights are of such a network, from whichever code."""
    named = _renamed(weights)
    return (
        "gconv.weight" in named and "gcns.0.conv1.weight" in named and any(n.startswith("nn_encoder.") for n in named)
    )


def recognised(weights: Mapping[str, Tensor], name: str = "the file") -> Original:
    """The network that has such weights. Raises `CheckpointError`, naming keys, where there is none."""
    auto_encoder = any(key.startswith("GCN_") for key in weights)
    named = _renamed(weights)
    unused = [key for key in named if _UNUSED.search(key)]
    named = {key: value for key, value in named.items() if key not in unused}
    stages = {int(found[1]) for found in map(_STAGE.match, named) if found}
    start = named["init_pts"].double().cpu().numpy() if "init_pts" in named else None
    if start is None and auto_encoder:
        start = published_ellipsoid().vertices + PLACE
        named["init_pts"] = weights[next(iter(weights))].new_tensor(start)
    if start is None or start.ndim != 2 or start.shape[1] != 3:
        raise _not_for_it(name, "init_pts is missing" if start is None else f"init_pts has the shape {start.shape}")
    mesh, offset = _template(start, named.get("faces"), name)
    variant = _variant(named, offset, auto_encoder, name)
    remarks = (f"Left out what is not used: {', '.join(unused[:3])}",) if unused else ()
    return Original(variant, template_of(mesh, len(stages)), named, remarks)


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {}
    for name, weight in weights.items():
        new = name
        if name.startswith(("GCN_", "GConv.")):
            for old, now in _NAMES:
                new = re.sub(old, now, new)
        found[new] = weight
    return found


def _template(start: FloatArray, faces: Tensor | None, name: str) -> tuple[Mesh, tuple[float, float, float]]:
    """The mesh, and what is added to it before it is seen."""
    if faces is not None:
        return Mesh(start, faces.cpu().numpy()), (0.0, 0.0, 0.0)
    published = published_ellipsoid()
    if start.shape == published.vertices.shape:
        moved = np.median(start - published.vertices, axis=0)
        if np.abs(start - moved - published.vertices).max() < _SAME:
            x, y, z = (round(float(value), 3) + 0.0 for value in np.asarray(PLACE) - moved)
            return Mesh(start, published.faces), (x, y, z)
    raise CheckpointError(
        f"{name} begins with a template of {len(start)} vertices that is not the published ellipsoid, and does not say"
        " what its triangles are.",
        "Put its face1.obj or info_ellipsoid.dat beside it.",
    )


def _variant(
    weights: Mapping[str, Tensor], offset: tuple[float, float, float], auto_encoder: bool, name: str
) -> Variant:
    encoder: Encoder = "resnet50" if "nn_encoder.layer1.0.conv1.weight" in weights else "vgg"
    width = _size(weights, _FIRST[encoder], 0, name)
    hidden, last = _size(weights, "gcns.0.conv1.weight", 1, name), _size(weights, "gconv.weight", 0, name)
    there = sum(weight.numel() for weight in weights.values())
    if max((32 * width) ** 2, hidden**2, last) > there:
        raise _not_for_it(name, f"layers of {width}, {hidden} and {last} do not fit into it")
    kind = "auto-encoder" if auto_encoder else "tensorflow" if offset[2] > PLACE[2] / 2.0 else "default"
    base = VARIANTS[kind]
    base = replace(base, camera=replace(base.camera, offset=offset))
    if all(key in weights for key in OURS):
        base = _ours(weights["view"].tolist(), weights["marks"].tolist(), name)
    rebuilds = any(key.startswith("nn_decoder.") for key in weights)
    return replace(base, encoder=encoder, width=width, hidden=hidden, last=last, rebuilds=rebuilds)


def _ours(view: list[float], marks: list[int], name: str) -> Variant:
    try:
        focal, centre, x, y, z, size = view
        sampling, activated, normalised = marks
        camera = Camera(focal, centre, (x, y, z), int(size), SAMPLINGS[sampling])
        return Variant(activated=bool(activated), normalised=bool(normalised), camera=camera)
    except (TypeError, ValueError, IndexError) as error:
        raise _not_for_it(name, "its camera cannot be read") from error


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
