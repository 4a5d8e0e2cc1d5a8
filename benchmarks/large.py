# SPDX-License-Identifier: GPL-3.0-or-later
"""One large encode in a process of its own, so that its peak memory is its own.

python -m benchmarks.large MESH.npz LMAX prints one JSON object: n_faces, seconds, cpu_seconds, peak_bytes (null where
the system does not tell), stages, flips.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from spherical_cow.codec import encode
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.icosphere import icosphere

from .timing import best_of, peak_memory


def main() -> None:
    """Encode the mesh (`vertices`, `faces`) of the file once, with compiled code already loaded."""
    path, lmax = sys.argv[1], int(sys.argv[2])
    encode(icosphere(8), 8)
    with np.load(path, allow_pickle=False) as archive:
        mesh = Mesh(archive["vertices"], archive["faces"])
    shape, timing = best_of(lambda: encode(mesh, lmax), 1)
    result = {
        "n_faces": mesh.n_faces,
        "seconds": timing.seconds,
        "cpu_seconds": timing.cpu_seconds,
        "peak_bytes": peak_memory(),
        "stages": dict(shape.certificate.seconds),
        "flips": shape.certificate.flips,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
