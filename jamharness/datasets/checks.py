"""What can be said against a request before any data are read."""

from jamharness.api import DataRequest, unknown_name
from jamharness.datasets.classes import ALL, choice_problem

LABELS = ("alternate", "random")
PROJECTIONS = ("whitened", "plain", "none")
FITS = ("train", "pooled")


def request_problems(request: DataRequest, *, endless: bool) -> list[str]:
    """One sentence for everything that is wrong with a request whatever the data hold; empty when nothing is.

    Arguments:
        request: what was asked for.
        endless: the data set is drawn, not read, so that the number of patterns must be given.
    """
    problems = []
    if request.inputs < 1:
        problems.append(f"inputs = {request.inputs}: the dimension of a pattern must be at least 1.")
    for kind, name, allowed in (
        ("labels", request.labels, LABELS),
        ("projection", request.projection, PROJECTIONS),
        ("fit", request.fit, FITS),
    ):
        if name not in allowed:
            problems.append(unknown_name(kind, name, allowed))
    if problem := choice_problem(request.classes):
        problems.append(problem)
    if not 0 <= request.test_fraction < 1:
        problems.append(f"test_fraction = {request.test_fraction}: must be at least 0 and below 1, such as 0.2.")
    return [*problems, *_pattern_problems(request, endless=endless)]


def _pattern_problems(request: DataRequest, *, endless: bool) -> list[str]:
    P = request.patterns
    if P is None:
        return (
            [f"patterns: data set {request.dataset!r} has no end; say how many, such as patterns = 1000."]
            if endless
            else []
        )
    alternate = request.labels != "random" and request.classes != ALL
    if P < 1:
        least = 2 if alternate else 1
        return [f"patterns = {P}: the number of patterns must be at least {least}."]
    if alternate and P % 2:
        near = f"{P - 1} or {P + 1}" if P > 1 else "2"
        return [f"patterns = {P}: alternating labels need an even number, so that the classes balance; try {near}."]
    return []
