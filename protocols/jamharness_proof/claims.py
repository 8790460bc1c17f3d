"""What of a stored cell can be checked, task by task: None where these formulas say nothing of it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jamharness_proof.minimisation import UNIT, Network, verify

Checks = list[tuple[str, bool, str]]
_MATRICES = ("H", "H0", "Hp")
_ZERO = 10.0
"""Times ε ‖H‖ √N: eigenvalues below count as zero (docs/spectrum.md)."""
_TRACE = 1e-8
"""Relative to the sizes of the eigenvalues: what a framework's eigenvalues and sums of thousands may be off."""


def minimisation(identity: Any, values: Any, arrays: Any, x: Any, y: Any, _needed: Sequence[Any]) -> Checks | None:
    """The end of a minimisation of a fully connected network.

    Arguments:
        identity: of the cell, as its file has it.
        values: of its result.
        arrays: likewise, by name.
        x: (P, d) the patterns of its data set; None where it has none.
        y: (P,) their labels.
        _needed: values and arrays of the cells that it needs.

    Returns:
        Name, whether it holds, and the numbers, of each claim; None for a system or loss without a formula here.
    """
    cell = identity["cell"]
    if x is None or "fully_connected" not in (cell["system"] or {}) or "hinge" not in (cell["loss"] or {}):
        return None
    with np.errstate(all="ignore"):
        return list(verify(identity, values, arrays, x, y))


def margins(_identity: Any, values: Any, arrays: Any, _x: Any, _y: Any, needed: Sequence[Any]) -> Checks | None:
    """Margins are those of the minimisation that was needed; the pinned ones are unsatisfied. As ``minimisation``."""
    (trial, its) = needed[0]
    found = np.asarray(its["margins"])
    same = np.array_equal(found, np.asarray(arrays["margins"]))
    pinned = np.asarray(arrays["pinned"])
    return [
        _copied(values, trial),
        ("margins", same, "those of the minimisation"),
        ("pinned", not bool((pinned & (found <= 0)).any()), f"{int(pinned.sum())}, all of them unsatisfied"),
    ]


def spectrum(identity: Any, values: Any, arrays: Any, x: Any, y: Any, needed: Sequence[Any]) -> Checks | None:
    """The trace of H0 by formula, tr H = tr H0 + tr Hp, and the counts of signs. As ``minimisation``."""
    cell, (trial, its) = identity["cell"], needed[0]
    if x is None or "fully_connected" not in cell["system"] or any(name not in arrays for name in _MATRICES):
        return None
    spectra = {name: np.asarray(arrays[name], float) for name in _MATRICES}
    count, network = cell["coordinates"]["patterns"], cell["system"]["fully_connected"]
    name, _, beta = network["activation"].rstrip(")").partition("(")
    kappa = cell["loss"]["hinge"]["margin"] + np.array(cell["loss"]["hinge"]["offsets"] or [0.0])
    net = Network(network, (name, float(beta or 1)), x[:count], y[:count], kappa)
    trace = net.gradient(np.asarray(its["w"], float))[2]
    room = _TRACE * sum(float(abs(each).sum()) for each in spectra.values())
    sums = {name: math.fsum(each) for name, each in spectra.items()}
    checks = [
        _copied(values, trial),
        ("tr H0", abs(sums["H0"] - trace) <= room, f"{sums['H0']:.9g}, {trace:.9g} by formula"),
        ("tr H", abs(sums["H"] - sums["H0"] - sums["Hp"]) <= room, "tr H0 + tr Hp"),
    ]
    sizes = {name: float(abs(each).max(initial=0)) for name, each in spectra.items()}
    for name, each in spectra.items():
        # What rounding makes of a zero: relative to the largest of the matrices that were added.
        norm = max(sizes.values()) if name == "H" else sizes[name]
        limit = _ZERO * 2 * UNIT[identity["dtype"]] * norm * math.sqrt(len(each))
        signs = int((each < -limit).sum()), int((abs(each) <= limit).sum()), int((each > limit).sum())
        stored = tuple(values[f"{sign}_{name}"] for sign in ("negative", "zero", "positive"))
        checks.append(
            (f"signs of {name}", signs == stored and sum(signs) == len(its["w"]), f"{signs}, {stored} stored")
        )
    return checks


def _copied(values: Any, trial: Any) -> tuple[str, bool, str]:
    wrong = [name for name in trial if values.get(name) != trial[name]]
    return "minimisation", not wrong, f"{', '.join(wrong)} differ" if wrong else "what it found is what stands here"


Proof = Callable[[Any, Any, Any, Any, Any, Sequence[Any]], Checks | None]
