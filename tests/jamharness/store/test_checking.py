"""Records that somebody made up: none of them breaks anything, and none reaches the terminal as it is."""

import json
import os
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from jamharness.api import BadInput, CellResult, Estimate, digest
from jamharness.store import Conclusion, Failure, RunRecord, Store
from jamharness.store.values import encode

KEY = "ab" * 32
RECORD = RunRecord(
    name="mine",
    created="2025-01-01T00:00:00+00:00",
    status="finished",
    protocols={"jamming": {"width": 12}},
    seed=3,
    backend="numpy",
    cells={"jamming": [KEY]},
    failures={"jamming": [Failure(cell={"protocol": "jamming"}, label="P = 3", reason="no", detail="a\nb")]},
    conclusions={
        "jamming": Conclusion(
            estimates={"r": Estimate(value=1.5, low=float("-inf"), high=None, count=3, note="n")},
            samples={"r": {"0": 1.5}},
            resolution={"r": 0.1},
        )
    },
    reused={"jamming": 1},
    spent={"jamming": 1.25},
    environment={"python": "3"},
    process={"host": "here", "pid": 1},
)


def forge(store: Store, text: str | bytes | None = None, **changes: Any) -> Path:
    """A record with a checksum that is right."""
    path = store.root / "runs" / "forged.json"
    path.parent.mkdir(exist_ok=True)
    if text is None:
        document = {"format": 1, "record": {**asdict(RECORD), "name": "forged", **changes}}  # type: ignore[dict-item]
        document = encode(document)  # type: ignore[assignment]
        text = json.dumps({**document, "checksum": digest(document)})
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


WRONG = [3, 1.5, "x", "9" * 400, [], {}, True, None, ["x"], {"a": 1}, {"jamming": 3}, {"jamming": ["x"]},
         {"jamming": float("nan")}, {"jamming": -1.0}, {"jamming": 10**400}, {"jamming": [{"cell": 3}]},
         {"\x1b[31m": {}}, {"jamming": {"estimates": {"r": {"value": "1.5"}}}}]  # fmt: skip


@pytest.mark.parametrize("part", sorted(set(asdict(RECORD)) - {"name"}))
def test_a_record_with_parts_of_wrong_types_breaks_nothing(tmp_path: Path, part: str) -> None:
    """Each part by turns anything else: it is unreadable or it is a record on which one can reckon."""
    from jamharness.render.listings import runs as listing

    store = Store(tmp_path)
    store.write_run(RECORD)
    for wrong in WRONG:
        forge(store, **{part: wrong})
        records = {record.name: record for record in store.runs()}
        assert records["mine"] == RECORD
        forged = records["forged"]
        assert forged.status in ("unreadable", RECORD.status) or part == "status"
        assert forged.seconds >= 0
        listing(records.values(), {}, {name: record.estimates for name, record in records.items()})
        if forged.status == "unreadable":
            assert f"{part} = " in forged.problem or "no mapping" in forged.problem, (part, wrong)
            assert len(forged.problem) < 700
            assert "\n" not in forged.problem
            with pytest.raises(BadInput):
                store.run("forged")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        "9" * 100_000,
        '{"format": 1, "record": null, "checksum": "' + digest({"format": 1, "record": None}) + '"}',
        '{"format": NaN, "record": {}, "checksum": "x"}',
        b"\xff\xfe\x00",
    ],
)
def test_rubbish_beside_a_record_hides_it_not(tmp_path: Path, text: str | bytes) -> None:
    """Deep, long or of no encoding."""
    store = Store(tmp_path)
    store.write_run(RECORD)
    forge(store, text)
    assert [(record.name, record.status) for record in store.runs()] == [("forged", "unreadable"), ("mine", "finished")]


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """Neither as a record nor as a cell nor as its arrays."""
    store = Store(tmp_path)
    identity = {"cell": 1}
    key = store.key(identity)
    store.put(key, identity, CellResult(values={}, arrays={"w": __import__("numpy").zeros(3)}), 1.0)
    (tmp_path / "runs").mkdir()
    os.mkfifo(tmp_path / "runs" / "pipe.json")
    arrays = tmp_path / "cells" / key[:2] / f"{key}.npz"
    arrays.unlink()
    os.mkfifo(arrays)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.extend([store.runs()[0].status, store.read(key)]), daemon=True)
    thread.start()
    thread.join(10)
    assert answers == ["unreadable", None]
    store.put(key, identity, CellResult(values={"x": 1}), 1.0)
    assert store.get(key) is not None


def test_control_characters_of_a_record_are_escaped(tmp_path: Path) -> None:
    """In names, labels, reasons, the environment and the file's own name; settings stay what they were."""
    evil = "\x1b]0;owned\x07\u202e"
    store = Store(tmp_path)
    forge(
        store,
        problem=evil,
        backend=evil,
        failures={"jamming": [asdict(Failure(cell={"x": evil}, label=evil, reason=evil + "\n", detail=evil))]},
        environment={evil: {"x": [evil]}},
        protocols={"jamming": {"text": evil}},
    )
    record = store.run("forged")
    texts = json.dumps({**asdict(record), "protocols": {}}, default=str, ensure_ascii=False)
    assert not {"\x1b", "\x07", "\u202e"} & set(json.loads(json.dumps(texts)))
    assert record.problem == r"\x1b]0;owned\x07\u202e"
    assert record.failures["jamming"][0].reason.endswith("\n")
    assert record.protocols == {"jamming": {"text": evil}}
    (tmp_path / "runs" / f"{evil}.json").write_text("{")
    names = [record.name for record in store.runs()]
    assert r"\x1b]0;owned\x07\u202e" in names
    assert all(name.isprintable() for name in names)


def test_the_label_of_a_cell_is_escaped(tmp_path: Path) -> None:
    """As it is read."""
    store = Store(tmp_path)
    identity = {"cell": 1}
    key = store.key(identity)
    store.put(key, identity, CellResult(values={}), 1.0, "\x1b[2J")
    stored = store.read(key)
    assert stored is not None
    assert stored.label == r"\x1b[2J"


@pytest.mark.parametrize("text", ["{", '{"format": 2, "record": {}, "checksum": "x"}', ""])
def test_what_cannot_be_read_is_kept_when_a_record_takes_its_place(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged record, or one of another version: beside, under the next free number, and it is said where."""
    path = tmp_path / "runs" / "mine.json"
    for number in (1, 2):
        store = Store(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        assert "mine.json.unreadable-1" in store.runs()[0].problem
        assert "remove" not in store.runs()[0].problem
        store.write_run(RECORD)
        store.write_run(RECORD)
        assert store.run("mine") == RECORD
        assert (tmp_path / "runs" / f"mine.json.unreadable-{number}").read_text() == text
        assert f"mine.json.unreadable-{number}" in caplog.text
    assert len(store.runs()) == 1


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    """Whether it is read or written: a record, a cell, and the folder of the runs itself."""
    store = Store(tmp_path)
    store.write_run(RECORD)
    (tmp_path / "runs" / "other.json").mkdir()
    place = str(tmp_path / "runs" / "other.json")
    assert place in store.runs()[0].problem
    with pytest.raises(BadInput, match=place):
        store.run("other")
    with pytest.raises(BadInput, match=place):
        store.write_run(RunRecord(name="other"))
    identity = {"cell": 1}
    cell = tmp_path / "cells" / store.key(identity)[:2] / f"{store.key(identity)}.json"
    cell.mkdir(parents=True)
    with pytest.raises(BadInput, match=str(cell)):
        store.put(store.key(identity), identity, CellResult(values={}), 1.0)


@pytest.mark.parametrize("kind", ["file", "loop", "forbidden"])
def test_a_folder_of_runs_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, kind: str) -> None:
    """It is bad input and not "none"."""
    store = Store(tmp_path / "store")
    runs = tmp_path / "store" / "runs"
    if kind == "file":
        runs.write_text("")
    elif kind == "loop":
        runs.symlink_to(runs)
    else:
        if os.geteuid() == 0:
            pytest.skip("root may read everything")
        runs.mkdir(mode=0)
    with pytest.raises(BadInput, match=r"'runs'"):
        store.runs()


@pytest.mark.parametrize("path", ["", "x" * 300, "~nosuchuser-of-jamharness/store", "a\0b"])
def test_a_folder_of_impossible_name_is_one_sentence(path: str) -> None:
    """The empty name is not this folder."""
    with pytest.raises(BadInput, match="Store") as error:
        Store(path)
    assert len(error.value.problems) == 1


def test_a_record_under_another_name_is_not_taken_for_that_run(tmp_path: Path) -> None:
    """A copied file would show the numbers of one run as those of another."""
    store = Store(tmp_path)
    store.write_run(RECORD)
    (tmp_path / "runs" / "copy.json").write_bytes((tmp_path / "runs" / "mine.json").read_bytes())
    with pytest.raises(BadInput, match="it is that of run 'mine'"):
        store.run("copy")
    assert store.run("mine") == RECORD


def test_a_link_that_leads_nowhere_is_an_unreadable_run(tmp_path: Path) -> None:
    """It is listed, and kept beside when a record takes its place."""
    store = Store(tmp_path)
    store.write_run(RECORD)
    link = tmp_path / "runs" / "lost.json"
    link.symlink_to("nowhere")
    assert [(record.name, record.status) for record in store.runs()] == [("lost", "unreadable"), ("mine", "finished")]
    with pytest.raises(BadInput, match="No such file"):
        store.run("lost")
    store.write_run(replace(RECORD, name="lost"))
    assert store.run("lost").name == "lost"
    assert link.with_name("lost.json.unreadable-1").is_symlink()


def test_a_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    """A hole takes no space on the disk, and would take all of the memory."""
    store = Store(tmp_path)
    store.write_run(RECORD)
    with (tmp_path / "runs" / "huge.json").open("wb") as file:
        file.truncate(1 << 40)
    assert "more than any document" in next(record for record in store.runs() if record.name == "huge").problem
