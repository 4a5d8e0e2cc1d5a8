# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program draws: ours, or a library that is installed."""

from __future__ import annotations

from importlib.util import find_spec

import torch

from ...errors import InvalidParameter, MissingLibrary

OWN = "own"
LIBRARIES = {"pytorch3d": "PyTorch3D", "nvdiffrast": "nvdiffrast"}
BACK_ENDS = ("auto", OWN, *LIBRARIES)


def chosen_back_end(name: str, device: torch.device, *, soft: bool) -> str:
    """The back-end to draw with on a device.

    name: one of `BACK_ENDS`. "auto" is nvdiffrast on a graphics card where that is installed and no softness is asked
    for, which it does not have; else our own, which needs nothing but PyTorch. Raises `InvalidParameter` for other
    names and for nvdiffrast without a graphics card, `MissingLibrary` for a library that is not installed.
    """
    if name not in BACK_ENDS:
        raise InvalidParameter(f"There is no back-end {name!r} to draw with.", f"Choose from {', '.join(BACK_ENDS)}.")
    on_card = device.type == "cuda"
    if name == "auto":
        return "nvdiffrast" if on_card and not soft and find_spec("nvdiffrast") else OWN
    if name in LIBRARIES and find_spec(name) is None:
        raise MissingLibrary(
            f"{LIBRARIES[name]} is not installed in this Python.",
            "Install it as its authors say, or draw with the back-end 'own', which needs nothing more.",
        )
    if name == "nvdiffrast" and not on_card:
        raise InvalidParameter(
            "nvdiffrast draws on graphics cards of NVIDIA only, and the mesh is not on one.",
            "Move the tensors to the device 'cuda', or draw with the back-end 'own'.",
        )
    return name
