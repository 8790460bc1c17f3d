"""A file of the user's own: a table, arrays or pictures, with labels of two or more classes."""

from functools import lru_cache
from pathlib import Path

from jamharness.api import BadInput, DataRequest, Patterns, generator
from jamharness.datasets.checks import request_problems
from jamharness.datasets.own_formats import Labelled, parts, read
from jamharness.datasets.pictures import Collection
from jamharness.datasets.preparation import split
from jamharness.datasets.real import patterns_from, project_collection
from jamharness.paths import user_path


def load(request: DataRequest) -> Patterns:
    """Two classes of a file's patterns on their principal components.

    Where the file brings no test set, ``test_fraction`` of each class is kept for it, chosen by the seed.

    Arguments:
        request: ``folder`` is the path of the file, which ``dataset=file:PATH`` puts there.

    Returns:
        x (P, d), y (P,) and the test set.

    Raises:
        BadInput: everything that is wrong with the request or the file.
    """
    problems = request_problems(request, endless=False)
    if request.folder is None:
        problems.append("dataset = file: name the file, as in dataset=file:patterns.csv.")
    labelled, path = None, Path()
    try:
        if request.folder is not None:
            path = user_path(request.folder, "file")
            labelled = _read(path, _stamps(path), request.label_column)
    except BadInput as error:
        problems += error.problems
    if problems or labelled is None:
        raise BadInput(*problems)
    source = f"{path.name}, its own test set"
    if labelled.test is None:
        train, test = split(
            labelled.train.classes, request.test_fraction, generator("data", "file", "split", request.seed)
        )
        collection = Collection(train=labelled.train[train], test=labelled.train[test], brightest=labelled.brightest)
        source = f"{path.name}, {request.test_fraction:g} of each class kept for testing"
    else:
        collection = Collection(train=labelled.train, test=labelled.test, brightest=labelled.brightest)
    projected = project_collection(collection, request.inputs, request.projection, request.fit, request.classes)
    return patterns_from(request, projected, source)


def _stamps(path: Path) -> tuple[tuple[Path, int, int], ...]:
    """When each file that is read was changed last, and its size."""
    try:
        statuses = [(each, each.stat()) for each in parts(path)]
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist; name a file that does, as in dataset=file:patterns.csv.") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check the file and its permissions.") from None
    return tuple((each, status.st_mtime_ns, status.st_size) for each, status in statuses)


@lru_cache(maxsize=2)
def _read(path: Path, _stamps: tuple[tuple[Path, int, int], ...], label_column: str | None) -> Labelled:
    """Once per process for the same files; one that changes is read again."""
    return read(path, label_column)
