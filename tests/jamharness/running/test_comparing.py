"""Runs beside each other: the differences with their intervals."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jamharness.api import BadInput, Estimate, Findings
from jamharness.plugins import Plugins
from jamharness.render.comparing import comparison
from jamharness.render.screen import Screen
from jamharness.running import ProtocolRun, Run
from jamharness.running.comparing import Comparison, EstimateRow, SettingRow, compare_runs
from jamharness.running.differences import difference, independent_difference, paired_difference


def estimate(value: float, half: float = 0.1, count: int = 4) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, count=count)


def test_a_difference_is_taken_seed_by_seed_where_both_have_the_seeds():
    """Student's interval over the seeds that both have; what the seeds share falls out."""
    shared = np.array([1.0, 5.0, 3.0, 9.0])
    one = Findings(
        estimates={"x": estimate(5.0)},
        tables={},
        samples={"x": dict(zip("0123", shared + np.array([1, 1.1, 0.9, 1]), strict=True))},
    )
    two = Findings(
        estimates={"x": estimate(4.5)}, tables={}, samples={"x": dict(zip("1234", [5.0, 3.0, 9.0, 7.0], strict=True))}
    )
    paired = difference("x", one, two)
    assert paired is not None
    assert (paired.paired, paired.count, paired.value) == (True, 3, pytest.approx(1.0))
    low, high = paired.interval(0.95)
    # 1.1, 0.9 and 1: s = 0.1, t(2) = 4.303.
    assert high - low == pytest.approx(2 * 4.3027 * 0.1 / np.sqrt(3), rel=1e-3)


def test_without_common_seeds_the_intervals_decide():
    """And without an interval there is no telling."""
    one = Findings(estimates={"x": estimate(5.0)}, tables={}, samples={"x": {"0": 5.0}})
    two = Findings(estimates={"x": estimate(4.5)}, tables={}, samples={"x": {"9": 4.5}})
    unpaired = difference("x", one, two)
    assert unpaired is not None
    assert not unpaired.paired
    assert unpaired.interval(0.95) == pytest.approx((0.5 - 0.1 * np.sqrt(2), 0.5 + 0.1 * np.sqrt(2)))
    bare = Findings(estimates={"x": Estimate(value=1.0, count=1)}, tables={})
    assert difference("x", one, bare) is None


def test_backends_are_compared_by_the_same_statistics():
    """They are written once."""
    from jamharness.agreement import distribution

    assert distribution.difference is difference
    assert not hasattr(distribution, "_NORMAL")
    assert all(callable(each) for each in (paired_difference, independent_difference))


def test_runs_of_one_store_are_compared(lab: Any):
    """Settings that differ, all estimates, and what the protocol draws over each other, if it does."""
    one, two = lab.run(settings={"seeds": 3}), lab.run(settings={"seeds": 4})
    compared = compare_runs([one, two], Plugins.load())
    (row,) = [row for row in compared.settings if row.name == "seeds"]
    assert (row.protocol, row.values, row.absent) == ("drift", (3, 4), (False, False))
    assert {row.name for row in compared.estimates} == set(one.estimates["drift"])
    document: Any = compared.to_json()
    assert document["compared"] == [one.name, two.name]
    assert document["exit"] == compared.exit
    for name in (one.name, two.name):
        assert document["estimates"][0]["values"][name]["count"] > 0


def test_a_run_is_not_compared_with_itself(lab: Any):
    """Nor with nothing."""
    run = lab.run()
    for runs in ([run], [run, run], []):
        with pytest.raises(BadInput, match="name at least two"):
            compare_runs(runs, Plugins.load())


def a_comparison(differing: bool = True) -> Comparison:
    paired = paired_difference({"0": 1.5, "1": 1.75, "2": 1.6}, {"0": 1.25, "1": 1.5, "2": 1.45})
    return Comparison(
        runs=("first-1234", "second-5678"),
        settings=[SettingRow(protocol="jamming", name="width", values=(3, None), absent=(False, True))],
        estimates=[
            EstimateRow(
                protocol="jamming", name="critical_ratio_parameters", estimates=(estimate(1.4), estimate(1.617)),
                differences=(paired if differing else None,),
            ),
            EstimateRow(protocol="margins", name="theta", estimates=(estimate(0.3), None), differences=(None,)),
        ],
    )  # fmt: skip


@pytest.mark.parametrize("width", [20, 30, 40, 50, 60, 80, 100, 200])
def test_the_tables_of_a_comparison_fit_every_terminal(width):
    """Values beside each other, their difference, and where a protocol is missing."""
    screen = Screen(file=io.StringIO(), width=width, color_system=None)
    screen.print(comparison(a_comparison()))
    words = screen.file.getvalue().split()  # type: ignore[attr-defined]
    for word in ("1.40", "1.62", "0.22", "jamming.critical_ratio_parameters", "second-5678", "alone."):
        assert any(word in shown for shown in words), word


def test_nothing_to_compare_is_said_and_is_exit_code_1():
    """As elsewhere: the question was not answered."""
    assert a_comparison().exit == 0
    compared = a_comparison(differing=False)
    assert compared.exit == 1
    screen = Screen(file=io.StringIO(), width=80, color_system=None)
    screen.print(comparison(compared))
    assert "none has an interval in both" in screen.file.getvalue()  # type: ignore[attr-defined]


def test_runs_of_protocols_that_are_gone_are_still_compared(lab: Any):
    """Without their figures."""
    one, two = lab.run(settings={"seeds": 3}), lab.run(settings={"seeds": 4})

    def renamed(run: Run) -> Run:
        part: ProtocolRun = run.protocols["drift"]
        return Run(
            name=run.name, status="finished", protocols={"gone": part}, files=[], environment={}, store=Path(run.store)
        )

    compared = compare_runs([renamed(one), renamed(two)], Plugins.load())
    assert compared.estimates
    assert compared.files == []
