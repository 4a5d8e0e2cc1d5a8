# SPDX-License-Identifier: GPL-3.0-or-later
"""Other tools that mend meshes, each through a driver in an interpreter of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from spherical_cow.mesh import Mesh

from . import Peer, call

DRIVER = "repair_driver.py"
LIMIT = 120.0


@dataclass(frozen=True)
class Tool:
    """name: for the table. module: as it is imported. variable: names its interpreter. way: what the driver does."""

    name: str
    module: str
    variable: str
    way: str

    def interpreter(self) -> str | None:
        """The Python that has this tool; None where there is none."""
        named = os.environ.get(self.variable)
        if named:
            return named
        return sys.executable if find_spec(self.module) is not None else None


TOOLS = (
    Tool("pymeshfix", "pymeshfix", "SPHERICAL_COW_PEER_PYMESHFIX", "meshfix"),
    Tool("pymeshfix, joining parts", "pymeshfix", "SPHERICAL_COW_PEER_PYMESHFIX", "meshfix_join"),
    Tool("manifold3d", "manifold3d", "SPHERICAL_COW_PEER_MANIFOLD3D", "manifold"),
    Tool("MeshLab alpha wrap", "pymeshlab", "SPHERICAL_COW_PEER_PYMESHLAB", "alpha_wrap"),
    Tool("Blender voxel remesh", "bpy", "SPHERICAL_COW_PEER_BPY", "voxel_remesh"),
)


@dataclass(frozen=True)
class Mended:
    """What another tool made of a mesh; times of the work alone, not of loading the tool."""

    mesh: Mesh
    seconds: float
    cpu_seconds: float
    version: str


def repaired_by(tool: Tool, interpreter: str, mesh: Mesh) -> Mended:
    """Let another tool mend a mesh. Raises `PeerFailed`."""
    peer = Peer(tool.name, tool.module, DRIVER, tool.variable, "repair")
    found = call(interpreter, peer, {"vertices": mesh.vertices, "faces": mesh.faces, "way": tool.way}, LIMIT)
    result = Mesh(found["vertices"], found["faces"])
    return Mended(result, float(found["seconds"]), float(found["cpu_seconds"]), found["version"])
