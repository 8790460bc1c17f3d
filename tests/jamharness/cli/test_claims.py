"""register and run --claim: what is predicted before it is measured, and what becomes of it."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jamharness.api import generator
from jamharness.cli import main
from jamharness.store import Store

MEAN = float(np.mean([generator("coins", seed).standard_normal() for seed in range(4)]))
"""What the toy protocol finds with its defaults, ± 0.5."""
CLAIM = """
protocol = "coins"
estimate = "mean"
expected = {expected}
margin = {margin}
statement = "Coins are fair."

[run]
backend = "numpy"

[settings]
seeds = {seeds}
"""


@pytest.fixture
def coins(tmp_path, surroundings, monkeypatch, capfd):
    """A function that calls a command within this process, in a folder of its own, and returns code, out and err."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    plugin = surroundings["PYTHONPATH"].partition(os.pathsep)[0]
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", plugin, prepend=os.pathsep)
    monkeypatch.setenv("XDG_CONFIG_HOME", surroundings["XDG_CONFIG_HOME"])
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        sys.modules.pop("coins_plugin", None)
        capfd.readouterr()
        code = main([*arguments])
        out, err = capfd.readouterr()
        return code, out, err

    yield call
    sys.modules.pop("coins_plugin", None)


def write(name, expected=0.0, margin=1.0, seeds=4, **settings):
    """A claim in the current folder."""
    text = CLAIM.format(expected=expected, margin=margin, seeds=seeds)
    text += "".join(f"{key} = {value!r}\n" for key, value in settings.items())
    Path(name).write_text(text, encoding="utf-8")


def register(coins, name="claim.toml"):
    """The digest of a claim that can be registered."""
    code, out, err = coins("register", name, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)["claim"]


def measured(coins, claim, *options):
    """The exit code of a claim's run, and its document."""
    code, out, _ = coins("run", "--claim", claim, "--workers", "1", "--quiet", "--json", *options)
    return code, json.loads(out)


def test_a_claim_is_confirmed_refuted_or_undecided(coins):
    """With exit codes 0, 1 and 3, from the digest, its beginning or the file; show and the record say the same."""
    claims = {
        "near": (MEAN, 0.6, "confirmed", 0),
        "far": (MEAN + 2, 1.0, "refuted", 1),
        "narrow": (MEAN, 0.4, "undecided", 3),
    }
    digests = {}
    for name, (expected, margin, _, _) in claims.items():
        write(f"{name}.toml", expected, margin)
        digests[name] = register(coins, f"{name}.toml")
    references = {"near": digests["near"], "far": digests["far"][:8], "narrow": "narrow.toml"}
    for name, (expected, margin, verdict, exit_code) in claims.items():
        code, document = measured(coins, references[name])
        assert (code, document["exit"], document["claim"]["verdict"]) == (exit_code, exit_code, verdict)
        assert document["claim"]["digest"] == digests[name]
        assert (document["claim"]["low"], document["claim"]["high"]) == (expected - margin, expected + margin)
        code, out, _ = coins("show", document["run"])
        assert code == exit_code
        assert f"The claim is {verdict}: its 95% interval" in out
        assert "Coins are fair." in out
    rows = json.loads(coins("runs", "--json")[1])["runs"]
    assert {row["claim"]["verdict"] for row in rows} == {"confirmed", "refuted", "undecided"}
    assert "claim refuted" in coins("runs")[1]
    assert coins("report", document["run"], "-o", "page.html")[0] == 3
    page = Path("page.html").read_text(encoding="utf-8")
    assert "? undecided" in page
    assert f"Coins are fair. mean from {MEAN - 0.4:.12g} to {MEAN + 0.4:.12g} heads" in page
    code, out, _ = coins("resume", document["run"], "--json", "--quiet")
    assert (code, json.loads(out)["claim"]) == (3, document["claim"])


def test_a_claim_that_comes_too_late_is_refused(coins):
    """The first cell that is there is named; what was registered before, registered again, stays as it was."""
    write("early.toml")
    early = register(coins, "early.toml")
    assert coins("run", "coins", "--backend", "numpy", "--set", "seeds=1", "--workers", "1", "--quiet")[0] == 0
    (key,) = [path.stem for path in Store("jamharness-store").root.glob("cells/*/*.json")]
    write("late.toml", margin=0.2)
    code, out, err = coins("register", "late.toml")
    assert (code, out) == (2, "")
    assert f"1 cell of it is in the store already: coin 0 (numpy, {key[:12]})" in err
    assert register(coins, "early.toml") == early
    write("other.toml", margin=0.2, seed=4)
    register(coins, "other.toml")


def test_cells_that_are_older_than_the_claim_decide_nothing(coins):
    """Their files tell; here one is made to."""
    write("claim.toml")
    register(coins)
    assert coins("run", "coins", "--backend", "numpy", "--workers", "1", "--quiet")[0] == 0
    path = sorted(Store("jamharness-store").root.glob("cells/*/*.json"))[0]
    assert measured(coins, "claim.toml", "--name", "fresh")[0] == 0
    os.utime(path, (0, 0))
    code, document = measured(coins, "claim.toml", "--name", "stale")
    assert code == 3
    assert document["claim"]["reason"] == f"1 cell is older than the registration, such as {path.stem[:12]}"


def test_an_edited_claim_is_refused(coins):
    """It is said what was edited; and a registered file that was changed counts for nothing."""
    write("claim.toml")
    digest = register(coins)
    write("claim.toml", margin=2.0, seeds=5)
    code, out, err = coins("run", "--claim", "claim.toml")
    assert (code, out) == (2, "")
    assert "(margin = 1.0 registered, 2.0 now; setting seeds = 4 registered, 5 now)" in err
    write("stranger.toml", seed=7)
    assert "'stranger.toml' is not registered in this store" in coins("run", "--claim", "stranger.toml")[2]
    path = Store("jamharness-store").root / "registered" / f"{digest}.json"
    path.write_text(path.read_text().replace('"margin":1.0', '"margin":9.0'))
    code, _, err = coins("run", "--claim", digest)
    assert code == 2
    assert "another digest than its name" in err
    assert "no registered claim" in err


def test_nothing_that_a_claim_has_fixed_can_be_given(coins):
    """One sentence for each."""
    write("claim.toml")
    register(coins)
    arguments = (
        "coins",
        "--set",
        "seeds=2",
        "--backend",
        "numpy",
        "--seed",
        "3",
        "--sweep",
        "seeds=1,2",
        "--preset",
        "quick",
    )
    code, _, err = coins("run", *arguments, "--claim", "claim.toml")
    assert code == 2
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        "coins", "--sweep", "--set", "--backend", "--preset", "--seed",
    ]  # fmt: skip


def test_other_code_is_told(coins, surroundings):
    """The verdict stands; what differs stands beside it, in the record too."""
    write("claim.toml", MEAN, 0.6)
    digest = register(coins)
    path = Path(surroundings["PYTHONPATH"].partition(os.pathsep)[0]) / "coins_plugin.py"
    path.write_text(path.read_text() + "\n# Another version.\n")
    code, document = measured(coins, digest)
    assert code == 0
    assert document["claim"]["deviations"] == ["coins_plugin (coins)", "coins_plugin (plan and analysis)"]
    assert "It did not run as it was registered: coins_plugin (coins)" in coins("show", document["run"])[1]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"faulty": 1}, "1 cell failed"), ({"aim": "objection"}, "the protocol has no answer: The coins were not asked")],
)
def test_without_all_answers_a_claim_is_undecided(coins, settings, reason):
    """Whatever the interval."""
    write("claim.toml", 0.0, 50.0, **settings)
    register(coins)
    code, document = measured(coins, "claim.toml")
    assert (code, document["claim"]["verdict"]) == (3, "undecided")
    assert document["claim"]["reason"].startswith(reason)


def test_a_verdict_that_was_edited_is_found(coins):
    """verify judges the recorded estimate again, and compares the claim with its digest; right checksums or not."""
    write("claim.toml", MEAN + 2, 1.0)
    register(coins)
    _, document = measured(coins, "claim.toml")
    assert coins("verify", document["run"], "--json")[0] == 0
    store = Store("jamharness-store")
    coins("export", document["run"], "-o", "crate", "--crate")
    assert coins("verify", document["run"], "--store", "crate/store")[0] == 0
    assert coins("run", "--claim", document["claim"]["digest"], "--store", "crate/store", "--quiet")[0] == 1
    record = store.run(document["run"])
    store.write_run(replace(record, claim={**record.claim, "verdict": "confirmed"}))
    code, out, _ = coins("verify", document["run"])
    assert code == 1
    assert "is confirmed does not hold" in out
    wider = {**record.claim["document"]["prediction"], "margin": 9.0}
    edited = {**record.claim["document"], "prediction": wider}
    store.write_run(replace(record, claim={**record.claim, "document": edited}))
    assert "is what was registered does not hold" in coins("verify", document["run"])[1]
    assert coins("show", document["run"])[0] == 2


def test_all_that_is_wrong_with_a_claim_is_told_at_once(coins):
    """What the file says, and what the protocol says to it."""
    lines = [
        'protocol = "coins"',
        'estimate = "maen"',
        "expected = 3",
        "margn = 1",
        "[run]",
        "[settings]",
        'seeds = "x"',
    ]
    Path("claim.toml").write_text("\n".join(lines), encoding="utf-8")
    code, _, err = coins("register", "claim.toml")
    assert code == 2
    for words in ("'margn'", "no margin", "no backend", "seeds = 'x'"):
        assert words in err
    Path("claim.toml").write_text("\n".join([*lines[:2], "expectd = 3", *lines[4:]]), encoding="utf-8")
    err = coins("register", "claim.toml")[2]
    assert "'expectd'" in err
    assert "did you mean 'expected'" in err
    assert "no key expected" in err
    assert "None" not in err
    write("claim.toml", '"upward"', -1)
    err = coins("register", "claim.toml")[2]
    assert "unknown sign 'upward'".lower() in err.lower()
    assert "margin = -1" in err
    assert "does not exist" in coins("register", "nothing.toml")[2]
    assert not Path("jamharness-store").exists()
