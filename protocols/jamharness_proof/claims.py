"""What of a stored cell can be checked, task by task: None where these formulas say nothing of it."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from jamharness_proof.minimisation import UNIT, Network, softest_of, verify

Checks = list[tuple[str, bool, str]]
_MATRICES = ("H", "H0", "Hp")
_ZERO = 10.0
"""Times ε ‖H‖ √N: eigenvalues below count as zero (docs/spectrum.md)."""
_RESTS, _JAMMED = 1e-8, 1e-4
"""Of the net force over its parts: at a minimum on a sphere; where an approach ends, as L vanishes."""
_BENT = 1e-10
"""Of the highest eigenvalue: one that lies below minus so much is negative."""
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
    delta = np.asarray(its["margins"])
    same = np.array_equal(delta, np.asarray(arrays["margins"]))
    pinned = np.asarray(arrays["pinned"])
    return [
        _copied(values, trial),
        ("margins", same, "those of the minimisation"),
        ("pinned", not bool((pinned & (delta <= 0)).any()), f"{int(pinned.sum())}, all of them unsatisfied"),
    ]


def spectrum(identity: Any, values: Any, arrays: Any, x: Any, y: Any, needed: Sequence[Any]) -> Checks | None:
    """The trace of H0 by formula, tr H = tr H0 + tr Hp, and the counts of signs. As ``minimisation``."""
    cell, (trial, its) = identity["cell"], needed[0]
    if x is not None and "spherical" in cell["system"] and "w" in arrays:
        _, _, checks, _ = _on_sphere(identity, values, arrays, x, y)
        return [*checks, *_signs(identity, values, {name: np.asarray(arrays[name], float) for name in _MATRICES})]
    if x is None or "fully_connected" not in cell["system"] or any(name not in arrays for name in _MATRICES):
        return None
    spectra = {name: np.asarray(arrays[name], float) for name in _MATRICES}
    count, network = cell["coordinates"]["patterns"], cell["system"]["fully_connected"]
    name, _, beta = network["activation"].rstrip(")").partition("(")
    kappa = cell["loss"]["hinge"]["margin"] + np.array(cell["loss"]["hinge"]["offsets"] or [0.0])
    net = Network(network, (name, float(beta or 1)), x[:count], y[:count], kappa)
    trace = net.derivatives(np.asarray(its["w"], float))[2]
    room = _TRACE * sum(float(abs(each).sum()) for each in spectra.values())
    sums = {name: math.fsum(each) for name, each in spectra.items()}
    checks = [
        _copied(values, trial),
        ("tr H0", abs(sums["H0"] - trace) <= room, f"{sums['H0']:.9g}, {trace:.9g} by formula"),
        ("tr H", abs(sums["H"] - sums["H0"] - sums["Hp"]) <= room, "tr H0 + tr Hp"),
    ]
    return [*checks, *_signs(identity, values, spectra)]


def _signs(identity: Any, values: Any, spectra: Any) -> Checks:
    """How many eigenvalues are negative, zero and positive."""
    checks, sizes = [], {name: float(abs(each).max(initial=0)) for name, each in spectra.items()}
    for name, each in spectra.items():
        # What rounding makes of a zero: relative to the largest of the matrices that were added.
        norm = max(sizes.values()) if name == "H" else sizes[name]
        limit = _ZERO * 2 * UNIT[identity["dtype"]] * norm * math.sqrt(len(each))
        signs = int((each < -limit).sum()), int((abs(each) <= limit).sum()), int((each > limit).sum())
        stored = tuple(values[f"{sign}_{name}"] for sign in ("negative", "zero", "positive"))
        checks.append((f"signs of {name}", signs == stored, f"{signs}, {stored} stored"))
    return checks


def approach(identity: Any, values: Any, arrays: Any, x: Any, y: Any, _needed: Sequence[Any]) -> Checks | None:
    """A network at fixed |w| that was brought to jamming: sphere, contacts, L, forces, balance. As ``minimisation``."""
    cell = identity["cell"]
    if x is None or "spherical" not in (cell["system"] or {}):
        return None
    net, w, checks, room = _on_sphere(identity, values, arrays, x, y)
    contacts, delta = np.asarray(arrays["contacts"]), net.delta(w)
    if not set(contacts) <= set(range(delta.size)):
        return [*checks, ("contacts", False, f"a pattern of {delta.size} that does not exist")]
    near = np.abs(delta) <= room
    same = set(np.flatnonzero((delta > 0) & ~near)) <= set(contacts) <= set(np.flatnonzero((delta > 0) | near))
    checks.append(("contacts", bool(same) and len(contacts) == values["contacts"], f"{len(contacts)} stored"))
    mean = float(delta[contacts].mean()) if len(contacts) else 1.0
    off = np.abs(np.asarray(arrays["forces"]) * mean - delta[contacts]) <= 4 * (room[contacts] + room.mean())
    checks.append(("forces", bool(off.all()), "proportional to the overlaps"))
    return checks


def _on_sphere(identity: Any, values: Any, arrays: Any, x: Any, y: Any) -> "tuple[Network, Any, Checks, Any]":
    """A network at rest on its sphere at a margin: the network, w, what holds of them, and the rounding of Δ."""
    system, count = identity["cell"]["system"]["spherical"], identity["cell"]["coordinates"]["patterns"]
    shape, w, u = system["network"], np.asarray(arrays["w"], float), UNIT[identity["dtype"]]
    name, _, beta = shape["activation"].rstrip(")").partition("(")
    net = Network(shape, (name, float(beta or 1)), x[:count], y[:count], np.array([float(values["margin"])]))
    ends = np.cumsum([0, *(n * m + m * net.bias for n, m in pairwise(net.sizes))])
    units = net.sizes[1:]
    if not system["layers"]:
        ends, units = ends[[0, -1]], [sum(units)]
    parts = [slice(start, end) for start, end in pairwise(ends)]
    away = max(abs(float(w[part] @ w[part]) / each - 1) for part, each in zip(parts, units, strict=True))
    room = 2 * net.rounding(w, u)
    delta = net.delta(w)
    low, high = (float(np.mean(np.maximum(delta + s * room, 0) ** 2)) / 2 * (1 + s * 1e-12) for s in (-1, 1))
    checks = [
        ("sphere", away <= 1e4 * u, f"|w|² is {away:.1g} of itself away"),
        ("L", low <= values["loss"] <= high, f"{values['loss']:.6g} stored, {low:.6g} to {high:.6g} found"),
    ]
    if name == "relu" and shape["depth"]:
        return net, w, checks, room  # it rests on kinks, whose slopes are none of what is stored

    def tangent(v: Any) -> Any:
        v = np.array(v)
        for part in parts:
            v[part] -= w[part] * (w[part] @ v[part]) / (w[part] @ w[part])
        return v

    # Nothing else has forces. L and its derivatives are means over all patterns, of which these are a part.
    on = delta > 0
    few = Network(shape, net.rule, net.x[on], net.y[on], net.kappa)
    force, size, trace, product = few.derivatives(w)
    pulls = [(part, float(w[part] @ force[part]) / float(w[part] @ w[part])) for part in parts]

    def curved(v: Any) -> Any:
        v = tangent(v)
        image = product(v)
        for part, pull in pulls:  # the sphere bends away from its tangent
            image[part] -= pull * v[part]
        return tangent(image)

    balance = float(np.linalg.norm(tangent(force))) / math.sqrt(2 * size * trace)
    lowest, highest, _ = softest_of(curved, len(w))
    at_jamming = "critical_margin" in values or identity["cell"]["coordinates"].get("relative") == 0
    bound = _JAMMED if at_jamming else _RESTS
    checks.append(("balance", balance < bound, f"net force {balance:.2g} of its parts, below {bound:g}"))
    holds = lowest >= -_BENT * highest
    checks.append(
        ("curvature", holds, f"lowest found {lowest * on.mean():.2g} of {highest * on.mean():.2g} along the sphere")
    )
    return net, w, checks, room


def _copied(values: Any, trial: Any) -> tuple[str, bool, str]:
    wrong = [name for name in trial if values.get(name) != trial[name]]
    return "minimisation", not wrong, f"{', '.join(wrong)} differ" if wrong else "what it found is what stands here"


Proof = Callable[[Any, Any, Any, Any, Any, Sequence[Any]], Checks | None]
