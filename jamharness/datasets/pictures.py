"""Pictures with class numbers, as the files of a data set hold them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Pictures and what they show.

    Arguments:
        pixels: (n, D) whole numbers from 0 to the brightest level, one picture per row.
        classes: (n,) class numbers.
    """

    pixels: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    def __getitem__(self, rows: NDArray[np.intp]) -> "Pictures":
        """The pictures at these positions, in this order."""
        return Pictures(pixels=self.pixels[rows], classes=self.classes[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Collection:
    """The train and the test set of one data set.

    Arguments:
        train, test: the pictures; test may be empty.
        brightest: the pixel value that stands for 1.
    """

    train: Pictures
    test: Pictures
    brightest: int = 255
