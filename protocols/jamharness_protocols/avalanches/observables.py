"""What the avalanches protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable

_SOURCE = "docs/margins.md; arXiv 1809.09349 predicts abrupt changes (abstract)"


def _of(unit: str, meaning: str) -> Observable:
    return Observable(unit=unit, meaning=meaning, source=_SOURCE, comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "size": _of("patterns", "mean number of patterns learned or forgotten between two records"),
    "largest": _of("size/P", "largest change between two records in the second half of the records"),
    "fano": _of(
        "", "variance (of successive differences, halved) over mean of sizes, second half: 1 for independent changes"
    ),
    "burst": _of("", "part of all changes in the second half that the largest hundredth of the intervals holds"),
    "forgotten": _of("times/pattern", "mean number of times that a pattern was forgotten after it was learned"),
    "ever_forgotten": _of("patterns/P", "part of the patterns that were forgotten at least once"),
    "unsatisfied": _of("N_Δ/N", "unsatisfied patterns at the end"),
}
