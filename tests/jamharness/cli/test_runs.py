"""run, runs, show, resume and export, as the user meets them."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

COINS = ("run", "coins", "--backend", "numpy", "--workers", "1")


def test_a_run_shows_a_table_and_keeps_everything(jamharness, work):
    """The result on standard output, progress on standard error; runs, show, resume and export find it again."""
    outcome = jamharness(*COINS, "--name", "first")
    assert outcome.code == 0
    for words in ("mean", "-0.44 to 0.56", "about 0", "4 cells done", "jamharness show first"):
        assert words in outcome.out
    assert "Run first: coins" in outcome.err
    assert "stray" not in outcome.out

    (record,) = jamharness("runs", "--json").document["runs"]
    assert (record["run"], record["status"], record["cells"]) == ("first", "finished", 4)
    assert "first" in jamharness("runs").out

    shown = jamharness("show", "first", "--all")
    assert shown.code == 0
    for words in ("coins.throws", "0.108972", "processor", "seeds"):
        assert words in shown.out
    document = jamharness("show", "first", "--json").document
    assert document["status"] == "finished"
    assert document["protocols"]["coins"]["estimates"]["mean"]["count"] == 4

    again = jamharness("resume", "first", "--json").document
    assert again["protocols"]["coins"]["cells"] == {"done": 4, "failed": 0, "reused": 4}
    assert again["protocols"]["coins"]["estimates"] == document["protocols"]["coins"]["estimates"]

    written = jamharness("export", "first", "-o", "out")
    assert sorted(written.out.split()) == ["out/coins-throws.csv", "out/estimates.tex", "out/run.json"]
    assert (work / "out" / "coins-throws.csv").read_text().splitlines()[0] == "value"


def test_json_is_one_document_and_nothing_else(jamharness):
    """Whatever plugins and workers print; the exit code is in the document too."""
    outcome = jamharness(*COINS, "--json", "--quiet", "--seed", "7", "--set", "seeds=2", "--dtype", "float32")
    assert outcome.code == 0
    assert outcome.err == ""
    document = outcome.document
    assert list(document) == ["run", "exit", "status", "missing", "protocols", "files", "environment"]
    assert document["exit"] == 0
    part = document["protocols"]["coins"]
    assert part["settings"]["seed"] == 7
    assert part["cells"] == {"done": 2, "failed": 0, "reused": 0}
    assert document["environment"]["backend"]["dtype"] == "float32"


def test_an_objection_is_exit_code_1(jamharness):
    """The science said no; failed cells are listed with their reasons."""
    outcome = jamharness(*COINS, "--set", "aim=objection", "--set", "faulty=2")
    assert outcome.code == 1
    assert "The coins were not asked nicely; ask again." in outcome.out
    assert "2 cells failed:" in outcome.out
    assert "coin 0 and 1 other: ArithmeticError: the coin stood on its edge" in outcome.out
    assert "coin 0 failed: ArithmeticError" in outcome.err
    document = jamharness(*COINS, "--set", "aim=objection", "--json").document
    assert document["exit"] == 1


def test_quiet_says_nothing_on_standard_error(jamharness):
    """--quiet leaves the result only."""
    outcome = jamharness(*COINS, "--quiet", "--preset", "quick")
    assert outcome.err == ""
    assert "2 cells done" in outcome.out


def test_configuration_files_give_defaults(jamharness, work):
    """The command line wins over --config, which wins over ./jamharness.toml."""
    (work / "jamharness.toml").write_text(
        '[run]\nbackend = "nunpy"\nstore = "kept"\nseed = 1\n[settings]\npause = 0.01\n[settings.coins]\nseeds = 3\n'
    )
    (work / "mine.toml").write_text('[run]\nbackend = "numpy"\nworkers = 1\n[settings]\nseeds = 5\n')
    document = jamharness("run", "coins", "--config", "mine.toml", "--seed", "9", "--json").document
    settings = document["protocols"]["coins"]["settings"]
    assert (settings["seed"], settings["pause"], settings["seeds"]) == (9, 0.01, 3)
    assert (work / "kept").is_dir()
    assert document["run"] in jamharness("runs").out
    assert "coins" in jamharness("show", document["run"]).out


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(jamharness, surroundings, work):
    """Exit code 130, the command to type, and a run that can be resumed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jamharness", *COINS, "--name", "long", "--set", "pause=1", "--set", "seeds=60"],
        cwd=work,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(list(work.glob("jamharness-store/cells/*/*.json"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert re.search(r"^Interrupted. What is done is kept \(\d+ cells\); to go on: jamharness resume long$", err, re.M)
    assert "Traceback" not in err
    (record,) = jamharness("runs", "--json").document["runs"]
    assert record["status"] == "interrupted"
    assert record["cells"] >= 2


@pytest.mark.skipif(os.name != "posix", reason="pipes close differently elsewhere")
def test_a_reader_that_leaves_early_is_no_error(surroundings, work, jamharness):
    """As with ``jamharness plugins | head -1``."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "jamharness", "plugins", "--json"],
        cwd=work,
        env=surroundings,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_plugins_observe_is_a_finished_run(jamharness, plugin_distribution, work):
    """jamharness_run_finished gets the run; one that fails is a warning, and the exit code stands."""
    source = """
        import json, pathlib
        from jamharness.api import hookimpl

        @hookimpl
        def jamharness_run_finished(run):
            print("noted")
            pathlib.Path("noted.json").write_text(json.dumps(run.to_json()))
            raise OSError("the tracker is away")
    """
    folder = plugin_distribution("tracker", {"tracker_plugin": source}, {"tracker": "tracker_plugin"})
    outcome = jamharness(*COINS, "--json", path=[folder])
    assert outcome.code == 0
    assert outcome.document == json.loads((work / "noted.json").read_text())
    assert "the tracker is away" in outcome.err


def test_runs_and_show_say_what_is_no_default_and_what_was_found(jamharness):
    """The list has settings, estimate and owner; show has all settings on request alone."""
    outcome = jamharness(*COINS, "--name", "mine", "--set", "seeds=3", "--quiet", "--json")
    mean = outcome.document["protocols"]["coins"]["estimates"]["mean"]
    (row,) = jamharness("runs", "--json").document["runs"]
    assert row["changed"] == {"seeds": 3}
    assert row["estimates"]["coins"]["mean"] == mean
    assert row["host"]
    listed = jamharness("runs", COLUMNS="50").out
    for words in ("mine\n", "seeds=3", f"mean {mean['value']:.2f} (", f"@{row['host']}"):
        assert words in "\n".join(line.rstrip() for line in listed.splitlines())
    assert "pause" not in listed
    shown, everything = (jamharness("show", "mine", *more).out for more in ([], ["--all"]))
    assert shown.index("mean") < shown.index("seeds") < shown.index("Table coins.throws")
    assert "pause" not in shown
    assert "pause" in everything
    assert "python" in everything
