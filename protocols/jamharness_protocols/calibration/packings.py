"""Packings of spheres and of ellipses: how many contacts they must have, and which modes stand for those they lack."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jamharness_numerics.approach import approach
from jamharness_numerics.quartic import quartic_modes
from jamharness_systems.ellipses import Ellipses
from jamharness_systems.spheres import Spheres

from jamharness.api import Backend, Json, QuadraticHinge
from jamharness_protocols.calibration.rows import Calibration, Draw, Results, Row, contacts_of, exact_row

_START = 0.06
"""κ at which compressed packings begin, beyond the reference fraction."""


def _sphere_draws(full: bool) -> list[Draw]:
    sizes = {2: (256, 32), 3: (256, 32)} if full else {2: (40, 6), 3: (32, 4)}
    return [{"seed": seed, "dimension": d, "particles": n} for d, (n, count) in sizes.items() for seed in range(count)]


def _spheres(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    d, n = draw["dimension"], draw["particles"]
    # Equal spheres make wheels that are redundant by their geometry: a contact more, and a second state of self-stress.
    system = Spheres(particles=n, dimension=d, size_ratio=1.4, reference=0.84 if d == 2 else 0.64)
    end = approach(backend.problem(system, QuadraticHinge(margin=_START)), system.initial(draw["seed"]))
    contacts = contacts_of(draw, end.contacts)
    backbone = system.backbone(contacts)
    return {
        "excess": int(np.count_nonzero(backbone.contacts)) - backbone.isostatic, "rattlers": backbone.rattlers,
        "fraction": system.load(0, end.critical), "ending": end.ending,
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


def _ellipses(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    n = draw["particles"]
    system = Ellipses(particles=n, aspect=draw["aspect"])
    problem = backend.problem(system, QuadraticHinge(margin=_START))
    end = approach(problem, system.initial(draw["seed"]))
    contacts = contacts_of(draw, end.contacts)
    backbone = system.backbone(contacts)
    quartic = quartic_modes(problem.with_margin(end.margin), end.w, contacts)
    return {
        "missing": backbone.isostatic - int(np.count_nonzero(backbone.contacts)), "quartic": quartic,
        "fraction": system.load(0, end.critical), "rattlers": backbone.rattlers, "ending": end.ending,
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
