# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be chosen for the training of a reconstruction network."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...errors import InvalidParameter
from .losses import Weights
from .schemes import REFINEMENT, SCHEMES
from .sizes import Sizes

AUTO = "auto"
SIZES: dict[str, Sizes] = {
    "full": Sizes(),
    "half": Sizes(picture=128, trunk=32, features=128, code=128, hidden=256, texture=8),
    "small": Sizes(picture=64, trunk=16, features=128, code=128, hidden=128, texture=8),
    "tiny": Sizes(picture=64, trunk=8, features=64, code=64, head=32, hidden=64, texture=4),
}
"""Name → widths and pixels; "full" is as published."""

_MASK = Weights()


@dataclass(frozen=True)
class ReconstructionOptions:
    """The table `options` of a reconstruction network; the defaults are as published, but for what `Weights` says.

    scheme: one of `schemes.SCHEMES`; "auto" for the one that the training shapes have. level: of the template, edges of
    the icosahedron in so many parts. subdivide_at: the step at which faces are cut in four; 0 for never (published:
    after 350 of 500 rounds). mean_shapes: learned, and mixed for each picture. size: one of `SIZES`. picture: pixels
    along an edge of pictures and textures, a multiple of 64, in place of those of the size; 0 for those. drawn:
    pixels along an edge of what is drawn again to be compared: fewer are quicker; 0 for as many.
    mirrored_texture: both sides share the texture, where the scheme has sides.

    cameras: "known" takes those of the dataset; "hypotheses" needs none, and tries `hypotheses` for each picture,
    weighted by softmin with `temperature`. distance: how far the network's camera stands from the middle of the scaled
    object, with a lens to match (see `camera.lens_at`); 0 for that of the dataset's cameras where they are known, else
    for 5 as published, which is nearly a parallel projection.

    dropout: in the decoders, as published. jitter: pictures are shifted and zoomed by so much of their edge at most,
    other each time. views: so many of each shape are learned from, from the first; 0 for all. mask … perceptual: see
    `losses.Weights`; the last counts only with a perceptual_file, the weights of a network that has seen many pictures
    (`rendering.perceptual`). classes, train, validation, overfit: as for other networks. validation_views: at most so
    many give the score.
    """

    scheme: str = AUTO
    level: int = 4
    subdivide_at: int = 0
    mean_shapes: int = 1
    size: str = "full"
    picture: int = 0
    drawn: int = 0
    mirrored_texture: bool = True
    cameras: str = "known"
    hypotheses: int = 8
    temperature: float = 0.1
    distance: float = 0.0
    dropout: bool = True
    jitter: float = 0.05
    views: int = 0
    mask: float = _MASK.mask
    colour: float = _MASK.colour
    laplacian: float = _MASK.laplacian
    laplacian_deformation: float = _MASK.laplacian_deformation
    deformation: float = _MASK.deformation
    camera: float = _MASK.camera
    camera_length: float = _MASK.camera_length
    perceptual: float = _MASK.perceptual
    perceptual_file: str = ""
    classes: tuple[str, ...] = ()
    train: str = "train"
    validation: str = "val"
    overfit: bool = False
    validation_views: int = 200

    def __post_init__(self) -> None:
        for name, allowed in (
            ("scheme", (AUTO, *SCHEMES)),
            ("size", tuple(SIZES)),
            ("cameras", ("known", "hypotheses")),
        ):
            if getattr(self, name) not in allowed:
                raise InvalidParameter(
                    f"There is no {name} {getattr(self, name)!r}.", f"Choose from {', '.join(allowed)}."
                )
        least = {"level": 1, "mean_shapes": 1, "hypotheses": 2, "validation_views": 1}
        least |= {"subdivide_at": 0, "picture": 0, "drawn": 0, "views": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise InvalidParameter(f"{name} is {getattr(self, name)}.", f"Give {low} or more.")
        if not 0.0 <= self.distance < float("inf"):
            raise InvalidParameter(f"distance is {self.distance}.", "Give a number above 0, such as 0.65 or 5.")
        if not 0.0 < self.temperature < float("inf"):
            raise InvalidParameter(f"temperature is {self.temperature}.", "Give a number above 0, such as 0.1.")
        if not 0.0 <= self.jitter <= 0.2:
            raise InvalidParameter(f"jitter is {self.jitter}.", "Give 0 to 0.2.")
        if self.subdivide_at and self.scheme in ("rotational", REFINEMENT):
            raise InvalidParameter(
                f"The scheme {self.scheme} cannot be subdivided on the way.",
                "Set subdivide_at = 0, and give a higher level.",
            )
        self.weights()
        if self.sizes().picture % (self.drawn or 1):
            raise InvalidParameter(
                f"Pictures of {self.sizes().picture} pixels cannot be compared at {self.drawn}.",
                "Give a divisor of it, such as half.",
            )

    def weights(self) -> Weights:
        """Of the losses."""
        return Weights(**{item.name: getattr(self, item.name) for item in fields(Weights)})

    def sizes(self) -> Sizes:
        """Of the network."""
        chosen = SIZES[self.size]
        return Sizes(**{**vars(chosen), "picture": self.picture or chosen.picture})
