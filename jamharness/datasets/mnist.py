"""MNIST and Fashion-MNIST: the same four IDX files, other pictures."""

from pathlib import Path

from jamharness.api import BadInput, DataRequest, Patterns
from jamharness.datasets.checks import request_problems
from jamharness.datasets.files import Release, locate
from jamharness.datasets.idx import read_idx
from jamharness.datasets.pictures import Collection, Pictures
from jamharness.datasets.real import patterns_from, project_files

_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_CLASSES = 10

MNIST = Release(
    name="mnist",
    files=_FILES,
    url="https://ossci-datasets.s3.amazonaws.com/mnist/",
    downloads={
        "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
    },
)

FASHION_MNIST = Release(
    name="fashion-mnist",
    files=_FILES,
    installed=Path("/usr/share/datasets/fashion-mnist"),
    package="dataset-fashion-mnist of Debian and Ubuntu",
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    downloads={
        "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    },
)


def load(request: DataRequest, release: Release = MNIST) -> Patterns:
    """Parity of MNIST digits (even −1, odd +1) on their principal components (arXiv 1809.09349, Methods).

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
    return patterns_from(request, projected, f"{release.name}, its own train and test files")


def load_fashion(request: DataRequest, release: Release = FASHION_MNIST) -> Patterns:
    """Parity of the class numbers of Fashion-MNIST (T-shirt 0 is −1, trouser 1 is +1, …; arXiv 1708.07747)."""
    return load(request, release)


def read_collection(files: tuple[Path, ...]) -> Collection:
    """Read the four files, in the order train pictures and classes, test pictures and classes.

    Raises:
        BadInput: one sentence for everything that is wrong with a file.
    """
    problems: list[str] = []
    halves = []
    for images, labels in (files[:2], files[2:]):
        try:
            halves.append(_read_half(images, labels))
        except BadInput as error:
            problems.extend(error.problems)
    if len(halves) == 2 and len({half.pixels.shape[1] for half in halves}) > 1:
        sizes = " and ".join(str(half.pixels.shape[1]) for half in halves)
        problems.append(
            f"{files[0]} and {files[2]}: pictures of {sizes} pixels; train and test files must be of one data set."
        )
    if problems:
        raise BadInput(*problems)
    return Collection(train=halves[0], test=halves[1])


def _read_half(images: Path, labels: Path) -> Pictures:
    problems: list[str] = []
    arrays = []
    for path, dimensions in ((images, 3), (labels, 1)):
        try:
            arrays.append(read_idx(path, dimensions))
        except BadInput as error:
            problems.extend(error.problems)
    if problems:
        raise BadInput(*problems)
    pixels, classes = arrays
    if len(pixels) != len(classes):
        problems.append(
            f"{labels}: {len(classes)} classes for the {len(pixels)} pictures in {images.name}; "
            "they must belong together."
        )
    if 0 in pixels.shape:
        problems.append(f"{images}: holds no pictures (shape {pixels.shape}); replace it by the original.")
    if classes.size and classes.max() >= _CLASSES:
        problems.append(f"{labels}: holds the class number {classes.max()}; class numbers go from 0 to {_CLASSES - 1}.")
    if problems:
        raise BadInput(*problems)
    return Pictures(pixels=pixels.reshape(len(pixels), -1), classes=classes)
