# SPDX-License-Identifier: GPL-3.0-or-later
"""Small datasets to learn from, and a program that several processes run: `torchrun … learning.py OUT CONFIG.toml`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from spherical_cow.datasets.binvox import Voxels, write_binvox
from spherical_cow.networks.training.config import TrainingConfig, config_from

KINDS = {"points": "points", "image": "image", "voxels": "voxels", "unconditional": "nothing"}


def make_dataset(root: Path, shapes: int = 4, points: int = 4000) -> Path:
    """Balls and boxes of several sizes, in the layout of the Occupancy Networks."""
    rng = np.random.default_rng(1)
    names = [f"shape_{number}" for number in range(shapes)]
    for number, name in enumerate(names):
        folder = root / "solids" / name
        (folder / "img_choy2016").mkdir(parents=True)
        half = 0.5 * np.array([1.0, 0.6 + 0.1 * number, 0.9 - 0.15 * number])

        def inside(p: np.ndarray, ball: bool = bool(number % 2), half: np.ndarray = half) -> np.ndarray:
            return np.linalg.norm(p / half, axis=-1) <= 1.0 if ball else (np.abs(p) <= half).all(axis=-1)

        place: dict[str, Any] = {"loc": np.zeros(3), "scale": 1.0}
        where = rng.uniform(-0.55, 0.55, (points, 3)).astype(np.float32)
        np.savez(folder / "points.npz", points=where, occupancies=np.packbits(inside(where)), **place)
        rays = rng.standard_normal((1000, 3))
        length = np.linalg.norm(rays / half, axis=1) if number % 2 else np.abs(rays / half).max(axis=1)
        surface = (rays / length[:, None]).astype(np.float32)
        np.savez(folder / "pointcloud.npz", points=surface, normals=surface, **place)
        centres = (np.arange(32) + 0.5) / 32 - 0.5
        grid = np.stack(np.meshgrid(centres, centres, centres, indexing="ij"), axis=-1)
        write_binvox(folder / "model.binvox", Voxels(inside(grid), np.full(3, -0.5), 1.0))
        for view in range(2):
            picture = np.full((64, 64, 3), 255, np.uint8)
            picture[8 : 20 + 8 * number, 10 + 4 * view : 50] = (200, 40 * number, 90)
            Image.fromarray(picture).save(folder / "img_choy2016" / f"{view:03}.png")
    for split, chosen in (("train", names[:-1]), ("val", names[-1:]), ("one", names[1:2])):
        (root / "solids" / f"{split}.lst").write_text("\n".join(chosen))
    return root


def configuration(dataset: Path, out: Path, model: str = "points", **changes: Any) -> TrainingConfig:
    """A short training of a tiny network."""
    options = {"size": "tiny", "points": 64, "validation_points": 500, **changes.pop("options", {})}
    values: dict[str, Any] = {
        "model": f"occupancy-{model}",
        "dataset": str(dataset),
        "out": str(out),
        "batch": 4,
        "steps": 12,
        "validate_every": 4,
        "save_every": 3,
        "log_every": 1,
        "device": "cpu",
        "learning_rate": 1e-3,
        "options": options,
    }
    return config_from({**values, **changes})


def learn_in_double(dataset: Path, out: Path, model: str) -> None:
    """The real lesson with numbers of 64 bits, so that rounding hides no difference."""
    from spherical_cow.networks.occupancy.lesson import OccupancyLesson
    from spherical_cow.networks.training.run import learn

    class Double(OccupancyLesson):
        def __init__(self, config: TrainingConfig) -> None:
            super().__init__(KINDS[model], config)
            self.network.double()

        def batch(self, step: int, share: int, shares: int) -> dict[str, Any]:
            return {name: value.double() for name, value in super().batch(step, share, shares).items()}

        def score(self) -> float:
            return 0.0

    learn(Double, configuration(dataset, out / model, model, steps=4, validate_every=9))


def main(dataset: Path, out: Path, config: Path) -> None:
    """What each process does: one training by the command line, then one of each kind in double precision."""
    import torch
    from spherical_cow.cli.main import main as spherical_cow

    torch.distributed.init_process_group("gloo")
    assert spherical_cow(["train", str(config)]) == 0
    for model in KINDS:
        learn_in_double(dataset, out, model)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
