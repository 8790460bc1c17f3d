"""Pictures, or rows of a table, with their classes, as the files of a data set hold them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.datasets.classes import halves


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Pictures and what they show.

    Arguments:
        pixels: (n, D) uint8, whole numbers from 0 to the brightest level, one picture per row; or float64 columns of a
            table.
        classes: (n,) class numbers, or the names of classes.
    """

    pixels: NDArray[Any]
    classes: NDArray[Any]

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

    def halved(self, choice: str) -> "Collection":
        """Only what belongs to one of the classes of a choice, which are now 0 and 1, or 0, 1, 2, … of all of them.

        Arguments:
            choice: as in ``DataRequest.classes``.

        Raises:
            BadInput: a choice that these classes do not allow.
        """
        count = len(self.train.classes)
        side = halves(np.concatenate([self.train.classes, self.test.classes]), choice)
        parts = []
        for pictures, own in ((self.train, side[:count]), (self.test, side[count:])):
            kept = own >= 0
            pixels = pictures.pixels if kept.all() else pictures.pixels[kept]
            parts.append(Pictures(pixels=pixels, classes=own[kept]))
        return Collection(train=parts[0], test=parts[1], brightest=self.brightest)
