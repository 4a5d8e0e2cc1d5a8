# SPDX-License-Identifier: GPL-3.0-or-later
"""`network evaluate CHECKPOINT DATASET`: the published numbers of a network over a data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...datasets.layout import Dataset, ModelFolder
from ...errors import InvalidParameter
from ...fields.extraction import Extraction
from ...files import atomic_write
from ...mesh import Mesh
from ...meshfile import write_mesh
from ...networks.catalogue import open_model
from ...networks.evaluation.folder import Evaluation, MeshOf, evaluate_dataset
from ...networks.evaluation.sources import from_files, predicted
from ...networks.interface import Model
from ...networks.models.pixel2mesh import Pixel2MeshModel
from ...networks.runtime import DEVICES
from ...progress import Progress
from ..console import Console, make_folder, require_writable
from ..seeds import seed_of

_OF_FIELDS = {"points": 100_000, "resolution": 128, "steps": 2, "threshold": None}
"""Options with their defaults that only networks with a surface in a grid have."""


def add_verbs(verbs: Any) -> None:
    """Add the verb `evaluate`."""
    parser = verbs.add_parser(
        "evaluate",
        help="a network, or meshes already made, against a data set: by the numbers that it was published with",
        description="As published for Occupancy Networks: IoU by the points of the data set, Chamfer-L1 and normal "
        "consistency by 100,000 points of both surfaces, lengths in tenths of the longest side. A Pixel2Mesh is "
        "measured as published for it: Chamfer (squared, in thousandths) and F-score (at squared distances of 1e-4 and "
        "2e-4) of its vertices, over all views. A table by classes and their mean. A shape that fails does not stop "
        "the others.",
    )
    parser.add_argument("checkpoint", nargs="?", help="a .pt, .pth or .safetensors file; left out with --meshes")
    parser.add_argument("dataset", help="a folder of shapes; for Pixel2Mesh its published data do, too")
    parser.add_argument("--meshes", metavar="FOLDER", help="evaluate FOLDER/CLASS/MODEL.off (or ply, obj …) instead")
    parser.add_argument("--split", default="test", help="which list of models (default test)")
    parser.add_argument("--class", dest="classes", nargs="+", default=[], metavar="CLASS", help="folders or names")
    parser.add_argument("--csv", metavar="OUT", help="write the table of classes")
    parser.add_argument("--shapes", metavar="OUT", help="write a CSV with a line for each shape")
    parser.add_argument("--keep", metavar="FOLDER", help="write the meshes that the network makes, for --meshes")
    parser.add_argument(
        "--points", type=int, default=_OF_FIELDS["points"], metavar="N", help="drawn on each mesh (default 100000)"
    )
    parser.add_argument(
        "--view", type=int, metavar="N", help="which image of each model (default 0; all of them for Pixel2Mesh)"
    )
    parser.add_argument(
        "--resolution",
        type=int,
        default=_OF_FIELDS["resolution"],
        metavar="N",
        help="cells along an edge (default 128)",
    )
    parser.add_argument(
        "--steps", type=int, default=_OF_FIELDS["steps"], metavar="N", help="how often the first grid is doubled"
    )
    parser.add_argument("--threshold", type=float, metavar="P", help="probability on the surface (default 0.2)")
    parser.add_argument("--seed", type=seed_of, default=0)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace, console: Console) -> int:
    """Evaluate, write the tables, print the one of the classes."""
    if (arguments.checkpoint is None) == (arguments.meshes is None):
        raise InvalidParameter("What is to be evaluated is not clear.", "Give a checkpoint, or --meshes.")
    if arguments.points < 1:
        raise InvalidParameter(f"{arguments.points} points cannot be drawn.", "Give 1 or more; 100000 is usual.")
    if arguments.keep and arguments.meshes:
        raise InvalidParameter("With --meshes there is nothing to keep.", "Leave --keep out.")
    for path in filter(None, (arguments.csv, arguments.shapes)):
        require_writable(path)
    model = None if arguments.meshes else open_model(arguments.checkpoint, arguments.device)
    with console.progress() as progress:
        if isinstance(model, Pixel2MeshModel):
            found = _pictures(arguments, model, progress)
        else:
            found = _meshes(arguments, model, progress)
    for path, text in ((arguments.csv, found.class_csv()), (arguments.shapes, found.shape_csv())):
        if path:
            with atomic_write(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
    for row in found.rows:
        if row.error:
            console.log(f"{row.category}/{row.name}: {row.error}")
    console.result(found.to_dict(), found.table())
    return 1 if found.failed == len(found.rows) else 0


def _pictures(arguments: argparse.Namespace, model: Pixel2MeshModel, progress: Progress) -> Evaluation:
    from ...networks.pixel2mesh.evaluation import evaluate_pictures

    if arguments.keep:
        raise InvalidParameter(
            "Pixel2Mesh is measured in the space of each camera: no meshes are kept.", "Leave --keep out."
        )
    for name, default in _OF_FIELDS.items():
        if getattr(arguments, name) != default:
            raise InvalidParameter(
                f"--{name} has no meaning for Pixel2Mesh: its vertices are measured, as published.", "Leave it out."
            )
    return evaluate_pictures(
        model.network,
        arguments.dataset,
        split=arguments.split,
        classes=arguments.classes,
        view=arguments.view,
        seed=arguments.seed,
        progress=progress,
    )


def _meshes(arguments: argparse.Namespace, model: Model | None, progress: Progress) -> Evaluation:
    dataset = Dataset(arguments.dataset)
    mesh_of = from_files(arguments.meshes) if model is None else _network(arguments, model, dataset)
    return evaluate_dataset(
        dataset,
        mesh_of,
        split=arguments.split,
        classes=arguments.classes,
        samples=arguments.points,
        seed=arguments.seed,
        progress=progress,
    )


def _network(arguments: argparse.Namespace, model: Model, dataset: Dataset) -> MeshOf:
    extraction = Extraction(arguments.resolution, arguments.steps)
    view = 0 if arguments.view is None else arguments.view
    mesh_of = predicted(model, dataset, extraction, arguments.threshold, view, arguments.seed)
    if not arguments.keep:
        return mesh_of
    folder = make_folder(arguments.keep)

    def kept(shape: ModelFolder) -> Mesh:
        mesh = mesh_of(shape)
        place: Path = make_folder(folder / shape.category)
        if mesh.n_faces:
            write_mesh(mesh, place / f"{shape.name}.ply")
        return mesh

    return kept
