# SPDX-License-Identifier: GPL-3.0-or-later
"""The four Occupancy Networks: their parts, their loss, and the mesh that they see in an input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InvalidParameter
from ...fields.extraction import Extraction, extract
from ...fields.multiresolution import Box
from ...mesh import Mesh
from ...progress import Progress, silent
from ..runtime import in_words
from .decoder import ConditionalDecoder, PointFunction, SimpleDecoder
from .encoders import ImageEncoder, LatentEncoder, PointEncoder, VoxelEncoder
from .field import field_of, gradient_of
from .refinement import refine
from .sizes import KINDS, PUBLISHED, Kind, Sizes

PADDING = 0.1
"""How much wider the box is than the unit cube that holds a shape."""

THRESHOLD = 0.2
"""The probability on the surface, as published."""

_ENCODERS: Mapping[Kind, Callable[[int, int], nn.Module]] = {
    "image": ImageEncoder,
    "points": PointEncoder,
    "voxels": VoxelEncoder,
}


def log_odds(probability: float) -> float:
    """A probability as the decoder's answer. Raises `InvalidParameter` for what is not between 0 and 1."""
    if not 0.0 < probability < 1.0:
        raise InvalidParameter(f"The threshold is {probability:g}.", "Give a probability between 0 and 1.")
    return float(np.log(probability / (1.0 - probability)))


class OccupancyNetwork(nn.Module):
    """kind: what it sees: an image, points, voxels, or nothing (then it makes shapes out of latent codes).

    sizes: other widths than the published ones.
    """

    def __init__(self, kind: Kind, sizes: Sizes | None = None) -> None:
        super().__init__()
        if kind not in KINDS:
            raise InvalidParameter(f"There is no Occupancy Network for {kind!r}.", f"Choose from {', '.join(KINDS)}.")
        self.kind = kind
        self.sizes = sizes or PUBLISHED[kind]
        code, hidden, width, latent = astuple(self.sizes)
        self.decoder: ConditionalDecoder | SimpleDecoder
        self.encoder: nn.Module
        if kind == "nothing":
            self.decoder, self.encoder_latent = SimpleDecoder(latent, hidden), LatentEncoder(latent, width)
        else:
            self.decoder, self.encoder = ConditionalDecoder(code, hidden), _ENCODERS[kind](code, width)

    def code(self, inputs: Tensor | None) -> Tensor | None:
        """The codes (B, code) of a batch of inputs; None where there is nothing to see."""
        return None if self.kind == "nothing" else self.encoder(inputs)

    def latent(self, count: int, seed: int) -> Tensor | None:
        """(count, latent) latent codes of new shapes, standard normal; None for the kinds that see something."""
        if self.kind != "nothing":
            return None
        draw = torch.randn(count, self.sizes.latent, generator=torch.Generator().manual_seed(seed))
        return draw.to(next(self.parameters()).device)

    def forward(self, points: Tensor, inputs: Tensor | None = None, latent: Tensor | None = None) -> Tensor:
        """points (B, N, 3) in the unit cube around the origin → log odds (B, N) of being inside."""
        return self.decoder(points, latent, self.code(inputs))

    def loss(
        self,
        points: Tensor,
        occupancy: Tensor,
        inputs: Tensor | None = None,
        seed: int = 0,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Cross-entropy summed over the points (B, N, 3), and the divergence of the latent codes from the normal
        distribution (Kingma and Welling 2014) where there are some; mean over the batch.

        noise: (B, latent) by which the latent codes are drawn, standard normal; drawn by `seed` where not given.
        """
        if self.kind != "nothing":
            return _cross_entropy(self(points, inputs), occupancy)
        mean, log_deviation = self.encoder_latent(points, occupancy)
        if noise is None:
            noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed)).to(mean)
        latent = mean + noise * log_deviation.exp()
        return _cross_entropy(self(points, latent=latent), occupancy) + divergence(mean, log_deviation).mean()

    def mesh(
        self,
        inputs: Tensor | None = None,
        extraction: Extraction | None = None,
        threshold: float = THRESHOLD,
        *,
        latent: Tensor | None = None,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Mesh:
        """The surface that the network sees in one input (1, …), closed, in the unit cube around the origin.

        threshold: the probability on the surface. latent: (1, latent) in place of an input. seed: of the published
        refinement. A mesh without faces where nothing is inside. A network in training is so again afterwards. Raises
        `InvalidParameter` without what the network needs.
        """
        chosen, value = extraction or Extraction(), log_odds(threshold)
        device = next(self.parameters()).device
        with in_words(), torch.no_grad(), evaluating(self):
            progress(0.0, "Looking at the input")
            exact, decode = self.point_functions(inputs, latent)

            def as_published(mesh: Mesh, steps: int, progress: Progress) -> Mesh:
                with torch.enable_grad():
                    return refine(mesh, decode, threshold, steps, device=device, seed=seed, progress=progress)

            return extract(
                field_of(decode, device, exact, value),
                Box(size=1.0 + PADDING),
                value,
                chosen,
                gradient_of(decode, device),
                progress,
                refine=as_published if chosen.published else None,
            )

    def point_functions(
        self, inputs: Tensor | None = None, latent: Tensor | None = None
    ) -> tuple[PointFunction, PointFunction]:
        """Points (N, 3) → log odds (N,) for one input or latent code: as published, and the same made fast.

        Raises `InvalidParameter` without what the network needs.
        """
        if (latent if self.kind == "nothing" else inputs) is None:
            wanted = "a latent code" if self.kind == "nothing" else f"an input ({self.kind})"
            raise InvalidParameter(f"This network makes no mesh without {wanted}.", "Give one.")
        code = self.code(inputs)
        return lambda points: self.decoder(points[None], latent, code)[0], self.decoder.folded(latent, code)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Set a network to evaluation for a while."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def divergence(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """(B,) the Kullback–Leibler divergence of N(mean, exp(log_deviation)²) from the standard normal distribution."""
    return 0.5 * (mean.square() + (2.0 * log_deviation).exp() - 1.0 - 2.0 * log_deviation).sum(dim=1)


def _cross_entropy(log_odds: Tensor, occupancy: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(log_odds, occupancy, reduction="none").sum(dim=1).mean()
