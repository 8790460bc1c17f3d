"""The pytest plugin: options, and a summary by capability. Light: it is imported wherever jamharness is installed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PROPERTY = "jamharness_conformance"
OUTCOMES = ("passed", "failed", "skipped", "xfailed")
_MODULES = (
    "behaviour", "cases", "closed_forms", "compare", "contract", "core", "derivatives", "descent",
    "differentiation", "hints", "minimisations", "replicas", "ridges", "solutions", "steps", "suite", "systems", "ties",
    "values",
)  # fmt: skip
pytest.register_assert_rewrite(*(f"jamharness.testing.{name}" for name in _MODULES))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for the classes made of ``jamharness.testing.Conformance``."""
    group = parser.getgroup("jamharness", "conformance of jamharness backends")
    add = group.addoption
    add("--conformance-backend", metavar="NAME", help="The backend of a class that names none.")
    add("--conformance-device", metavar="DEVICE", help="cpu, cuda or cuda:i, for all classes.")
    add("--conformance-dtype", metavar="DTYPE", action="append", help="This dtype only. May be repeated.")
    add("--conformance-json", metavar="FILE", help="Write what was found to a file.")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """A table: by backend class and capability, how many tests ended how, and the worst error."""
    tests = _tests(terminalreporter)
    if not tests:
        return
    rows = summarise(tests)
    terminalreporter.section("conformance")
    for line in table(rows):
        terminalreporter.write_line(line)
    if file := config.getoption("conformance_json"):
        Path(file).write_text(json.dumps({"capabilities": rows, "tests": tests}, ensure_ascii=True), encoding="utf-8")


def _tests(reporter: Any) -> list[dict[str, Any]]:
    """One entry for each test of the suite: its name, how it ended, what it found."""
    tests: dict[str, dict[str, Any]] = {}
    for category, reports in reporter.stats.items():
        for report in reports:
            about = dict(getattr(report, "user_properties", ())).get(PROPERTY)
            if about is None:
                continue
            outcome = {"error": "failed", "xpassed": "failed"}.get(category, category)
            if outcome not in OUTCOMES:
                continue
            where, _, name = report.nodeid.rpartition("::")
            tests[report.nodeid] = {
                "class": where.rpartition("::")[2], "test": name, "outcome": outcome, "message": _message(report),
                **{key: _plain(value) for key, value in about.items()},
            }  # fmt: skip
    return [tests[key] for key in sorted(tests)]


def _message(report: Any) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr or "")


def _plain(value: Any) -> Any:
    """A value that JSON has: infinities become text."""
    return str(value) if isinstance(value, float) and value in (float("inf"), float("-inf")) else value


def summarise(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by class and capability, in order of names, with the worst error in each dtype among tests that compared."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for test in tests:
        groups.setdefault((test["class"], test["capability"]), []).append(test)
    rows = []
    for (owner, capability), group in sorted(groups.items()):
        counts = Counter(test["outcome"] for test in group)
        worst: dict[str, dict[str, Any]] = {}
        for test in group:
            if test["ratio"] is not None and float(test["ratio"]) >= float(
                worst.get(test["dtype"], {"ratio": 0.0})["ratio"]
            ):
                worst[test["dtype"]] = {key: test[key] for key in ("ratio", "error", "allowed", "quantity", "place")}
        rows.append({
            "class": owner, "capability": capability, **{name: counts[name] for name in OUTCOMES}, "worst": worst,
            "skipped_because": sorted({test["message"] for test in group if test["outcome"] == "skipped"}),
        })  # fmt: skip
    return rows


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The summary as lines of text: errors are in units of what is allowed, so that 1 is just right enough."""
    lines, owner = [], ""
    for row in rows:
        if row["class"] != owner:
            owner = row["class"]
            lines += [f"{owner}: worst errors in units of what is allowed", _HEAD]
        counts = f"{row['passed']:>7}{row['failed']:>7}{row['skipped']:>8}{row['xfailed']:>8}"
        errors = "".join(f"{_ratio(row['worst'].get(dtype)):>9}" for dtype in ("float64", "float32"))
        lines.append(f"{row['capability']:<20}{counts}{errors}  {_where(row)}".rstrip())
    return lines


_HEAD = (
    f"{'capability':<20}{'passed':>7}{'failed':>7}{'skipped':>8}{'xfailed':>8}{'float64':>9}{'float32':>9}  worst in"
)


def _ratio(worst: dict[str, Any] | None) -> str:
    return "" if worst is None else f"{float(worst['ratio']):.1g}"


def _where(row: dict[str, Any]) -> str:
    if not row["worst"]:
        return "; ".join(row["skipped_because"])
    worst = max(row["worst"].values(), key=lambda each: float(each["ratio"]))
    if float(worst["ratio"]) == 0:
        return "(all equal)"
    return ", ".join(filter(None, (worst["quantity"], worst["place"].partition(":")[0])))
