"""What the advise protocol foretells."""

from collections.abc import Mapping

from jamharness.api import Observable


def _of(unit: str, meaning: str) -> Observable:
    return Observable(unit=unit, meaning=meaning, source="docs/advise.md", comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "critical_weights": _of("weights", "N* of one draw of all patterns, foretold, with its prediction interval"),
    "exponent": _of("", "x of N* ~ P^x at the largest part, with what is known of such exponents beforehand"),
    "width": _of("units", "the width to train"),
    "weights": _of("weights", "N_w of that width"),
    "networks": _of("networks", "how many to average"),
    "test_error": _of("", "test error of their mean, foretold"),
    "single_error": _of("", "test error of one of them, foretold"),
    "seconds": _of("s", "time that one of them takes to train on this machine, foretold"),
    "patterns": _of("patterns", "P that the advice is for"),
    "inputs": _of("components", "d of the networks"),
    "largest_part": _of("patterns", "P of the largest part that was measured"),
}
