"""CIFAR-10 in its binary version: records of one class byte and 3072 bytes of picture."""

from pathlib import Path

import numpy as np

from jamharness.api import BadInput, DataRequest, Patterns
from jamharness.datasets.checks import request_problems
from jamharness.datasets.files import Release, locate
from jamharness.datasets.pictures import Collection, Pictures
from jamharness.datasets.real import patterns_from, project_files
from jamharness.paths import read_file

_PIXELS = 3 * 32 * 32
_RECORD = 1 + _PIXELS
_CLASSES = 10

CIFAR10 = Release(
    name="cifar10",
    files=(*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"),
    url="https://www.cs.toronto.edu/~kriz/",
    downloads={"cifar-10-binary.tar.gz": "md5:c32a1d4ab5d03f1284b67883e8d87530"},
    inside="cifar-10-batches-bin",
)


def load(request: DataRequest, release: Release = CIFAR10) -> Patterns:
    """Parity of the class numbers of CIFAR-10 (airplane 0 is −1, automobile 1 is +1, …) on principal components.

    Arguments:
        request: test_fraction has no effect, since there is a test set.
        release: where the files come from.

    Returns:
        x (P, d), y (P,) and the test set.

    Raises:
        BadInput: everything that is wrong with the request or with a file, or where to put which file.
    """
    if problems := request_problems(request, endless=False):
        raise BadInput(*problems)
    projected = project_files(read_collection, locate(release, request.folder), request)
    return patterns_from(request, projected, f"{release.name}, its own train and test batches")


def read_collection(files: tuple[Path, ...]) -> Collection:
    """Read the batches, the last of which is the test batch.

    Raises:
        BadInput: one sentence for everything that is wrong with a file.
    """
    problems: list[str] = []
    batches = []
    for path in files:
        try:
            batches.append(_read_batch(path))
        except BadInput as error:
            problems.extend(error.problems)
    if problems:
        raise BadInput(*problems)
    *train, test = batches
    joined = Pictures(
        pixels=np.concatenate([batch.pixels for batch in train]),
        classes=np.concatenate([batch.classes for batch in train]),
    )
    return Collection(train=joined, test=test)


def _read_batch(path: Path) -> Pictures:
    try:
        data = read_file(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check the file and its permissions.") from None
    if not data or len(data) % _RECORD:
        raise BadInput(
            f"{path}: holds {len(data)} bytes, not a multiple of the {_RECORD} of one record; replace it by the "
            "original from the binary version."
        )
    records = np.frombuffer(data, dtype=np.uint8).reshape(-1, _RECORD)
    classes = records[:, 0]
    wrong = np.flatnonzero(classes >= _CLASSES)
    if wrong.size:
        raise BadInput(
            f"{path}: record {wrong[0]} has the class number {classes[wrong[0]]}; those of CIFAR-10 go from 0 to "
            f"{_CLASSES - 1}."
        )
    return Pictures(pixels=records[:, 1:], classes=classes)
