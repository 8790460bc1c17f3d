"""Configuration files: merged, and wrong in sentences."""

from pathlib import Path

import pytest

from jamharness.api import BadInput
from jamharness.configuration import Configuration, RunOptions, read_configuration

NAMES = {"protocols": ["jamming", "spectrum"], "backends": ["numpy", "torch"]}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_is_an_empty_configuration(tmp_path):
    """Nothing is required."""
    assert read_configuration(None, tmp_path) == Configuration()


def test_the_named_file_wins_over_the_one_that_lies_there(tmp_path):
    """Tables are merged key by key."""
    write(
        tmp_path / "jamharness.toml",
        """
        run = {backend = "numpy", seed = 3}
        settings = {width = 5, bias = false, jamming = {seeds = 4}}
        """,
    )
    file = write(
        tmp_path / "other" / "x.toml",
        """
        [run]
        backend = "torch"
        [settings]
        width = [6, 7]
        [settings.jamming]
        scan = "width"
        """,
    )
    configuration = read_configuration(file, tmp_path, **NAMES)
    assert configuration.run == RunOptions(backend="torch", seed=3)
    assert configuration.settings == {"width": [6, 7], "bias": False}
    assert configuration.protocols == {"jamming": {"seeds": 4, "scan": "width"}}


def test_paths_start_at_the_file(tmp_path):
    """A store and interpreters are meant from where the file lies; a bare program name is looked for on the PATH."""
    file = write(
        tmp_path / "sub" / "x.toml",
        """
        run.store = "results"
        interpreters = {torch = ".venv/bin/python", numpy = "python3"}
        """,
    )
    configuration = read_configuration(file, tmp_path, **NAMES)
    assert configuration.run.store == str(tmp_path / "sub" / "results")
    assert configuration.interpreters == {"torch": str(tmp_path / "sub" / ".venv/bin/python"), "numpy": "python3"}


def test_everything_wrong_in_every_file_is_said_at_once(tmp_path):
    """Unknown tables, keys, protocols and backends, and wrong types."""
    write(
        tmp_path / "jamharness.toml",
        """
        rnu = {}
        run = {backned = "torch", workers = "many"}
        interpreters = {troch = "p", numpy = 3}
        """,
    )
    file = write(tmp_path / "x.toml", "settings = 3\n[run]\nseed = 1.5\n")
    other = write(tmp_path / "y.toml", "[settings.jaming]\nwidth = 1\n")
    with pytest.raises(BadInput) as raised:
        read_configuration(file, tmp_path, **NAMES)
    text = "\n".join(raised.value.problems)
    for words in (
        "did you mean 'run'?",
        "did you mean 'backend'?",
        "workers = 'many'",
        "did you mean 'torch'?",
        "[interpreters] numpy = 3",
        "[interpreters] starts programs",
        "settings must be a table",
        "seed = 1.5",
    ):
        assert words in text
    assert len(raised.value.problems) == 8
    assert all(str(tmp_path) in sentence for sentence in raised.value.problems)
    with pytest.raises(BadInput, match=r"did you mean 'jamming'\?"):
        read_configuration(other, tmp_path / "empty", **NAMES)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "does not exist"), ("[run", "is not TOML"), (b"\xff\xfe", "is not TOML")]
)
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path, content, words):
    """Missing, not TOML, not text."""
    file = tmp_path / "x.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=words):
        read_configuration(file, tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_configuration(tmp_path, tmp_path)


def test_what_is_typed_wins_over_files():
    """Typed for one, typed for all, file for one, file for all: in this order."""
    files = Configuration(
        settings={"width": 1, "depth": 1, "margin": 1, "seeds": 1},
        protocols={"jamming": {"depth": 2, "margin": 2, "seeds": 2}, "spectrum": {"width": 2}},
    )
    merged = files.settings_for(["jamming"], {"margin": "3", "seeds": "3", "jamming": {"seeds": "4"}})
    everywhere = {key: value for key, value in merged.items() if key != "jamming"}
    assert {**everywhere, **merged["jamming"]} == {"width": 1, "depth": 2, "margin": "3", "seeds": "4"}
    assert "spectrum" not in merged


def test_what_is_typed_for_a_protocol_that_does_not_run_is_passed_on():
    """It is an error, and somebody has to see it."""
    assert Configuration().settings_for(["jamming"], {"jaming": {"x": "1"}}) == {"jaming": {"x": "1"}}


def test_the_users_own_file_lies_below_the_folders_one(tmp_path):
    """Both below the one that was asked for; only the user's and the one that was asked for may start programs."""
    user = write(
        tmp_path / "home" / "jamharness.toml", 'interpreters = {torch = "/a/python"}\nrun = {seed = 1, limit = 2}'
    )
    write(tmp_path / "jamharness.toml", "run = {limit = 3, workers = 3}")
    file = write(tmp_path / "x.toml", 'interpreters = {numpy = "/b/python"}\nrun = {workers = 4, download = true}')
    configuration = read_configuration(file, tmp_path, **NAMES, user=user)
    assert configuration.run == RunOptions(seed=1, limit=3.0, workers=4, download=True)
    assert configuration.interpreters == {"torch": "/a/python", "numpy": "/b/python"}
    assert read_configuration(None, tmp_path / "empty", user=tmp_path / "nothing") == Configuration()


def test_a_folders_own_file_starts_no_program(tmp_path):
    """One sentence says how to allow it; named by --config it is what was asked for."""
    file = write(tmp_path / "jamharness.toml", 'interpreters = {torch = "/a/python"}')
    user = tmp_path / "home" / "jamharness.toml"
    with pytest.raises(BadInput) as raised:
        read_configuration(None, tmp_path, **NAMES, user=user)
    (sentence,) = raised.value.problems
    for words in (str(file), "[interpreters]", "--config jamharness.toml", str(user), "JAMHARNESS_PYTHON_NAME"):
        assert words in sentence
    (tmp_path / "home").mkdir()
    for path in (file, tmp_path / "home" / ".." / "jamharness.toml"):
        assert read_configuration(path, tmp_path, **NAMES, user=user).interpreters == {"torch": "/a/python"}


def test_a_mark_of_the_byte_order_is_no_content(tmp_path):
    """Some editors write one."""
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbf[run]\r\nseed = 3\r\n")
    assert read_configuration(tmp_path / "x.toml", tmp_path).run.seed == 3
