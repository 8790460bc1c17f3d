"""Cells that need others, and tasks that protocols share."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from jamharness.running import open_run, resume


def measured(lab: Any) -> Counter[str]:
    return Counter(lab.log.read_text().splitlines()) if lab.log.exists() else Counter()


def test_what_a_cell_needs_is_measured_first_and_once(lab: Any) -> None:
    """Three sums of neighbouring walks need four; their results arrive in order, and analysis sees all seven cells."""
    run = lab.run(protocols="pair")
    assert measured(lab) == {**{f"walk {seed}": 1 for seed in range(4)}, **{f"sum {seed}": 1 for seed in range(3)}}
    assert run.protocols["pair"].cells == {"done": 7, "failed": 0, "reused": 0}
    assert run.estimates["pair"]["total"].count == 7
    from jamharness.api import generator

    ends = [float((generator("walk", seed).standard_normal(5) + 1.0).sum()) for seed in range(4)]
    assert run.estimates["pair"]["total"].value == pytest.approx(sum(a - 2 * b for a, b in pairwise(ends)), rel=1e-12)


def test_another_protocol_finds_a_shared_task_in_the_store(lab: Any) -> None:
    """Whichever asks first; a run from the store sees the same cells and the same numbers."""
    assert lab.run(protocols="walks").protocols["walks"].cells == {"done": 4, "failed": 0, "reused": 0}
    first = lab.run(protocols="pair")
    assert first.protocols["pair"].cells == {"done": 7, "failed": 0, "reused": 4}
    again = lab.run(protocols="pair")
    assert again.protocols["pair"].cells == {"done": 7, "failed": 0, "reused": 7}
    assert sum(measured(lab).values()) == 7
    assert open_run(first.name, lab.store).to_json() == again.to_json()


def test_a_need_that_fails_fails_what_needs_it(lab: Any) -> None:
    """With a sentence that names it; the rest goes on; resuming tries it again."""
    run = lab.run(protocols="pair", settings={"trouble": 1})
    assert run.protocols["pair"].cells == {"done": 4, "failed": 3, "reused": 0}
    reasons = dict(run.protocols["pair"].failures)
    assert reasons["walk 1"] == "ValueError: lost its way (walk.py, line 9)"
    for label in ("sum 0", "sum 1"):
        assert reasons[label] == f"It needs walk (walk 1), which failed: {reasons['walk 1']}"
    assert open_run(run.name, lab.store).protocols["pair"].failures == run.protocols["pair"].failures
    assert resume(run.name, store=lab.store).protocols["pair"].cells == {"done": 4, "failed": 3, "reused": 4}


def test_a_cell_of_the_store_waits_for_what_it_needs_too(lab: Any) -> None:
    """A needed cell that was lost is measured again, so that the analysis sees what it saw."""
    first = lab.run(protocols="pair")
    lost = next(
        path
        for path in lab.store.glob("cells/*/*.json")
        if '"label": "walk 2"' in path.read_text() or '"label":"walk 2"' in path.read_text()
    )
    lost.unlink()
    again = lab.run(protocols="pair")
    assert again.protocols["pair"].cells == {"done": 7, "failed": 0, "reused": 6}
    assert again.estimates == first.estimates
    assert measured(lab)["walk 2"] == 2


@pytest.mark.parametrize(
    ("module", "again"),
    [
        ("jamlab.pictures", {}),
        ("jamlab.pair", {}),
        ("jamlab.plugin", {}),
        ("jamlab.data", {}),
        ("jamlab.sums", {"sum": 3}),
        ("jamlab.walk", {"sum": 3, "walk": 4}),
        ("jamhelper", {"sum": 3, "walk": 4}),
        ("jamlab.backend", {"sum": 3, "walk": 4}),
    ],
)
def test_an_edit_recomputes_what_it_computed_and_nothing_else(lab: Any, module: str, again: dict[str, int]) -> None:
    """Figures, the protocol and other modules: nothing; a task: its cells and those that need them; a helper: its."""
    lab.run(protocols="pair")
    before = measured(lab)
    with lab.folder.joinpath(*module.split(".")).with_suffix(".py").open("a") as file:
        file.write("\n# edited\n")
    lab.run(protocols="pair")
    kinds: Counter[str] = Counter()
    for name, count in (measured(lab) - before).items():
        kinds[name.split()[0]] += count
    assert dict(kinds) == again


def test_an_edited_helper_of_another_top_level_module_gives_its_own_numbers(lab: Any) -> None:
    """A second package beside the plugin's is part of what computes."""
    first = lab.run(protocols="pair").estimates["pair"]["total"].value
    (lab.folder / "jamhelper.py").write_text("OFFSET = 2.0\n")
    second = lab.run(protocols="pair")
    assert second.protocols["pair"].cells["reused"] == 0
    assert second.estimates["pair"]["total"].value == pytest.approx(first - 3 * 5, abs=1e-9)


def test_a_module_that_no_statement_imports_is_an_error_of_the_plugin(lab: Any) -> None:
    """Its change could not be noticed; the sentence names it, and every attempt fails, not the first alone."""
    run = lab.run(protocols="pair", settings={"task": "sly"}, workers=1)
    failures = dict(run.protocols["pair"].failures)
    assert len(failures) == 3
    assert all(text.startswith("Module 'jamsly' took part and no import statement") for text in failures.values())
    path = lab.folder / "jamlab" / "sly.py"
    path.write_text(path.read_text() + "\n\ndef never():\n    import jamsly\n")
    assert lab.run(protocols="pair", settings={"task": "sly"}).protocols["pair"].cells["failed"] == 0


def test_another_version_of_a_distribution_is_another_computation(lab: Any) -> None:
    """Of the protocol's, though every file is the same; the record says which it was."""
    first = lab.run(protocols="pair")
    assert first.environment["plugins"]["jamlab"]["version"] == "1.0"
    assert first.environment["plugins"]["jamlab"]["protocol"] == "pair"
    assert first.environment["plugins"]["jamlab"]["backend"] == "toy"
    metadata = next(lab.folder.glob("*.dist-info")) / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    second = lab.run(protocols="pair")
    assert second.protocols["pair"].cells["reused"] == 0
    assert second.environment["plugins"]["jamlab"]["version"] == "1.1"
