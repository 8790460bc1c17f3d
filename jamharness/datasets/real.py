"""From pictures to patterns: principal components, parity, order, normalisation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

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
PIXELS = "none"
"""The projection that is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Projected:
    """A collection on its principal components.

    Arguments:
        train, test: (n, d) and (m, d), with fewer columns where there are fewer components; pixels (n, D) and (m, D)
            where there is no projection.
        train_classes, test_classes: (n,) and (m,), 0 for the class −1 and 1 for +1; or their numbers, of more.
        components: how many components have non-zero variance: the largest d.
        explained: the part of the variance that the first d components hold.
        brightest: what stands for 1 in train and test.
    """

    train: NDArray[Any]
    test: NDArray[Any]
    train_classes: NDArray[np.int8]
    test_classes: NDArray[np.int8]
    components: int
    explained: float
    brightest: int = 1

    @property
    def classes(self) -> int:
        """How many there are."""
        return 1 + int(max(self.train_classes.max(initial=1), self.test_classes.max(initial=1)))


def project_collection(
    collection: Collection, inputs: int, projection: str, fitted_on: str, classes: str = PARITY
) -> Projected:
    """Fit principal components as asked, and project train and test pictures on the first d.

    Components are those of the pictures that are of one of the two classes; others are left out before.

    Arguments:
        collection: the pictures.
        inputs: d.
        projection: ``"whitened"`` or ``"plain"``; ``"none"`` leaves pixels as they are, and as small.
        fitted_on: ``"train"`` pictures only, or ``"pooled"`` over train and test.
        classes: which are −1 and which +1, as in ``DataRequest.classes``.

    Raises:
        BadInput: classes that are not there.
    """
    collection = collection.halved(classes)
    train, test = collection.train, collection.test
    if projection == PIXELS:
        return Projected(
            train=train.pixels, test=test.pixels, train_classes=train.classes, test_classes=test.classes,
            components=train.pixels.shape[1], explained=1.0, brightest=collection.brightest,
        )  # fmt: skip
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
    """The pool of a seed: classes interleaved −1, +1, … (or 0, 1, …), shuffled within; P of them, normalised if asked.

    The order comes before the choice of P, so that a larger pool begins with the smaller one. The test set keeps its
    order and its size; it is shifted by the mean of the pool. Random labels are drawn for both sets.

    Memory: 8 bytes a number for the P patterns that are taken and for the test set, three times where they are
    normalised; pixels that are not taken stay bytes. As images all of MNIST takes 1.2 GiB at the process's peak, 10 000
    of them 0.4 GiB; all of CIFAR-10 3.9 GiB, 10 000 of them 1.4 GiB.

    Arguments:
        request: what was asked for, without ``request_problems``.
        projected: the data set on its principal components.
        source: where it comes from, for the record.

    Raises:
        BadInput: more patterns or inputs than there are.
    """
    name, seed = request.dataset, request.seed
    many = projected.classes
    labels, y_test = _labels(projected.train_classes, many), _labels(projected.test_classes, many)
    draw = generator("data", name, "order", seed)
    order = interleaved(labels, draw) if many == 2 else in_turn(projected.train_classes, many, draw)
    _refuse_excess(request, projected, len(order))
    order = order[: request.patterns]
    x, y, x_test = projected.train[order], labels[order], projected.test
    if request.projection == PIXELS:
        x, x_test = (pixels / float(projected.brightest) for pixels in (x, x_test))
    if request.normalise:
        mean = x.mean(axis=0)
        x, x_test = normalised(x, mean), normalised(x_test, mean)
    if request.labels == "random":
        y = _fair(generator("data", name, "labels", seed), len(y), many)
        y_test = _fair(generator("data", name, "test labels", seed), len(y_test), many)
    description: dict[str, Json] = {
        "dataset": name,
        "source": source,
        "classes": described(request.classes),
        "order": "classes interleaved, shuffled within each class",
        "labels": request.labels,
        "train": len(projected.train),
        "test": len(projected.test),
        **_projection(request, projected),
        "explained_variance": projected.explained,
        "normalised": "centred over the pool, |x| = √d" if request.normalise else "no",
    }
    return Patterns(x=x, y=y, x_test=np.array(x_test), y_test=y_test, description=description, classes=many)


def in_turn(classes: NDArray[np.integer], many: int, draw: np.random.Generator) -> NDArray[np.intp]:
    """An order in which classes follow each other 0, 1, 2, …, each shuffled, until the smallest is used up.

    Arguments:
        classes: (n,) of whole numbers.
        many: how many classes there are.
        draw: shuffles each class.
    """
    members = [draw.permutation(np.flatnonzero(classes == each)) for each in range(many)]
    least = min(len(each) for each in members)
    return np.stack([each[:least] for each in members], axis=1).ravel()


def _labels(classes: NDArray[np.integer], many: int) -> Float64:
    """−1 and +1, or the numbers of more than two classes."""
    return parity(classes) if many == 2 else classes.astype(np.float64)


def _fair(draw: np.random.Generator, count: int, many: int) -> Float64:
    """Independent labels, all classes with equal probability."""
    return fair_signs(draw, count) if many == 2 else draw.integers(0, many, count).astype(np.float64)


def _projection(request: DataRequest, projected: Projected) -> dict[str, Json]:
    """What was done to pixels, in words."""
    if request.projection == PIXELS:
        return {"projection": "none: pixels, levels from 0 to 1"}
    return {
        "components": projected.components,
        "projection": f"{request.inputs} of {projected.components} principal components, {request.projection}",
        "fit": "train set only" if request.fit == "train" else "train and test set pooled",
    }


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
    if request.projection == PIXELS and request.inputs != projected.components:
        problems.append(
            f"inputs = {request.inputs}: a picture of data set {name!r} has {projected.components} numbers; without a "
            "projection a system takes all of them."
        )
    elif request.inputs > projected.components:
        problems.append(
            f"inputs = {request.inputs}: data set {name!r} has {projected.components} principal components of non-zero "
            f"variance; ask for at most that many, as in inputs={projected.components}."
        )
    if problems:
        raise BadInput(*problems)
