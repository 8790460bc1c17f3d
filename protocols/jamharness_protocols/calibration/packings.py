"""Packings of spheres and of ellipses: how many contacts they must have, and which modes stand for those they lack."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jamharness_numerics.approach import approach
from jamharness_systems.ellipses import Ellipses
from jamharness_systems.spheres import Spheres
from numpy.typing import NDArray

from jamharness.api import Array, Backend, DerivedProblem, Json, QuadraticHinge
from jamharness_protocols.calibration.rows import Calibration, Draw, Results, Row, contacts_of, exact_row

_START = 0.06
"""κ at which compressed packings begin, beyond the reference fraction."""
_SOFT = 1e-7
"""Of the largest eigenvalue of H0: below, a mode costs nothing at first order."""


def kept(particles: int, least: int, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]) -> NDArray[np.bool_]:
    """Which particles are no rattlers: those with fewer contacts than ``least`` are taken out until none is left.

    Arguments:
        particles: n.
        least: contacts that hold a particle.
        pairs: the particles of each contact, (N_Δ,) each.
    """
    (first, second), alive = pairs, np.ones(particles, dtype=bool)
    while True:
        held = alive[first] & alive[second]
        contacts = np.bincount(np.concatenate([first[held], second[held]]), minlength=particles)
        loose = alive & (contacts < least)
        if not loose.any():
            return alive
        alive &= ~loose


def _sphere_draws(full: bool) -> list[Draw]:
    sizes = {2: (256, 32), 3: (256, 32)} if full else {2: (40, 6), 3: (32, 4)}
    return [{"seed": seed, "dimension": d, "particles": n} for d, (n, count) in sizes.items() for seed in range(count)]


def _spheres(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    d, n = draw["dimension"], draw["particles"]
    # Equal spheres make wheels that are redundant by their geometry: a contact more, and a second state of self-stress.
    system = Spheres(particles=n, dimension=d, size_ratio=1.4, reference=0.84 if d == 2 else 0.64)
    end = approach(backend.problem(system, QuadraticHinge(margin=_START)), system.initial(draw["seed"]))
    contacts = contacts_of(draw, end.contacts)
    first, second = (index[contacts] for index in system.pairs)
    alive = kept(n, d + 1, (first, second))
    held, count = int(np.count_nonzero(alive[first] & alive[second])), int(np.count_nonzero(alive))
    return {
        "excess": held - (d * (count - 1) + 1), "rattlers": n - count, "fraction": system.load(0, end.critical),
        "ending": end.ending,
    }  # fmt: skip


def _sphere_rows(results: Results) -> list[Row]:
    rows = []
    for d in sorted({int(draw["dimension"]) for draw, _ in results}):  # type: ignore[arg-type]
        excess = [values["excess"] for draw, values in results if draw["dimension"] == d]
        source = "isostaticity: d(N′−1)+1 contacts without rattlers (O'Hern et al. 2003)"
        rows.append(exact_row("spheres", f"contacts − (d(N′−1)+1), {d}D, every packing", 0.0, excess, source))
    return rows


SPHERES = Calibration(
    name="spheres", about="packings of spheres are isostatic, every one", draws=_sphere_draws, measure=_spheres,
    rows=_sphere_rows,
)  # fmt: skip


def _ellipse_draws(full: bool) -> list[Draw]:
    n, count = (128, 8) if full else (20, 2)
    return [{"seed": seed, "aspect": a, "particles": n} for a in (1.05, 1.3, 1.6, 2.0) for seed in range(count)]


def quartic_modes(problem: DerivedProblem, w: Array, trivial: int) -> int:
    """How many modes that stretch no contact to first order are held by Hp alone: they cost energy at fourth order.

    Arguments:
        problem: at the margin of the packing.
        w: (N,) at rest just above jamming.
        trivial: zero modes of any such packing: translations, and all of a rattler's.
    """
    H0, Hp = problem.hessian(w)
    values, vectors = np.linalg.eigh(H0)
    soft = vectors[:, values < _SOFT * values[-1]]
    held = np.sort(np.linalg.eigvalsh(soft.T @ Hp @ soft))[::-1]
    positive = int(np.count_nonzero(held > 1e-5 * held[0])) if len(held) else 0
    return min(positive, int(soft.shape[1]) - trivial)


def _ellipses(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    n = draw["particles"]
    system = Ellipses(particles=n, aspect=draw["aspect"])
    problem = backend.problem(system, QuadraticHinge(margin=_START))
    end = approach(problem, system.initial(draw["seed"]), loss=1e-16)
    contacts = contacts_of(draw, end.contacts)
    first, second = (index[contacts] for index in system.pairs)
    count = int(np.count_nonzero(np.bincount(np.concatenate([first, second]), minlength=n)))
    missing = 3 * count - 1 - len(first)
    quartic = quartic_modes(problem.with_margin(end.margin), end.w, 2 + 3 * (n - count))
    return {
        "missing": missing, "quartic": quartic, "fraction": system.load(0, end.critical), "rattlers": n - count,
        "ending": end.ending,
    }  # fmt: skip


def _ellipse_rows(results: Results) -> list[Row]:
    rows = []
    for aspect in sorted({float(draw["aspect"]) for draw, _ in results}):  # type: ignore[arg-type]
        mine = [values for draw, values in results if draw["aspect"] == aspect]
        difference = [values["missing"] - values["quartic"] for values in mine]
        label = f"missing contacts − quartic modes, aspect {aspect:g}, every packing"
        rows.append(exact_row("ellipses", label, 0.0, difference, "arXiv 0812.1234"))
    return rows


ELLIPSES = Calibration(
    name="ellipses", about="every contact that an ellipse packing lacks is a quartic mode", draws=_ellipse_draws,
    measure=_ellipses, rows=_ellipse_rows,
)  # fmt: skip
