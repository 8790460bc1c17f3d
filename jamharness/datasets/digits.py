"""The 8×8 digits that come with scikit-learn: real data without a download."""

import numpy as np

from jamharness.api import BadInput, DataRequest, Patterns, generator
from jamharness.datasets.checks import request_problems
from jamharness.datasets.pictures import Collection, Pictures
from jamharness.datasets.preparation import split
from jamharness.datasets.real import patterns_from, project_collection

_BRIGHTEST = 16


def load(request: DataRequest) -> Patterns:
    """Parity of 1797 digits of 8×8 pixels (even −1, odd +1) on their principal components.

    They have no test set of their own: ``test_fraction`` of each digit is kept for it, chosen by the seed.

    Arguments:
        request: folder has no effect.

    Returns:
        x (P, d), y (P,) and the test set.

    Raises:
        BadInput: everything that is wrong with the request, or scikit-learn is not installed.
    """
    if problems := request_problems(request, endless=False):
        raise BadInput(*problems)
    pictures = _bundled()
    train, test = split(pictures.classes, request.test_fraction, generator("data", "digits", "split", request.seed))
    collection = Collection(train=pictures[train], test=pictures[test], brightest=_BRIGHTEST)
    projected = project_collection(collection, request.inputs, request.projection, request.fit, request.classes)
    return patterns_from(
        request, projected, f"scikit-learn's digits, {request.test_fraction:g} of each kept for testing"
    )


def _bundled() -> Pictures:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise BadInput("Data set 'digits' needs scikit-learn; install it by: pip install 'jamharness[data]'.") from None
    bundled = load_digits()
    return Pictures(pixels=bundled.data.astype(np.uint8), classes=bundled.target.astype(np.uint8))
