"""runs, show and export on stores that are not as they should be."""

import json
import shutil

import pytest

COINS = ("run", "coins", "--backend", "numpy", "--workers", "1", "--name", "first", "--quiet")


def test_missing_cells_are_told_in_every_form(jamharness, work):
    """Exit 1, the recorded estimate, the keys in the documents, a sentence for people; resuming mends it."""
    before = jamharness(*COINS, "--json").document
    assert (before["status"], before["missing"]) == ("finished", {})
    cell = min(work.glob("jamharness-store/cells/*/*.json"))
    cell.unlink()
    shown = jamharness("show", "first", "--json")
    assert shown.code == shown.document["exit"] == 1
    assert shown.document["missing"] == {"coins": [cell.stem]}
    estimates = [document["protocols"]["coins"]["estimates"] for document in (before, shown.document)]
    assert estimates[0] == estimates[1]
    text = jamharness("show", "first")
    assert text.code == 1
    assert "1 of its 4 cells is missing" in " ".join(text.out.split())
    exported = jamharness("export", "first", "-o", "out")
    assert exported.code == 1
    assert "1 of its 4 cells is missing" in exported.err
    document = json.loads((work / "out" / "run.json").read_text())
    assert (document["exit"], document["missing"]) == (1, shown.document["missing"])
    assert document["protocols"]["coins"]["estimates"] == estimates[0]
    assert jamharness("resume", "first", "--quiet").code == 0
    assert jamharness("show", "first", "--json").code == 0


def test_a_store_that_cannot_be_listed_is_not_an_empty_one(jamharness, work):
    """Exit 2 and one sentence that names the folder, from every command that looks there."""
    assert jamharness(*COINS).code == 0
    store = work / "jamharness-store"
    shutil.move(store / "runs", store / "kept")
    (store / "runs").symlink_to(store / "runs")
    jamharness("runs").refused("its folder 'runs'")
    jamharness("runs", "--json").refused("its folder 'runs'")


@pytest.mark.parametrize("command", [("runs",), ("show", "first"), ("export", "first"), ("resume", "first"), COINS])
@pytest.mark.parametrize("store", ["", "~nosuchuser-of-jamharness/x", "x" * 300])
def test_a_store_of_impossible_name_is_bad_input(jamharness, work, command, store):
    """One sentence; nothing is written here instead."""
    outcome = jamharness(*command, "--store", store)
    outcome.refused("Store " if store else "--store '' names no folder")
    assert list(work.iterdir()) == []


def test_a_folder_in_place_of_a_record_is_named(jamharness, work):
    """Shown, resumed or run again; the other runs are listed."""
    assert jamharness(*COINS).code == 0
    record = work / "jamharness-store" / "runs" / "first.json"
    shutil.copy(record, record.with_name("second.json"))
    record.unlink()
    record.mkdir()
    for command in (("show", "first"), ("resume", "first"), COINS, ("export", "first")):
        outcome = jamharness(*command)
        assert outcome.code == 2
        assert str(record) in outcome.err, command
        assert len([line for line in outcome.sentences if str(record) in line]) == 1
    rows = jamharness("runs", "--json").document["runs"]
    assert [row["status"] for row in rows if row["run"] == "first"] == ["unreadable"]


def test_a_forged_record_breaks_no_list(jamharness, work):
    """Its row says what is wrong, without what a terminal would obey."""
    assert jamharness(*COINS).code == 0
    from jamharness.api import digest

    runs = work / "jamharness-store" / "runs"
    document = json.loads((runs / "first.json").read_text())
    del document["checksum"]
    for part, wrong in (("spent", {"coins": "9"}), ("created", 3), ("cells", [1]), ("status", "\x1b[31mdone")):
        forged = {**document, "record": {**document["record"], part: wrong}}
        (runs / f"{part}.json").write_text(json.dumps({**forged, "checksum": digest(forged)}))
    listed = jamharness("runs")
    assert listed.code == 0
    assert "first" in listed.out
    assert "\x1b" not in listed.out + listed.err
    assert [row["status"] for row in jamharness("runs", "--json").document["runs"]].count("unreadable") == 4


def test_what_is_said_of_a_run_elsewhere_finds_it_again(jamharness, work):
    """The command that is named can be typed as it stands: with the store, where it is not this folder's own."""
    ran = jamharness("run", "coins", "--backend", "numpy", "--store", "other place", "--name", "far")
    assert f"jamharness show far --store '{work / 'other place'}'" in " ".join(ran.out.split())
    assert jamharness("show", "far", "--store", str(work / "other place")).code == 0
    assert "--store" not in jamharness("run", "coins", "--backend", "numpy", "--name", "near").out
