"""A run verifies as it was computed, and no longer when anything of it was changed."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jamharness
from jamharness.api import CellResult, Estimate
from jamharness.cli import main
from jamharness.store import Store
from jamharness.store.cells import read_cell, write_cell
from jamharness.verifying import Verification, verify_run
from jamharness.verifying.files import check_files

SETTINGS = {"width": 4, "depth": 1, "seeds": 3, "constraint": "none"}


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a real run of three protocols, with its figures."""
    store = tmp_path_factory.mktemp("verified") / "store"
    done = jamharness.run(
        ["jamming", "spectrum", "margins"], backend="numpy", settings=SETTINGS, store=store, name="small", workers=1
    )
    assert done.status == "finished"
    return store


@pytest.fixture(scope="session")
def jammed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a real run of networks at fixed |w|, at jamming and compressed beyond it."""
    store = tmp_path_factory.mktemp("jammed") / "store"
    settings = {"width": 4, "depth": 1, "seeds": 2}
    jamharness.run("spectrum", backend="numpy", settings=settings, store=store, name="jammed", workers=1)
    return store


@pytest.fixture
def store(computed: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    shutil.copytree(computed, tmp_path / "store")
    return tmp_path / "store"


def cells_of(store: Path, task: str, outcome: str = "") -> list[Path]:
    """The files of the run's cells of a task, those that ended in a certain way."""
    paths = []
    for path in sorted((store / "cells").glob("*/*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["identity"]["cell"]["task"] == task and outcome in ("", document["values"]["outcome"]):
            paths.append(path)
    return paths


def forge(path: Path, edit: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change values and arrays of a cell, and write it as the store itself would: with all its checksums right."""
    stored = read_cell(path)
    assert stored is not None
    values, arrays = dict(stored.result.values), {name: np.array(each) for name, each in stored.result.arrays.items()}
    edit(values, arrays)
    write_cell(path, replace(stored, result=CellResult(values=values, arrays=arrays)))
    assert read_cell(path) is not None


def claims(verification: Verification) -> set[tuple[str, str]]:
    """What is wrong: kind and claim."""
    return {(row.kind, row.claim) for row in verification.wrong}


def test_a_run_verifies(computed):
    """Every file, every verdict, every estimate; and nothing is left unchecked."""
    verification = verify_run("small", computed)
    assert verification.wrong == []
    assert verification.unchecked == []
    assert verification.exit == 0
    counts = verification.counts()
    run = jamharness.open_run("small", computed)
    estimates = sum(len(part) for part in run.estimates.values())
    assert counts["estimates"] == (estimates + 2 * len(run.protocols), 0, 0)
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (computed / "cells").glob("*/*.json")]
    outcomes = [document["values"]["outcome"] for document in documents]
    for outcome in ("satisfied", "minimum"):
        assert counts[outcome] == (outcomes.count(outcome), 0, 0)
        assert counts[outcome][0] > 3
    figures = list((computed / "figures").glob("*/*.png"))
    assert counts["files"] == (2 + len(outcomes) + len(figures), 0, 0)
    assert len(figures) >= 2


def test_every_file_is_sealed(computed):
    """The seal covers all that the run has in the store."""
    digests: dict[str, str] = {}
    home = Store(computed, create=False)
    assert all(row.holds for row in check_files(home, home.run("small"), digests))
    there = {str(path.relative_to(computed)) for path in computed.rglob("*") if path.is_file()}
    assert {name for name in there if not Path(name).name.startswith(".")} == set(digests)
    for name, digest in digests.items():
        assert hashlib.sha256((computed / name).read_bytes()).hexdigest() == digest


def test_a_changed_byte_of_any_file_is_caught(store):
    """The first, the last and forty others of every file: another bit, a missing byte, or one more."""
    home, draw = Store(store, create=False), random.Random(1)
    record = home.run("small")
    paths = [path for path in sorted(store.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    assert len(paths) > 20
    for path in paths:
        data = path.read_bytes()
        name = str(path.relative_to(store))
        key = path.stem if path.parent.parent.name == "cells" else None
        # Of the cells only the one that is changed is read again, or this would take minutes.
        figures = record.figures if path.suffix == ".png" else {}
        narrowed = replace(record, cells={"jamming": [key] if key else []}, figures=figures)
        places = {0, len(data) - 1, *(draw.randrange(len(data)) for _ in range(40))}
        for place in places:
            changed = draw.choice([
                data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :],
                data[:place] + data[place + 1 :],
                data[:place] + b" " + data[place:],
            ])  # fmt: skip
            path.write_bytes(changed)
            if name == "runs/small.json":
                narrowed = replace(home.find_run("small") or record, cells={}, figures={})
            rows = [row for row in check_files(home, narrowed, {}) if not row.holds]
            assert len(rows) == 1, (name, place)
            assert Path(rows[0].about).stem == path.stem
        path.write_bytes(data)


def test_another_text_for_the_same_values_is_a_change(store):
    """Such as a space between two of them, which no checksum over values sees."""
    path = cells_of(store, "minimisation", "minimum")[0]
    text = path.read_text(encoding="utf-8")
    other = text.replace(',"label":', ', "label":')
    assert other != text
    assert json.loads(other) == json.loads(text)
    path.write_text(other, encoding="utf-8")
    assert claims(verify_run("small", store)) == {("files", "bytes")}


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_swapped_cells_are_caught(store, suffix):
    """Two whole files that have changed places."""
    first, second = (path.with_suffix(suffix) for path in cells_of(store, "minimisation", "minimum")[:2])
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    verification = verify_run("small", store)
    assert {row.about for row in verification.wrong if row.kind == "files"} == {
        str(path.with_suffix(".json").relative_to(store)) for path in (first, second)
    }


@pytest.mark.parametrize(
    ("outcome", "edit", "claim"),
    [
        ("minimum", lambda values, _: values.update(unsatisfied=values["unsatisfied"] + 1), "N_Δ"),
        ("minimum", lambda values, _: values.update(loss=values["loss"] * (1 + 1e-7)), "L"),
        ("minimum", lambda values, _: values.update(outcome="satisfied", unsatisfied=0, loss=0.0), "satisfied"),
        ("minimum", lambda _, arrays: arrays["w"].__imul__(1.001), "margins"),
        ("satisfied", lambda _, arrays: arrays["margins"].__iadd__(1e-6), "margins"),
        ("satisfied", lambda values, arrays: (arrays["w"].__imul__(0.2), values.update(reason="")), "satisfied"),
    ],
)
def test_edited_verdicts_are_caught(store, outcome, edit, claim):
    """Also when all checksums are made right again."""
    path = cells_of(store, "minimisation", outcome)[0]
    forge(path, edit)
    verification = verify_run("small", store)
    assert claim in {row.claim for row in verification.wrong if row.about.startswith(path.stem[:12])}
    assert verification.exit == 1


def test_an_edited_spectrum_is_caught(store):
    """Its eigenvalues, and the minimisation that it says it is of."""
    path = cells_of(store, "spectrum")[0]
    forge(path, lambda _, arrays: arrays["H0"].__iadd__(1e-3))
    assert {claim for _, claim in claims(verify_run("small", store))} >= {"tr H0", "tr H"}
    other = cells_of(store, "margins")[0]
    forge(other, lambda values, _: values.update(loss=values["loss"] + 1))
    assert "minimisation" in {claim for _, claim in claims(verify_run("small", store))}


def test_networks_at_jamming_verify(jammed):
    """At fixed |w|, where they jam and beyond: all cells have formulas."""
    verification = verify_run("jammed", jammed)
    assert (verification.wrong, verification.unchecked) == ([], [])
    counts = verification.counts()
    assert counts["jammed"] == (2, 0, 0)
    assert counts["minimum"][0] >= 4
    assert {row.claim for row in verification.rows} >= {"sphere", "contacts", "forces", "balance", "curvature", "L"}


def signs_of(path, name):
    """The stored numbers of negative and positive eigenvalues."""
    values = json.loads(path.read_text(encoding="utf-8"))["values"]
    return values[f"negative_{name}"], values[f"positive_{name}"]


@pytest.mark.parametrize(
    ("task", "edit", "claim"),
    [
        ("approach", lambda _, arrays: arrays["w"].__imul__(1 + 1e-9), "sphere"),
        ("approach", lambda _, arrays: arrays["contacts"].__iadd__(1), "contacts"),
        ("approach", lambda _, arrays: arrays["forces"].__imul__(1.01), "forces"),
        ("approach", lambda values, _: values.update(margin=values["margin"] + 1e-6), "L"),
        ("spectrum", lambda _, arrays: arrays["w"].__setitem__(slice(None), arrays["w"][::-1].copy()), "balance"),
        ("spectrum", lambda _, arrays: arrays["Hp"].__imul__(-1), "signs of Hp"),
    ],
)
def test_edited_networks_at_jamming_are_caught(jammed, tmp_path, task, edit, claim):
    """With all checksums made right again."""
    shutil.copytree(jammed, tmp_path / "store")
    paths = cells_of(tmp_path / "store", task)
    if claim == "signs of Hp":  # at jamming all of them may be zero to rounding
        paths = [path for path in paths if signs_of(path, "Hp")[0] != signs_of(path, "Hp")[1]]
    path = paths[0]
    forge(path, edit)
    wrong = verify_run("jammed", tmp_path / "store").wrong
    assert claim in {row.claim for row in wrong if row.about.startswith(path.stem[:12])}


def test_an_edited_estimate_is_caught(store):
    """A conclusion with a right checksum that does not follow from the cells."""
    home = Store(store, create=False)
    record = home.run("small")
    conclusion = record.conclusions["jamming"]
    ratio = conclusion.estimates["critical_ratio"]
    better = Estimate(value=3.0, low=ratio.low, high=ratio.high, count=ratio.count, note=ratio.note)
    estimates = {**conclusion.estimates, "critical_ratio": better}
    home.write_run(
        replace(record, conclusions={**record.conclusions, "jamming": replace(conclusion, estimates=estimates)})
    )
    (row,) = verify_run("small", store).wrong
    assert (row.about, row.claim) == ("jamming: critical_ratio", "follows from the cells")


def test_a_cell_that_is_left_out_is_caught(store):
    """Of a record that was written anew: its protocol would still plan it, or finds something else without it."""
    home = Store(store, create=False)
    record = home.run("small")
    searched = set(record.cells["jamming"]) - set(record.cells["spectrum"])
    for dropped_key in sorted(searched)[:3] or [min(record.cells["jamming"])]:
        cells = {name: [key for key in keys if key != dropped_key] for name, keys in record.cells.items()}
        home.write_run(replace(record, cells=cells))
        assert {kind for kind, _ in claims(verify_run("small", store))} == {"estimates"}


def test_other_patterns_are_caught(store, monkeypatch):
    """Where a data set gives others today than the cells were computed on."""
    from jamharness.api import Patterns
    from jamharness.verifying import session

    def other(_factory: str, request: Any) -> Patterns:
        x = np.random.default_rng(0).standard_normal((request.patterns, request.inputs))
        return Patterns(x=x, y=np.resize([-1.0, 1.0], len(x)), x_test=x[:0], y_test=x[:0, 0])

    monkeypatch.setattr(session, "load", other)
    wrong = verify_run("small", store).wrong
    assert wrong
    assert all("other patterns" in row.numbers for row in wrong)


def test_what_nothing_checks_is_caught_by_its_seal_alone(store):
    """Times, say, with checksums made right: the run verifies, and no longer has the seal that was noted before."""
    before = verify_run("small", store)
    forge(cells_of(store, "minimisation", "minimum")[0], lambda values, _: values.update(iterations=1))
    assert verify_run("small", store).seal != before.seal
    assert claims(verify_run("small", store, seal=before.seal)) >= {("files", "the seal")}


def test_what_has_no_proof_is_told_and_not_counted(tmp_path):
    """A run of perceptrons: its files and estimates are checked, its cells are said not to be."""
    jamharness.run(
        "jamming", backend="numpy", store=tmp_path / "store", name="other", workers=1, figures="none",
        settings={"system": "perceptron", "dimension": 10, "seeds": 2},
    )  # fmt: skip
    verification = verify_run("other", tmp_path / "store")
    assert verification.exit == 0
    assert {row.numbers for row in verification.unchecked} == {"there are no formulas for this system and loss"}
    (part,) = jamharness.open_run("other", tmp_path / "store").protocols.values()
    assert len(verification.unchecked) == part.cells["done"]


def test_the_command_ends_with_1_where_something_does_not_verify(store, capfd):
    """And with 0 where all does; a record that cannot be read is told, too."""
    assert main(["verify", "small", "--store", str(store)]) == 0
    output = " ".join(capfd.readouterr().out.split())  # lines are broken where the store's name makes them long
    assert "Verified." in output
    seal = output.split("Seal of its files: ")[1].split()[0]
    assert main(["verify", "small", "--store", str(store), "--seal", seal, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["seal"] == seal
    assert document["counts"]["files"]["wrong"] == 0
    path = cells_of(store, "minimisation", "satisfied")[0]
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["verify", "small", "--store", str(store), "--seal", seal]) == 1
    output = capfd.readouterr().out
    assert "Not verified." in output
    assert path.name in output
    record = store / "runs" / "small.json"
    record.write_bytes(record.read_bytes().replace(b"numpy", b"numpi", 1))
    assert main(["verify", "small", "--store", str(store), "--json"]) == 1
    assert json.loads(capfd.readouterr().out)["counts"]["files"]["wrong"] == 1
    assert main(["verify", "smal", "--store", str(store)]) == 2
    assert main(["verify", "small", "--store", str(store), "--seal", "12"]) == 2
    assert "--seal '12' is no seal" in capfd.readouterr().err
