"""Bad input: exit code 2, one sentence for each thing that is wrong, and no traceback."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rum"], ["Unknown command 'rum'"]),
        (["run", "--sead", "3"], ["did you mean '--seed'?"]),
        (["run", "--seed"], ["Option '--seed' requires an argument"]),
        (["show"], ["Missing argument 'RUN…'; see: jamharness show --help"]),
        (["plugins", "extra"], ["see: jamharness plugins --help"]),
        (["--disable"], ["Option --disable needs the name of a plugin"]),
        (["plugins", "--disable", "nunpy"], ["did you mean 'numpy'?"]),
        (["protocols", "coin"], ["did you mean 'coins'?"]),
        (["run", "coins"], ["No backend is named; add --backend NAME (allowed: numpy"]),
        (["run", "coin", "--backend", "nunpy"], ["did you mean 'coins'?", "did you mean 'numpy'?"]),
        (
            [
                "run",
                "coins",
                "--backend",
                "nunpy",
                "--seed",
                "x",
                "--workers",
                "1.5",
                "--set",
                "seds=3",
                "--set",
                "seeds",
            ],
            [
                "--seed = 'x': it must be a whole number",
                "--workers = '1.5': it must be a whole number",
                "--set 'seeds' must read KEY=VALUE",
                "did you mean 'numpy'?",
                "did you mean 'seeds'?",
            ],
        ),
        (
            ["run", "coins", "--backend", "numpy", "--set", "seeds=0", "--set", "aim=don", "--preset", "quik"],
            ["did you mean 'quick'?", "did you mean 'done'?"],
        ),
        (["run", "coins", "--backend", "numpy", "--set", "seeds=0"], ["seeds = 0: at least 1 is needed."]),
        (["run", "coins", "--backend", "numpy", "--device", "gpu"], ["Unknown device 'gpu'"]),
        (["run", "coins", "--backend", "numpy", "--config", "none.toml"], ["'none.toml' does not exist"]),
        (["show", "nothing"], ["'nothing'"]),
        (["resume", "nothing"], ["'nothing'"]),
        (["resume", "nothing", "--workers", "few"], ["--workers = 'few'"]),
        (["export", "nothing"], ["'nothing'"]),
        (["runs", "--store", "file.txt"], ["file.txt"]),
        (["run", "coins", "--backend", "numpy", "--store", "file.txt", "--json"], ["file.txt"]),
    ],
)
def test_bad_input_is_told_in_sentences(jamharness, work, arguments, words):
    """Every wrong word is named at once, on standard error."""
    (work / "file.txt").write_text("not a store", encoding="utf-8")
    jamharness(*arguments).refused(*words)
    assert sorted(path.name for path in work.iterdir()) == ["file.txt"]


def test_a_configuration_file_is_checked_too(jamharness, work):
    """What is wrong in ./jamharness.toml comes with what is wrong on the command line."""
    (work / "jamharness.toml").write_text('[run]\nbakend = "numpy"\n', encoding="utf-8")
    jamharness("run", "coin", "--backend", "numpy").refused("did you mean 'backend'?", "did you mean 'coins'?")


def test_debug_shows_the_traceback(jamharness):
    """--debug may stand before or after the command."""
    for arguments in (["--debug", "protocols", "coin"], ["protocols", "coin", "--debug"]):
        outcome = jamharness(*arguments)
        assert outcome.code == 2
        assert "Traceback" in outcome.err
        assert outcome.sentences[-1].startswith("Unknown protocol 'coin'")


COMMANDS = """
    from jamharness.api import hookimpl

    @hookimpl
    def jamharness_commands(app):
        @app.command()
        def greet(name: str = "world"):
            print(f"hello {name}")

        @app.command("fall-over")
        def fall():
            raise RuntimeError("no floor\\nanywhere")
"""


def test_an_unexpected_error_is_one_line_and_code_70(jamharness, plugin_distribution):
    """Errors of the program itself are told apart from bad input."""
    folder = plugin_distribution("greeter", {"greeter_plugin": COMMANDS}, {"greeter": "greeter_plugin"})
    outcome = jamharness("fall-over", path=[folder])
    assert outcome.code == 70
    assert outcome.sentences == [
        "Internal error: RuntimeError: no floor anywhere; run again with --debug for the traceback."
    ]
    assert "Traceback" in jamharness("fall-over", "--debug", path=[folder]).err


def test_a_plugin_adds_commands(jamharness, plugin_distribution):
    """They are listed, run, and answer to typos like our own."""
    folder = plugin_distribution("greeter", {"greeter_plugin": COMMANDS}, {"greeter": "greeter_plugin"})
    assert jamharness("greet", "--name", "you", path=[folder]).out == "hello you\n"
    assert "greet" in jamharness("--help", path=[folder]).out
    jamharness("gret", path=[folder]).refused("did you mean 'greet'?")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("app.command('run')(lambda: None)", "its command 'run' exists already"),
        ("app.command('half')(lambda: None); 1 / 0", "jamharness_commands raised ZeroDivisionError"),
    ],
)
def test_a_plugin_that_adds_wrong_commands_adds_none(jamharness, plugin_distribution, body, reason):
    """A taken name or an error: the plugin is broken, and the commands are as before."""
    source = f"from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_commands(app):\n    {body}\n"
    folder = plugin_distribution("greedy", {"greedy_plugin": source}, {"greedy": "greedy_plugin"})
    rows = jamharness("plugins", "--json", path=[folder]).document["plugins"]
    (row,) = [row for row in rows if row["name"] == "greedy"]
    assert row["state"] == "broken"
    assert reason in row["reason"]
    jamharness("half", path=[folder]).refused("Unknown command 'half'")
    jamharness("run", "coin", "--backend", "numpy", path=[folder]).refused("did you mean 'coins'?")


def test_a_command_with_a_parameter_that_cannot_be_parsed_harms_no_other(jamharness, plugin_distribution):
    """Typer finds out when it builds the command or when it is called, depending on its version."""
    source = """
        from jamharness.api import hookimpl

        @hookimpl
        def jamharness_commands(app):
            @app.command()
            def odd(x: "dict[int, object]"): ...
    """
    folder = plugin_distribution("oddity", {"oddity_plugin": source}, {"oddity": "oddity_plugin"})
    assert jamharness("plugins", path=[folder]).code == 0
    assert jamharness("--help", path=[folder]).code == 0
    assert jamharness("odd", "3", path=[folder]).code in (2, 70)
