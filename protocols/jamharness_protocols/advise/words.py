"""Advice in plain words: one row for each question, with the reason."""

from typing import TYPE_CHECKING

import pandas as pd

from jamharness_protocols.advise.foretelling import Foretold

if TYPE_CHECKING:
    from jamharness_protocols.advise.analysis import Advice


def sentences(advice: "Advice") -> pd.DataFrame:
    """One row per question: ``about``, ``answer`` and ``why``.

    Arguments:
        advice: what was found.
    """
    rows = [
        ("N*", *_critical(advice)),
        ("train", *_train(advice)),
        ("average", *_average(advice)),
        ("cost", *_cost(advice)),
        ("test error", *_error(advice)),
    ]
    return pd.DataFrame(rows, columns=["about", "answer", "why"])


def _critical(advice: "Advice") -> tuple[str, str]:
    threshold, slope = advice.critical, advice.exponent
    if not threshold.told:
        return "cannot tell", f"{threshold.why}."
    grows = f", where it grows as P^{slope.value:.2f}" if slope.told else ""
    return (
        f"{threshold.value:.3g} weights ({threshold.low:.3g} to {threshold.high:.3g})",
        f"from here on a network satisfies all {advice.patterns} patterns. Foretold from parts of at most "
        f"{advice.largest}{grows}; 95 of 100 such intervals are meant to hold what is measured later.",
    )


def _train(advice: "Advice") -> tuple[str, str]:
    if advice.width is None:
        return "cannot tell", "the width follows from N*."
    why = f"{advice.factor:g} times N*"
    if advice.relative:
        why += (
            f", where the mean of {advice.networks} networks is expected to err least: {_others(advice)}. From the "
            "largest part, and from how such curves changed with P on other data"
        )
    return f"width {advice.width} ({advice.weights} weights, {advice.inputs} inputs)", f"{why}."


def _others(advice: "Advice") -> str:
    """How much more or less as many networks at the other multiples of N* are expected to err."""
    phrases = []
    for factor, value in sorted(advice.relative.items()):
        if factor != advice.factor:
            much = f"{abs(value - 1):.0%} {'less' if value < 1 else 'more'}"
            phrases.append(f"{much} at {factor:g} N*")
    return ", ".join(phrases)


def _average(advice: "Advice") -> tuple[str, str]:
    if advice.networks is None:
        return "cannot tell", f"{advice.error.why}."
    if advice.networks == 1:
        return "1 network", "more than one, averaged, did not err less on the largest part."
    assert advice.gain is not None
    why = f"from other initial weights; on the largest part their mean errs {1 - advice.gain:.0%} less than one does"
    why += f", and ever so many would err {1 - advice.limit:.0%} less" if advice.limit < 1 else ""
    if advice.networks == advice.most:
        why += f". More than {advice.most} were not tried"
    return f"{advice.networks} networks", f"{why}."


def _cost(advice: "Advice") -> tuple[str, str]:
    seconds = advice.seconds
    if not seconds.told or advice.networks is None:
        return "cannot tell", f"{seconds.why}."
    low, middle, high = (_duration(advice.networks * each) for each in (seconds.low, seconds.value, seconds.high))
    return (
        f"about {middle} ({low} to {high})",
        "on this machine, one worker, all networks; from the time that those of the parts took.",
    )


def _error(advice: "Advice") -> tuple[str, str]:
    error = advice.error
    if not error.told:
        return "cannot tell", f"{error.why}."
    return _percent(error), (
        f"of their mean on the {advice.tests} patterns of the test set"
        + (f"; of one alone {_percent(advice.single)}." if advice.single.told else ".")
    )


def _percent(error: Foretold) -> str:
    return f"{100 * error.value:.3g}% ({100 * error.low:.3g} to {100 * error.high:.3g})"


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds:.0f} s"
