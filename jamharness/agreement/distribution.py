"""Agreement in distribution: the difference of two estimates, and whether it is shown to be small."""

from collections.abc import Mapping

from jamharness.agreement.rows import DistributionRow, Verdict
from jamharness.api import Findings, Observable
from jamharness.running.differences import Difference, difference


def judge(difference: Difference, equivalence: float | None, comparisons: int = 1) -> Verdict:
    """What a difference shows.

    Two one-sided tests at 5% each show equality: the 90% interval lies within ± the margin (Schuirmann, J.
    Pharmacokinet. Biopharm. 15, 657, 1987). Otherwise an interval that excludes zero shows a difference; it is taken at
    95% over all comparisons made together (Bonferroni).
    """
    if equivalence is not None:
        low, high = difference.interval(0.90)
        if -equivalence < low and high < equivalence:
            return "agree"
    low, high = difference.interval(1 - 0.05 / comparisons)
    if low > 0 or high < 0:
        return "differ"
    return "no claim" if equivalence is None else "too few seeds"


def compare(
    protocol: str,
    observables: Mapping[str, Observable],
    names: tuple[str, str],
    findings: tuple[Findings, Findings],
    equivalences: Mapping[str, float],
) -> list[DistributionRow]:
    """One row for each estimate that has an interval or samples.

    Arguments:
        protocol: its name.
        observables: by name.
        names: the backends.
        findings: of each.
        equivalences: margins that replace the observables' own, by observable.
    """
    first, second = findings
    differences: dict[str, Difference | None] = {}
    for name, observable in observables.items():
        if observable.comparison != "distribution" or name not in first.estimates or name not in second.estimates:
            continue
        estimates = first.estimates[name], second.estimates[name]
        counted = name not in first.samples and name not in second.samples
        if counted and all(each.low is None and each.high is None and each.value is not None for each in estimates):
            continue  # a count, with nothing random that one could test
        differences[name] = difference(name, first, second)
    tested = sum(each is not None for each in differences.values()) or 1
    return [
        _row(protocol, name, observables[name], names, findings, difference, equivalences.get(name), tested)
        for name, difference in differences.items()
    ]


def _row(
    protocol: str,
    name: str,
    observable: Observable,
    names: tuple[str, str],
    findings: tuple[Findings, Findings],
    difference: Difference | None,
    margin: float | None,
    tested: int,
) -> DistributionRow:
    equivalence = observable.equivalence if margin is None else margin
    low, high = difference.interval(0.95) if difference else (None, None)
    inner = difference.interval(0.90) if difference else (None, None)
    first, second = findings
    one, two = first.estimates[name], second.estimates[name]
    notes = dict.fromkeys(f"{who}: {each.note}" for who, each in zip(names, (one, two), strict=True) if each.note)
    if difference and difference.paired and first.samples[name] == second.samples[name]:
        notes["the same for every seed; the interval is that of the brackets"] = None
    return DistributionRow(
        protocol=protocol,
        observable=name,
        unit=observable.unit,
        first=names[0],
        second=names[1],
        values=(one.value, two.value),
        difference=difference.value if difference else None,
        low=low,
        high=high,
        equal_low=inner[0],
        equal_high=inner[1],
        equivalence=equivalence,
        count=difference.count if difference else min(one.count, two.count),
        paired=difference.paired if difference else False,
        verdict=judge(difference, equivalence, tested) if difference else "not compared",
        note="; ".join(notes) if difference else "an estimate or its interval is missing",
    )
