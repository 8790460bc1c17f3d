"""From pictures to patterns: principal components, parity, order, normalisation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from jamharness.api import (
    BadInput,
    DataRequest,
    Float64,
    Json,
    Patterns,
    fair_signs,
    generator,
    interleaved,
    normalised,
    parity,
)
from jamharness.datasets.classes import PARITY, described
from jamharness.datasets.pictures import Collection
from jamharness.datasets.projection import fit, project

Reader: TypeAlias = Callable[[tuple[Path, ...]], Collection]
Stamp: TypeAlias = tuple[Path, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Projected:
    """A collection on its principal components.

    Arguments:
        train, test: (n, d) and (m, d), with fewer columns where there are fewer components.
        train_classes, test_classes: (n,) and (m,), 0 for the class −1 and 1 for +1.
        components: how many components have non-zero variance: the largest d.
        explained: the part of the variance that the first d components hold.
    """

    train: Float64
    test: Float64
    train_classes: NDArray[np.int8]
    test_classes: NDArray[np.int8]
    components: int
    explained: float


def project_collection(
    collection: Collection, inputs: int, projection: str, fitted_on: str, classes: str = PARITY
) -> Projected:
    """Fit principal components as asked, and project train and test pictures on the first d.

    Components are those of the pictures that are of one of the two classes; others are left out before.

    Arguments:
        collection: the pictures.
        inputs: d.
        projection: ``"whitened"`` or ``"plain"``.
        fitted_on: ``"train"`` pictures only, or ``"pooled"`` over train and test.
        classes: which are −1 and which +1, as in ``DataRequest.classes``.

    Raises:
        BadInput: classes that are not there.
    """
    collection = collection.halved(classes)
    train, test = collection.train, collection.test
    sets = [train.pixels, test.pixels] if fitted_on == "pooled" else [train.pixels]
    components = fit(sets, collection.brightest)
    variances = components.variances
    return Projected(
        train=project(components, train.pixels, inputs, projection),
        test=project(components, test.pixels, inputs, projection),
        train_classes=train.classes,
        test_classes=test.classes,
        components=len(variances),
        explained=float(variances[:inputs].sum() / variances.sum()) if len(variances) else 0.0,
    )


def project_files(reader: Reader, files: tuple[Path, ...], request: DataRequest) -> Projected:
    """Read and project, once per process for the same files: the seeds of a run differ in order alone.

    Arguments:
        reader: turns the files into a collection; must be a module's own function.
        files: what it reads; a file that changes is read again.
        request: of which inputs, projection, fit and classes matter.
    """
    stamps = tuple((path, (status := path.stat()).st_mtime_ns, status.st_size) for path in files)
    return _project_files(reader, stamps, request.inputs, request.projection, request.fit, request.classes)


@lru_cache(maxsize=4)
def _project_files(
    reader: Reader, stamps: tuple[Stamp, ...], inputs: int, projection: str, fitted_on: str, classes: str
) -> Projected:
    return project_collection(reader(tuple(path for path, _, _ in stamps)), inputs, projection, fitted_on, classes)


def patterns_from(request: DataRequest, projected: Projected, source: str) -> Patterns:
    """The pool of a seed: classes interleaved −1, +1, …, shuffled within, the first P, normalised if asked.

    The order comes before the choice of P, so that a larger pool begins with the smaller one. The test set keeps its
    order and its size; it is shifted by the mean of the pool. Random labels are drawn for both sets.

    Arguments:
        request: what was asked for, without ``request_problems``.
        projected: the data set on its principal components.
        source: where it comes from, for the record.

    Raises:
        BadInput: more patterns or inputs than there are.
    """
    name, seed = request.dataset, request.seed
    signs, y_test = parity(projected.train_classes), parity(projected.test_classes)
    order = interleaved(signs, generator("data", name, "order", seed))
    _refuse_excess(request, projected, len(order))
    order = order[: request.patterns]
    x, y, x_test = projected.train[order], signs[order], projected.test
    if request.normalise:
        mean = x.mean(axis=0)
        x, x_test = normalised(x, mean), normalised(x_test, mean)
    if request.labels == "random":
        y = fair_signs(generator("data", name, "labels", seed), len(y))
        y_test = fair_signs(generator("data", name, "test labels", seed), len(y_test))
    description: dict[str, Json] = {
        "dataset": name,
        "source": source,
        "classes": described(request.classes),
        "order": "classes interleaved, shuffled within each class",
        "labels": request.labels,
        "train": len(projected.train),
        "test": len(projected.test),
        "components": projected.components,
        "projection": f"{request.inputs} of {projected.components} principal components, {request.projection}",
        "fit": "train set only" if request.fit == "train" else "train and test set pooled",
        "explained_variance": projected.explained,
        "normalised": "centred over the pool, |x| = √d" if request.normalise else "no",
    }
    return Patterns(x=x, y=y, x_test=np.array(x_test), y_test=y_test, description=description)


def _refuse_excess(request: DataRequest, projected: Projected, available: int) -> None:
    name, problems = request.dataset, []
    if available == 0:
        raise BadInput(
            f"Data set {name!r} has no patterns in balanced classes to learn from; keep fewer for testing or complete "
            "its files."
        )
    if request.patterns is not None and request.patterns > available:
        problems.append(
            f"patterns = {request.patterns}: data set {name!r} has {available} in balanced classes; "
            "ask for at most that many."
        )
    if request.inputs > projected.components:
        problems.append(
            f"inputs = {request.inputs}: data set {name!r} has {projected.components} principal components of non-zero "
            "variance; ask for at most that many."
        )
    if problems:
        raise BadInput(*problems)
