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
    found, slope = advice.critical, advice.exponent
    if not found.told:
        return "cannot tell", f"{found.why}."
    grows = f", where it grows as P^{slope.value:.2f}" if slope.told else ""
    return (
        f"{found.value:.3g} weights ({found.low:.3g} to {found.high:.3g})",
        f"from here on a network satisfies all {advice.patterns} patterns. Foretold from parts of at most "
        f"{advice.largest}{grows}; 95 of 100 such intervals are meant to hold what is measured later.",
    )


def _train(advice: "Advice") -> tuple[str, str]:
    if advice.width is None:
        return "cannot tell", "the width follows from N*."
    why = "the smallest width that lies beyond N* for all that is known: the test error peaks at N* and falls beyond."
    if advice.factor > 2:
        why = f"{advice.factor:g} times N*: on the largest part such networks err less than those just beyond N*."
    return f"width {advice.width} ({advice.weights} weights, {advice.inputs} inputs)", why


def _average(advice: "Advice") -> tuple[str, str]:
    if advice.networks is None:
        return "cannot tell", f"{advice.error.why}."
    if advice.networks == 1:
        return "1 network", "more than one, averaged, did not err less on the largest part."
    assert advice.gain is not None
    why = f"from other initial weights; on the largest part their mean errs {1 - advice.gain:.0%} less than one does"
    if advice.wide is not None:
        much = f"{abs(1 - advice.wide):.0%} {'less' if advice.wide < 1 else 'more'}"
        why += f", and as many networks far wider err {much} than these" if advice.factor <= 2 else ""
    if advice.networks == advice.most:
        why += f". More than {advice.most} were not tried, and may gain a little"
    return f"{advice.networks} networks", f"{why}."


def _cost(advice: "Advice") -> tuple[str, str]:
    found = advice.seconds
    if not found.told or advice.networks is None:
        return "cannot tell", f"{found.why}."
    low, middle, high = (_duration(advice.networks * each) for each in (found.low, found.value, found.high))
    return (
        f"about {middle} ({low} to {high})",
        "on this machine, one worker, all networks; from the time that those of the parts took.",
    )


def _error(advice: "Advice") -> tuple[str, str]:
    found = advice.error
    if not found.told:
        return "cannot tell", f"{found.why}."
    return _percent(found), (
        f"of their mean on the {advice.tests} patterns of the test set"
        + (f"; of one alone {_percent(advice.single)}." if advice.single.told else ".")
    )


def _percent(found: Foretold) -> str:
    return f"{100 * found.value:.3g}% ({100 * found.low:.3g} to {100 * found.high:.3g})"


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds:.0f} s"
