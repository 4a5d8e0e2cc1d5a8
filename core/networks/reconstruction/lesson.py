# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reconstruction network learns from: pictures with masks, drawn again from what it sees in them.

With known cameras the shape is drawn as each picture's own camera saw it, and the network's camera learns where that
was. Without, see `hypotheses`. Everything random depends on the number of the example alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...datasets.arrays import Camera, Placement
from ...datasets.layout import Dataset, ModelFolder
from ...errors import DatasetError, InvalidParameter
from ..layers.resnet import normalised
from ..rendering.blending import Picture
from ..rendering.losses import colour_loss, mask_iou_loss
from ..rendering.paint import SphereTexture
from ..rendering.perceptual import Perceptual
from ..rendering.rasterise import Softness
from ..rendering.render import render
from ..training.config import TrainingConfig, options_of
from ..training.examples import Array, Cache, listed, shuffled
from ..training.lesson import Lesson
from .camera import DISTANCE, lens_at, matrices_of
from .detected import detect_scheme
from .hypotheses import CameraHypotheses, softly_chosen
from .losses import Laplacian, camera_error, quaternion_length
from .midpoints import Coarse
from .network import DROPOUTS, MeanShapeNetwork, Seen
from .options import AUTO, ReconstructionOptions
from .schemes import Scheme, scheme_of
from .views import FILL, UNIT, Source, View, cut_camera, read_source, view_of

_EXAMPLE = 1
_AT_ONCE, _LOOKED_AT = 32, 16
_EDGE = 1.0
"""Pixels within which the edge of a mask turns."""


class ReconstructionLesson(Lesson):
    """Raises `DatasetError` where the dataset lacks pictures, masks, cameras or placements, as soon as it is opened."""

    def __init__(self, config: TrainingConfig) -> None:
        self.config, self.options = config, options_of(config, ReconstructionOptions)
        self.dataset, chosen = Dataset(config.dataset), self.options
        self.shapes = listed(self.dataset, chosen.train, chosen.classes)
        held = self.shapes if chosen.overfit else listed(self.dataset, chosen.validation, chosen.classes)
        self.sizes, self.weights, self._cache = chosen.sizes(), chosen.weights(), Cache()
        self.drawn = chosen.drawn or self.sizes.picture
        self.held = self._validated(held)
        for model in (self.shapes[0], held[0]):
            self._view(model, 0)
        self.scheme, self.distance = self._scheme(), chosen.distance or self._usual_distance()
        self.mirrored = chosen.mirrored_texture and self.scheme.name != "free"
        self.network = MeanShapeNetwork.of(
            self.scheme,
            chosen.mean_shapes,
            self.sizes,
            mirrored=self.mirrored,
            dropouts=DROPOUTS if chosen.dropout else (0.0, 0.0),
        )
        if chosen.cameras == "hypotheses":
            self.network.hypotheses = CameraHypotheses(self.sizes.code, self.sizes.head, chosen.hypotheses)
        self.laplacian = Laplacian(self.scheme.mesh.faces, self.scheme.mesh.n_vertices)
        self.directions = torch.from_numpy(self.scheme.mesh.vertices).float()
        self.perceptual = Perceptual.read(chosen.perceptual_file) if chosen.perceptual_file else None
        self.coarse = Coarse.of(self.scheme) if chosen.subdivide_at else None
        self._is_coarse = self.coarse is not None
        self._overlay: float | None = None

    def _scheme(self) -> Scheme:
        """The one that is chosen, or that the shapes have; on the finest template that is needed."""
        chosen, name = self.options, self.options.scheme
        if name == AUTO:
            name = detect_scheme(self.dataset, self.shapes).scheme
            if chosen.subdivide_at and name == "rotational":
                name = "two_planes"
        return scheme_of(name, chosen.level, int(chosen.subdivide_at > 0))

    def _usual_distance(self) -> float:
        """How far the network's camera stands where its lens is that of the pictures, by the middle one of some views;
        as published where cameras are not known."""
        if self.options.cameras != "known":
            return DISTANCE
        step = max(len(self.shapes) // _LOOKED_AT, 1)
        views = [self._source(model, 0) for model in self.shapes[::step][:_LOOKED_AT]]
        lengths = [cut_camera(source, self.sizes.picture).matrix[0, 0] / self.sizes.picture for source in views]
        return round(float(np.median(lengths)) / lens_at(1.0), 4)

    def matrices(self, quaternion: Tensor, place: Tensor) -> Tensor:
        """(B, 3, 4) what the network's camera numbers mean, with its distance."""
        return matrices_of(quaternion, place, lens_at(self.distance), self.distance)

    def _validated(self, models: list[ModelFolder]) -> list[tuple[ModelFolder, int]]:
        """Views that the score is measured on: one of each model, then another of each."""
        counts = [self._views(model) for model in models]
        rounds = range(max(counts))
        pairs = [(model, view) for view in rounds for model, count in zip(models, counts, strict=True) if view < count]
        return pairs[: self.options.validation_views]

    def _views(self, model: ModelFolder) -> int:
        (names,) = self._cache.get((model, "views"), lambda: (np.array([str(p) for p in self.dataset.images(model)]),))
        if not len(names):
            raise DatasetError(f"There are no images of {model}.", "Render them: `dataset make` with --views.")
        return len(names)

    def facts(self) -> Mapping[str, str | float | bool]:
        """How much there is to learn from, and what is needed to use the weights."""
        told = {
            "shapes": len(self.shapes),
            "mirrored": self.mirrored,
            "fill": FILL,
            "unit": UNIT,
            "distance": self.distance,
        }
        return {**self.scheme.facts(), **told}

    def batch(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        """What a `View` has, of B views: pictures (B, 3, S, S) and masks (B, S, S) as bytes."""
        count = self.config.batch // shares
        first = step * self.config.batch + share * count
        examples = [vars(self._example(number)) for number in range(first, first + count)]
        return {name: torch.from_numpy(np.stack([one[name] for one in examples])) for name in examples[0]}

    def _example(self, number: int) -> View:
        """Each shape comes once in a round, from one of its views."""
        model = self.shapes[shuffled(self.config.seed, number, len(self.shapes))]
        rng = np.random.default_rng((self.config.seed, _EXAMPLE, number))
        views = min(self._views(model), self.options.views or 10**9)
        source = self._source(model, int(rng.integers(views)))
        across, down, zoom = self.options.jitter * (2.0 * rng.random(3) - 1.0)
        return view_of(source, self.sizes.picture, (across, down), 1.0 + zoom)

    def _source(self, model: ModelFolder, view: int) -> Source:
        def read() -> tuple[Array, ...]:
            found = read_source(self.dataset, model, view)
            camera, placement = found.camera, found.placement
            numbers = camera.matrix, camera.world, placement.loc, np.float64(placement.scale)
            return found.image, found.mask, *(np.asarray(one) for one in numbers)

        image, mask, matrix, world, loc, scale = self._cache.get((model, view), read)
        return Source(image, mask, Camera(matrix, world), Placement(loc, float(scale)))

    def _view(self, model: ModelFolder, view: int) -> View:
        """As it is, without jitter."""
        return view_of(self._source(model, view), self.sizes.picture)

    def loss(self, batch: Mapping[str, Tensor], step: int) -> Tensor:
        """The sum of the losses of `Weights`."""
        self._subdivide(step)
        if len(batch["picture"]) < 2:
            raise InvalidParameter("This network cannot learn from one picture at a time.", "Set batch to 2 or more.")
        picture, mask = batch["picture"].float() / 255.0, batch["mask"].float() / 255.0
        seen = self.network(normalised(picture))
        times = self.sizes.picture // self.drawn
        picture, mask = functional.avg_pool2d(picture, times), functional.avg_pool2d(mask, times)
        shape = self.weights.of_shape(seen, self._laplacian(), self._count())
        length = self.weights.camera_length * quaternion_length(seen.raw_quaternion)
        if self.options.cameras == "known":
            drawn = self.draw(seen, batch["matrix"])
            camera = camera_error(seen.quaternion, seen.place, batch["quaternion"], batch["place"])
            return shape + length + self._unlike(drawn, picture, mask).mean() + self.weights.camera * camera
        return shape + length + self._tried(seen, picture, mask)

    def _tried(self, seen: Seen, picture: Tensor, mask: Tensor) -> Tensor:
        """The loss over all hypotheses, and what the network's own camera is from the best of them."""
        hypotheses = self.network.hypotheses
        assert isinstance(hypotheses, CameraHypotheses)
        quaternion, place = hypotheses(seen.code)
        errors = torch.stack(
            [
                self._unlike(self.draw(seen, self.matrices(quaternion[:, k], place[:, k])), picture, mask)
                for k in range(hypotheses.count)
            ],
            dim=1,
        )
        rows, best = torch.arange(len(errors), device=errors.device), errors.argmin(dim=1)
        taught = camera_error(seen.quaternion, seen.place, quaternion[rows, best].detach(), place[rows, best].detach())
        return softly_chosen(errors, self.options.temperature).mean() + self.weights.camera * taught

    def draw(self, seen: Seen, matrices: Tensor, size: int = 0) -> Picture:
        """Pictures and masks of what is seen, through matrices (B, 3, 4). size: pixels along an edge; 0 for `drawn`."""
        size = size or self.drawn
        device = seen.mean.device
        faces = self._faces().to(device)
        count = self._count()
        return render(
            seen.vertices[:, :count],
            faces.flip(1),  # the space of the network is mirrored
            matrices,
            size,
            paint=SphereTexture(seen.texture, self.directions[:count].to(device), self.mirrored),
            softness=Softness.of_pixels(_EDGE, size),
            closed=True,
        )

    def _unlike(self, drawn: Picture, picture: Tensor, mask: Tensor) -> Tensor:
        """(B,) how unlike the pictures are."""
        assert drawn.colour is not None
        total = self.weights.mask * mask_iou_loss(drawn.mask, mask, reduced=False)
        total = total + self.weights.colour * colour_loss(drawn.colour, picture, mask, reduced=False)
        if self.perceptual is None:
            return total
        network = self.perceptual.to(mask.device)
        each = [network(drawn.colour[k : k + 1], picture[k : k + 1]) for k in range(len(mask))]
        return total + self.weights.perceptual * torch.stack(each)

    def score(self) -> float:
        """The mean intersection over union of masks over the views held back, the shape drawn as the true camera saw
        it; without known cameras as the network's own does, which `measured` tells in any case."""
        if self._is_coarse and self.coarse is not None:
            self.coarse.fill_in(self.network)
        device = next(self.network.parameters()).device
        found, overlay = list[float](), list[float]()
        for start in range(0, len(self.held), _AT_ONCE):
            views = [self._view(*pair) for pair in self.held[start : start + _AT_ONCE]]
            picture = torch.from_numpy(np.stack([view.picture for view in views])).to(device)
            masks = np.stack([view.mask for view in views])
            seen = self.network(normalised(picture.float() / 255.0))
            overlay += self._overlap(seen, self.matrices(seen.quaternion, seen.place), masks)
            if self.options.cameras == "known":
                matrices = torch.from_numpy(np.stack([view.matrix for view in views])).to(device)
                found += self._overlap(seen, matrices, masks)
        self._overlay = float(np.mean(overlay))
        return float(np.mean(found)) if found else self._overlay

    def _overlap(self, seen: Seen, matrices: Tensor, masks: Array) -> list[float]:
        """For each picture the intersection over union of what is seen through matrices (B, 3, 4) and of its mask."""
        drawn = self.draw(seen, matrices, self.sizes.picture).mask.cpu().numpy() >= 0.5
        true = masks >= 128
        both, either = (drawn & true).sum(axis=(1, 2)), (drawn | true).sum(axis=(1, 2))
        return list((both / np.maximum(either, 1)).tolist())

    def measured(self) -> Mapping[str, float]:
        """own_camera_iou: as the score, but through the network's own camera."""
        return {} if self._overlay is None else {"own_camera_iou": round(self._overlay, 4)}

    def _subdivide(self, step: int) -> None:
        """Coarse before the step at which faces are cut, with new vertices kept in the middles of the old edges."""
        if self.coarse is not None:
            self._is_coarse = step < self.options.subdivide_at
            if step <= self.options.subdivide_at:
                self.coarse.fill_in(self.network)

    def _count(self) -> int | None:
        return self.coarse.n_vertices if self._is_coarse and self.coarse is not None else None

    def _faces(self) -> Tensor:
        if self._is_coarse and self.coarse is not None:
            return self.coarse.faces
        faces: Tensor = self.network.faces
        return faces

    def _laplacian(self) -> Laplacian:
        return self.coarse.laplacian if self._is_coarse and self.coarse is not None else self.laplacian
