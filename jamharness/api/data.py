"""What a cell asks of a data set, and what it gets."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from jamharness.api.errors import BadInput
from jamharness.api.identity import Json

OWN_FILE = "file"
"""The data set that reads a file of the user's own."""


def named_data(dataset: str) -> tuple[str, str]:
    """The name of a data set, and the path in ``file:PATH``, empty for every other."""
    name, _, path = dataset.partition(":")
    return (name, path) if name == OWN_FILE else (dataset, "")


@dataclass(frozen=True, kw_only=True)
class DataRequest:
    """Which patterns a cell computes on.

    Every field can change a number, so all are part of the cell's identity; of the folder, what lies in it.

    Arguments:
        dataset: a name that a plugin provides, such as ``"random"``; ``"file:PATH"`` is the data set ``"file"`` with
            the folder ``PATH``.
        inputs: the dimension d of each pattern.
        patterns: how many patterns are drawn: the pool, whose prefixes are the nested sets of one seed. None: all
            there are.
        seed: which draw, shuffle and split.
        normalise: centre the pool, then project each pattern to |x| = √d (arXiv 1809.09349, Methods). Without it a
            pattern is what the data set (or its projection) gives, raw Gaussian points for ``"random"``.
        labels: ``"alternate"`` −1, +1 over the patterns (for real data: the two classes interleaved), or ``"random"``,
            independent fair signs whatever the class.
        projection: for real data, principal components: ``"whitened"`` (each divided by the square root of its
            eigenvalue, arXiv 1809.09349) or ``"plain"`` (not divided, the 2021 review arXiv 2012.15110); ``"none"``:
            pixels as they are, channel by channel and row by row, levels from 0 to 1.
        fit: principal components of the ``"train"`` set only, or ``"pooled"`` over train and test as the authors did.
        test_fraction: the part of a real data set without a split of its own that is kept for testing.
        folder: where the files of a data set lie; None: the user's data folder.
        classes: of real data, which classes are −1 and which +1: ``"parity"`` of the class number, or two lists of
            classes as in ``"0,1,2/7,8"`` and ``"7/rest"``; classes in neither are left out. ``"all"``: every class by
            its number from 0, for systems with an output for each.
        label_column: of a table, the column that holds the class; None: the last.

    Raises:
        BadInput: ``"file:PATH"`` and a folder too.
    """

    dataset: str = "random"
    inputs: int = 12
    patterns: int | None = None
    seed: int = 0
    normalise: bool = True
    labels: str = "alternate"
    projection: str = "whitened"
    fit: str = "train"
    test_fraction: float = 0.2
    folder: str | None = field(default=None, compare=True)
    classes: str = "parity"
    label_column: str | None = None

    def __post_init__(self) -> None:
        name, path = named_data(self.dataset)
        if path:
            if self.folder is not None:
                raise BadInput(f"folder = {self.folder}: dataset={self.dataset} names its file itself; leave it out.")
            object.__setattr__(self, "dataset", name)
            object.__setattr__(self, "folder", path)

    def identity(self) -> dict[str, Json]:
        """What goes into a store key, beside the digest of the data: everything but where the files lie."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """Patterns and labels, ready for a backend.

    Arguments:
        x: (P, d) float64.
        y: (P,) float64 of −1 and +1; of more than two classes, whole numbers from 0.
        x_test: (P_test, d), possibly empty.
        y_test: (P_test,).
        description: what was done to them, for the record of a run.
        classes: how many there are.

    Raises:
        BadInput: shapes that do not fit, values that are not finite, or labels other than the classes'.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    x_test: NDArray[np.float64]
    y_test: NDArray[np.float64]
    description: Mapping[str, Json] = field(default_factory=dict)
    classes: int = 2

    def __post_init__(self) -> None:
        check_patterns(self.x, self.y, self.classes)
        if len(self.x_test):
            check_patterns(self.x_test, self.y_test, self.classes)

    def digest(self) -> str:
        """The SHA-256 of all four arrays: their names, dtypes, shapes and bytes."""
        sha = hashlib.sha256()
        for name in ("x", "y", "x_test", "y_test"):
            array = np.ascontiguousarray(getattr(self, name))
            sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            sha.update(array.data if array.size else b"")
        return sha.hexdigest()

    def first(self, patterns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The first P patterns and their labels: sets of one seed are nested.

        Raises:
            BadInput: fewer are available.
        """
        if patterns > len(self.y):
            raise BadInput(f"patterns = {patterns}: the data set has {len(self.y)}; ask for at most that many.")
        return self.x[:patterns], self.y[:patterns]


def check_patterns(x: NDArray[np.floating], y: NDArray[np.floating], classes: int = 2) -> None:
    """Refuse patterns that no backend can compute on.

    Arguments:
        x: (P, d).
        y: (P,).
        classes: how many there are: two are −1 and +1, more are numbered from 0.

    Raises:
        BadInput: shapes that do not fit, values that are not finite, or labels other than the classes'.
    """
    problems = []
    if x.ndim != 2 or y.ndim != 1 or len(x) != len(y) or len(y) < 1:
        problems.append(f"x has shape {x.shape} and y has {y.shape}; they must be (P, d) and (P,) with P at least 1.")
    bad = int(np.count_nonzero(~np.isfinite(x)))
    if bad:
        rows = np.flatnonzero(~np.isfinite(x).all(axis=tuple(range(1, x.ndim))))
        problems.append(
            f"x holds {bad} values that are NaN or infinite, first in row {rows[0]}; remove or repair those rows."
        )
    wrong = y[~np.isin(y, (-1.0, 1.0) if classes == 2 else np.arange(classes))]
    if wrong.size and classes > 2:
        problems.append(f"y holds {wrong.size} labels that are no whole numbers from 0 to {classes - 1}.")
    elif wrong.size:
        problems.append(
            f"y holds {wrong.size} labels other than −1 and +1, such as {wrong.flat[0]}; map the classes to ±1."
        )
    if problems:
        raise BadInput(*problems)
