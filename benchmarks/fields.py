# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural distance fields: how right they are about inside and outside, and how long fitting and asking take."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import numpy as np
from spherical_cow.networks.distance.report import FitReport
from spherical_cow.networks.distance.settings import FitSettings

from .report import Quantity, Row
from .setup import Setup
from .timing import best_of

NEAR, VOLUME, SMALL = 0.985, 0.99, 0.97
SECONDS, RATIO = 120.0, 3.0
CARD_QUERIES, CARD_FIT = 0.315e-3, 10.0
BYTES = {"small": 1e6, "full": 12e6}
QUERIES, SOME_QUERIES = 500_000, 50_000


def run(setup: Setup) -> Iterator[Row]:
    """Queries against the straightforward way; then every mesh with the small preset, some with the full one."""
    yield from _queries(setup)
    yield from _on_graphics_card(setup)
    names = setup.meshes.names()[:2] if setup.quick else setup.meshes.names()
    epochs = 5 if setup.quick else FitSettings().epochs
    reports = list[FitReport]()
    for name in names:
        report = _fit(setup, name, FitSettings(epochs=epochs))
        reports.append(report)
        yield _row(f"{name}, small, {epochs} epochs", report, SMALL, "small")
    yield Row(
        f"mean over {len(reports)} meshes, small, {epochs} epochs",
        (
            Quantity("F1 near", fmean(report.f1_near for report in reports), least=NEAR),
            Quantity("F1 volume", fmean(report.f1_volume for report in reports), least=VOLUME),
        ),
    )
    for name in () if setup.quick else setup.meshes.compared():
        yield _row(
            f"{name}, full, {epochs} epochs", _fit(setup, name, FitSettings("full", epochs=epochs)), NEAR, "full"
        )


def _on_graphics_card(setup: Setup) -> Iterator[Row]:
    """Nothing where there is none: the full network's queries in one kernel, and a fit."""
    import torch

    if not torch.cuda.is_available():
        return
    from spherical_cow.networks.distance.architectures import build_network
    from spherical_cow.networks.distance.field import ready
    from spherical_cow.networks.distance.fit import fit
    from spherical_cow.networks.distance.quickest import quickest

    network = ready(build_network("hash", "full"), "cuda")
    ask, points = quickest(network), torch.rand(QUERIES, 3, device="cuda") * 2.0 - 1.0

    @torch.no_grad()
    def queries() -> torch.Tensor:
        found = ask(points)
        torch.cuda.synchronize()
        return found

    queries()  # compiles
    found, measured = best_of(queries, max(setup.repeats, 20))
    with torch.no_grad():
        truth = network(points)
    wrong = float((found - truth).abs().max() / truth.abs().max())
    asked = Quantity("queries", measured.seconds, "s", most=CARD_QUERIES)
    report = fit(setup.meshes.get(setup.meshes.names()[0]), FitSettings(), device="cuda").report
    assert report is not None
    seconds = Quantity("fit", report.seconds["training"], "s", most=CARD_FIT)
    yield Row("graphics card", (asked, Quantity("difference", wrong, most=1e-3), seconds))


def _fit(setup: Setup, name: str, settings: FitSettings) -> FitReport:
    from spherical_cow.networks.distance.fit import fit

    setup.log(f"fitting {name}, {settings.preset}")
    report = fit(setup.meshes.get(name), settings, device="cpu", source=name).report
    assert report is not None
    return report


def _row(what: str, report: FitReport, least: float, preset: str) -> Row:
    quantities = (
        Quantity("F1 near", report.f1_near, least=least),
        Quantity("F1 volume", report.f1_volume),
        Quantity("Chamfer", report.chamfer_rel, "%"),
        Quantity("time", sum(report.seconds.values()), "s", SECONDS if preset == "small" else None),
        Quantity("cpu of training", report.process_seconds, "s"),
        Quantity("bytes", report.bytes, "count", BYTES[preset]),
    )
    return Row(what, quantities, details=report.to_dict())


def _queries(setup: Setup) -> Iterator[Row]:
    import torch
    from spherical_cow.networks.distance.architectures import build_network
    from spherical_cow.networks.distance.hash_grid import encode_by_formula
    from spherical_cow.networks.distance.network import DistanceNetwork

    count = SOME_QUERIES if setup.quick else QUERIES
    points = torch.from_numpy(np.random.default_rng(0).uniform(-1.0, 1.0, (count, 3)).astype(np.float32))
    for preset in ("small", "full"):
        network = build_network("hash", preset)
        assert isinstance(network, DistanceNetwork)
        grid = network.encoder

        @torch.no_grad()
        def ours(network: DistanceNetwork = network) -> torch.Tensor:
            return torch.cat([network(part) for part in points.split(1 << 16)])

        @torch.no_grad()
        def plain(network: DistanceNetwork = network) -> torch.Tensor:
            """Level by level with operations of PyTorch, as most implementations without a kernel do it."""
            grid = network.encoder
            parts = [
                network.decode(encode_by_formula(0.5 * (part + 1.0), grid.embeddings, grid.offsets, grid.scales, False))
                for part in points.split(1 << 16)
            ]
            return torch.cat(parts)

        setup.log(f"queries, {preset}")
        ours()
        found, mine = best_of(ours, setup.repeats)
        truth, theirs = best_of(plain, setup.repeats)
        yield Row(
            f"{count:,} queries, {preset}: {len(grid.scales)} levels",
            (
                *mine.quantities(),
                *theirs.quantities(name="PyTorch"),
                Quantity("cpu ratio", theirs.cpu_seconds / mine.cpu_seconds, "×", least=RATIO),
                Quantity("difference", float((found - truth).abs().max()), most=1e-5),
            ),
        )
