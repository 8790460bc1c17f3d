"""Which patterns of a data set without a split of its own are kept for testing."""

import numpy as np
from numpy.typing import NDArray


def split(
    classes: NDArray[np.integer], fraction: float, draw: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A random split into train and test with the same fraction of every class, up to rounding.

    Arguments:
        classes: (n,) class numbers.
        fraction: the part of each class that is kept for testing, in [0, 1).
        draw: chooses.

    Returns:
        Positions of the train and of the test set, each sorted.
    """
    test = [np.empty(0, dtype=np.intp)]
    for number in np.unique(classes):
        members = draw.permutation(np.flatnonzero(classes == number))
        test.append(members[: round(fraction * len(members))])
    positions = np.sort(np.concatenate(test))
    return np.setdiff1d(np.arange(len(classes), dtype=np.intp), positions, assume_unique=True), positions
