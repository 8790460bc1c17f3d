"""Every command on a page is one that the program takes: parsed by itself, and runs checked as it checks them.

In test_pages_run.py they run.
"""

import re
import shlex
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*/README.md"))]
BLOCK = re.compile(r"```(\w*)\n(.*?)```", flags=re.DOTALL)
FRAMEWORKS = ("--backend", "--backends")


class Reached(BaseException):
    """A run was asked for, and nothing is wrong with it: it would start now."""


def commands(page):
    """The commands of ``jamharness`` on a page: lines of sh, what follows a dollar, and runs in lists of commands."""
    for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if language == "sh":
                yield from _of_shell(line)
            elif line.startswith("$ "):
                yield from _of_shell(line[2:])
            elif language == "text" and re.match(r"(\.venv/bin/)?jamharness ", line):
                # Beside it, two spaces on, stands what it does; "runs | show RUN" are two commands.
                words = re.split(r"\s{2,}", line.removeprefix(".venv/bin/").removeprefix("jamharness "))[0].replace(
                    "RUN…", "RUN"
                )
                for part in words.split(" | "):
                    yield from _of_shell(f"jamharness {part}")

    for span in re.findall(r"(?<!`)`(jamharness run [^`]+)`(?!`)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if not re.search(r"…|\b[A-Z]{3,}\b|=[A-Z]\b", span):
            yield from _of_shell(span)


def _of_shell(line):
    if "jamharness" not in line:
        return
    # What a variable or a sum of the shell holds is a number as good as any.
    line = re.sub(r'"?\$(?:\(\([^)]*\)\)|\{?\w+\}?)"?', "0", line)
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise AssertionError(f"{line!r} is no line of a shell: {error}") from None
    while words:
        end = next((at for at, word in enumerate(words) if word in ("&&", "||", "|", "&", ";", "do")), len(words))
        part, words = words[:end], words[end + 1 :]
        # Redirections are the shell's.
        part = part[: next((at for at, word in enumerate(part) if word.startswith((">", "2>"))), len(part))]
        starts = [at for at, word in enumerate(part) if Path(word).name == "jamharness"]
        if starts and all("=" in word or word in ("time", "srun") for word in part[: starts[0]]):
            yield tuple(word.rstrip(";") for word in part[starts[0] + 1 :])


ALL = [(page, words) for page in PAGES for words in dict.fromkeys(commands(page))]


@pytest.fixture(scope="module")
def program():
    """The whole command line."""
    from jamharness.cli.app import build_app
    from jamharness.plugins import Plugins

    return typer.main.get_command(build_app(Plugins.load()))


def test_pages_have_commands():
    """So that nothing below is passed by finding none."""
    assert len([words for _, words in ALL if words[:1] == ("run",)]) > 40
    assert {"README.md", "tutorial.md", "reproducing.md", "runs.md", "verify.md"} <= {page.name for page, _ in ALL}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_are_commands(page, program):
    """Each with arguments and options that it has, as many as it takes."""
    for words in (words for other, words in ALL if other == page and words):
        command = program.commands.get(words[0])
        assert command is not None, words
        left = [word for word in words[1:] if word not in ("--debug", "--strict-plugins")]
        command.make_context(words[0], left)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_runs_of_a_page_could_start(page, tmp_path, monkeypatch, capfd):
    """Protocols, settings, presets, names and devices are those that there are; no worker starts.

    The backend is NumPy's, whatever the page has: what is installed here is another question.
    """
    from jamharness.cli import main
    from jamharness.running import session

    def begin(*arguments):
        raise Reached

    monkeypatch.setattr(session, "_carry_out", begin)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    if page.name.startswith("writing-"):
        pytest.skip("its examples are installed in test_pages_run.py")
    for words in (words for other, words in ALL if other == page and words[:1] == ("run",)):
        if "--claim" in words or "--config" in words or "--scheduler" in words:
            continue  # their files and machines are not here; their options are parsed above
        for word in words:
            if word.startswith("dataset=file:"):
                (tmp_path / word.removeprefix("dataset=file:")).touch()
        typed = ["numpy" if before in FRAMEWORKS else word for before, word in zip(("", *words), words, strict=False)]
        # In the middle of a sentence an option that every run needs may be left out.
        typed += [] if "--backend" in typed else ["--backend", "numpy"]
        try:
            code = main(typed)
        except Reached:
            continue
        output = capfd.readouterr().err
        # A page may show what is refused, with the sentences that say so.
        shown = " ".join(page.read_text(encoding="utf-8").split())
        assert code == 2
        assert all(" ".join(line.split()) in shown for line in output.splitlines()), (words, output)
