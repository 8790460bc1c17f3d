"""Lists: one JSON document on request, and faulty plugins among the rows."""

import json
import re
from importlib.metadata import version


def test_plugins_are_listed_for_people_and_programs(jamharness):
    """The same rows, as a table and as JSON."""
    rows = jamharness("plugins", "--json").document["plugins"]
    (numpy,) = [row for row in rows if row["name"] == "numpy"]
    assert (numpy["kind"], numpy["state"], numpy["api"]) == ("backend", "ready", "1.0")
    assert numpy["distribution"] == "jamharness"
    assert numpy["version"] == version("jamharness")
    assert numpy["versions"]["numpy"] == version("numpy")
    table = jamharness("plugins")
    assert table.code == 0
    assert table.err == ""
    for row in rows:
        assert re.search(rf"{row['kind']} +{re.escape(row['name'])} ", table.out)


def test_a_broken_plugin_is_listed_and_the_rest_works(jamharness, plugin_distribution):
    """It prints on import, then fails: standard output stays clean, and the exit code is 0."""
    folder = plugin_distribution(
        "wreck", {"wreck_plugin": "print('noise')\nimport no_such_library"}, {"wreck": "wreck_plugin"}
    )
    outcome = jamharness("plugins", "--json", path=[folder])
    assert outcome.code == 0
    (row,) = [row for row in outcome.document["plugins"] if row["name"] == "wreck"]
    assert row["state"] == "broken"
    assert "no_such_library" in row["reason"]
    strict = jamharness("plugins", "--strict-plugins", path=[folder])
    assert strict.code == 2
    assert any("no_such_library" in sentence for sentence in strict.sentences)
    assert "Traceback" not in strict.err


def test_disabling_by_option_and_by_environment(jamharness):
    """Both hide a plugin, and a command that needs it says why it is not there."""
    for arguments, environment in ((["--disable", "numpy"], {}), ([], {"JAMHARNESS_DISABLE": "numpy"})):
        rows = jamharness(*arguments, "plugins", "--json", **environment).document["plugins"]
        assert [row["state"] for row in rows if row["name"] == "numpy"] == ["disabled"]
        outcome = jamharness("run", "coins", "--backend", "numpy", *arguments, **environment)
        outcome.refused("Backend 'numpy' is disabled by")


def test_protocols_are_listed_and_described(jamharness):
    """A name shows settings with sources, presets and observables."""
    rows = jamharness("protocols", "--json").document["protocols"]
    assert "coins" in [row["name"] for row in rows]
    document = jamharness("protocols", "coins", "--json").document
    assert document["settings"][0] == {
        "name": "seeds",
        "default": "4",
        "allowed": "a whole number",
        "help": "How many means.",
        "source": "arXiv 0000.00000, Methods",
        "required": False,
    }
    assert document["presets"] == {"quick": {"seeds": 2}}
    assert document["observables"]["mean"]["unit"] == "heads"
    assert "arXiv 0000.00000, Methods" in " ".join(jamharness("protocols", "coins").out.split())


def test_a_data_set_is_described(jamharness, work):
    """What it holds and where it is looked for; one's own file too; what is missing is said, and where it would lie."""
    digits = jamharness("datasets", "digits", "--json").document
    assert digits["patterns"] == "1438 for training, 359 for tests"
    assert digits["classes"].startswith("10, with")
    (work / "own.csv").write_text("a,b,kind\n" + "".join(f"{n % 7},{n % 3},{n % 2}\n" for n in range(40)))
    assert jamharness("datasets", "file:own.csv", "--json").document["patterns"] == "32 for training, 8 for tests"
    mnist = jamharness("datasets", "mnist", JAMHARNESS_DATA=str(work)).out
    assert str(work / "mnist") in "".join(mnist.split()) or "not ready" in mnist
    jamharness("datasets", "digitz").refused("Unknown dataset 'digitz'")


def test_datasets_are_listed(jamharness):
    """Names to put after dataset=."""
    names = [row["name"] for row in jamharness("datasets", "--json").document["datasets"]]
    assert {"random", "digits"} <= set(names)
    assert "random" in jamharness("datasets").out


def test_systems_are_listed(jamharness):
    """By the name under which their cells are stored."""
    rows = {row["name"]: row for row in jamharness("systems", "--json").document["systems"]}
    networks = {
        "fully_connected", "parametrised", "spherical", "classifier", "committee", "layered", "toy", "small_net",
        "resnet18",
    }  # fmt: skip
    assert set(rows) == networks | {"perceptron", "spheres", "ellipses", "p_spin"}
    assert {(row["kind"], row["state"]) for row in rows.values()} == {("system", "ready")}
    assert "a fully connected network" in jamharness("systems").out
    one = jamharness("systems", "spheres", "--json").document
    rows = {row["name"]: row for row in one["settings"]}
    assert (rows["particles"]["default"], rows["particles"]["help"]) == ("64", "n.")
    assert "prevents crystals" in rows["size_ratio"]["help"]
    shown = jamharness("systems", "spheres")
    assert (shown.code, "size_ratio" in shown.out, "prevents crystals" in shown.out) == (0, True, True)
    refused = jamharness("systems", "sphere")
    assert (refused.code, refused.err.count("spheres")) == (2, 2)


def test_help_and_version_go_to_standard_output(jamharness):
    """Asking is not an error."""
    for arguments in ([], ["--help"], ["-h"]):
        outcome = jamharness(*arguments)
        assert outcome.code == 0
        assert "Commands:" in outcome.out
    assert "--backend NAME" in jamharness("run", "--help").out
    assert jamharness("--version").out == f"jamharness {version('jamharness')}\n"


def test_a_screen_without_greek_is_no_error(jamharness):
    """Characters that cannot be shown are replaced."""
    outcome = jamharness("datasets", PYTHONIOENCODING="ascii")
    assert outcome.code == 0
    assert "8?8" in outcome.out


def test_every_protocol_has_its_own_document(capfd):
    """With its settings, which of them must be given, and its observables with what was published of them."""
    from jamharness.cli.entry import main
    from jamharness.plugins import Plugins

    for name in Plugins.load().protocols:
        assert main(["protocols", name, "--json"]) == 0
        document = json.loads(capfd.readouterr().out)
        assert document["observables"], name
        assert all(isinstance(row["required"], bool) for row in document["settings"]), name
