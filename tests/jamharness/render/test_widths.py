"""Every table that the commands print, at the widths of terminals: nothing that holds a digit is cut."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jamharness.agreement.result import Agreement
from jamharness.agreement.rows import DistributionRow, ExactRow, HorizonRow
from jamharness.api import Estimate, Findings, Observable
from jamharness.benching import Timing
from jamharness.doctor import Finding
from jamharness.plugins import PluginRow
from jamharness.render import listings
from jamharness.render.agreement import agreement
from jamharness.render.benching import timings
from jamharness.render.health import health
from jamharness.render.screen import Screen
from jamharness.render.summary import details, summary
from jamharness.running import ProtocolRun, Run
from jamharness.settings import SettingRow
from jamharness.store import RunRecord

WIDTHS = (20, 30, 40, 50, 60, 80, 100, 200)

OBSERVABLES = {
    name: {
        "critical_ratio_parameters": Observable(
            unit="P/N_w", meaning="mean over seeds", source="arXiv 1809.09349", comparison="exact", published="≈ 3"
        )
    }
    for name in ("jamming", "margins")
}


def a_run() -> Run:
    findings = Findings(
        estimates={
            "critical_ratio_parameters": Estimate(
                value=1.5012345, low=1.234567, high=1.765432, count=12, note="3 of 12 seeds have no end"
            ),
            "gap": Estimate(value=-1.234567891e-300, count=0),
        },
        tables={
            "trials": pd.DataFrame(
                {"patterns": [10**12, 22222], "loss": [1.23456e-17, np.nan], "reason": "Of 17 patterns all 17 hold."}
            )
        },
        arrays={"gaps": np.zeros((3, 444))},
        objection="Only 12 of 23456789 seeds: raise highest_ratio above 12.5.",
    )
    part = ProtocolRun(
        settings={"relative": [0.123456789012, 1.4], "budget": 10**15},
        findings=findings,
        cells={"done": 1234567, "failed": 2, "reused": 1234},
        seconds=75.0,
        failures=[("seed 123456, P = 98765", "ValueError: 1.23e-16"), ("seed 2", "ValueError: 1.23e-16")],
    )
    return Run(
        name="jamming-0123456789",
        status="finished",
        protocols={"jamming": part, "margins": part},
        files=["figures/jamming-0123456789/jamming-jump.png"],
        environment={"versions": {"numpy": "2.4.6.dev0+g123456"}, "memory": 134217728},
        store=Path(),
    )


def a_comparison() -> Agreement:
    exact = {"comparison_point": "p", "state": "initial", "units": 0.1}
    labels = {"protocol": "jamming", "unit": "P/N", "first": "torch", "second": "numpy", "values": (1.5, 1.6)}
    inner = {"equal_low": 0.0, "equal_high": 0.1}
    return Agreement(
        name="a",
        backends=("torch", "tensorflow"),
        reference="numpy",
        dtype="float64",
        exact=[
            ExactRow(
                backend=backend, reference="numpy", quantity="hessian_eigenvalues", error=9.9e-14, condition=123.4,
                bound=1.2e-11, verdict="agree", **exact,
            )
            for backend in ("torch", "tensorflow", "tensorflow-cpu")
        ],
        horizon=[
            HorizonRow(
                backend="tensorflow", reference="numpy", comparison_point="p", method="adam", updates=100000,
                parted=12345, bound=1e-9, growth=0.0123, twin=23456, verdict="differ",
            )
        ],
        distribution=[
            DistributionRow(
                observable="critical_ratio_parameters", difference=-0.123, low=-1.25, high=1.75, equivalence=0.25,
                count=12, paired=True, verdict="too few seeds", note="2 of 12 seeds open", **labels, **inner,
            )
        ],
        failures={"jax": "jax 0.4.35 cannot be imported."},
        files=["figures/agreement-0123456789/trajectories.png"],
        seconds=61.0,
    )  # fmt: skip


TABLES = {
    "summary": lambda: summary(a_run(), OBSERVABLES),
    "show": lambda: details(a_run(), OBSERVABLES, {"jamming": {"budget": 10**15}, "margins": {}}),
    "show --all": lambda: details(a_run(), OBSERVABLES, None),
    "agreement": lambda: agreement(a_comparison()),
    "runs": lambda: listings.runs(
        [
            RunRecord(
                name="jamming-0123456789", created="2026-01-02T03:04:05+00:00", status="finished", backend="torch",
                protocols={"jamming": {}}, cells={"jamming": ["a"] * 12}, spent={"jamming": 61.0},
                process={"user": "ada", "host": "engine-12"},
            )
        ],
        {"jamming-0123456789": {"relative": [0.7, 1.4]}},
        {
            "jamming-0123456789": {
                "jamming": {"critical_ratio": {"value": 1.5, "low": 1.25, "high": 1.75, "count": 12}}
            }
        },
    ),
    "plugins": lambda: listings.plugins(
        [
            PluginRow(
                kind="backend", name="fast", distribution="fast-net", version="1.2.3.dev456", api="1.0",
                capabilities=("hessian",), versions={"jax": "0.4.35"}, state="broken", reason="jax 0.4.35 is too old",
            )
        ]
    ),
    "protocol": lambda: listings.protocol(
        PluginRow(kind="protocol", name="jamming", distribution="d", version="1", summary="as in arXiv 1809.09349"),
        [SettingRow(name="highest_ratio", default="12.5", allowed="a number", help="up to 12.5", source="1809.09349")],
        {"quick": {"seeds": 6, "relative": (0.7, 1.4)}},
        OBSERVABLES["jamming"],
    ),
    "bench": lambda: timings(
        [
            Timing(backend=name, rate=123.4, seconds={"loss_and_gradient": 1.23e-5, "hessian": 0.0123}, verdict=1.23)
            for name in ("numpy", "torch", "tensorflow")
        ],
        "h = d = 12, L = 3, P/N_w = 2.5, float64",
    ),
    "doctor": lambda: health(
        [Finding(topic="machine", state="warning", text="16 of 128.5 GiB are free.", advice="Free 12.5 GiB.")]
    ),
}  # fmt: skip


def text(renderable, width: int) -> str:
    screen = Screen(file=io.StringIO(), width=width, markup=False, highlight=False, color_system=None)
    screen.print(renderable)
    return screen.file.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TABLES)
def test_what_holds_a_digit_is_never_cut(name, width):
    """Every word with a digit that a screen without end shows is there whole on a narrow one, and as often."""
    expected = re.findall(r"\S*\d\S*", text(TABLES[name](), 10_000))
    shown = re.findall(r"\S*\d\S*", text(TABLES[name](), width))
    assert expected
    assert set(expected) - {word.rstrip(":") for word in shown} - set(shown) == set()
