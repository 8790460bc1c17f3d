"""The documentation is held to what it is about: links, tables made of code, and excerpts of the example."""

import re
from pathlib import Path

import pytest

from jamharness.api import CAPABILITIES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*/README.md"))]
HOME = re.compile(r"https://github\.com/jamharness/jamharness/(?:blob|tree)/main/")
"""What links begin with where a page is read outside the repository, as README is on a package index."""
EXAMPLE = ROOT / "examples" / "jamharness-jax"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    """Every link to a page of the repository leads to a file or a folder that it has."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    ours = {target: ROOT / HOME.sub("", target) for target in targets if HOME.match(target)}
    ours |= {target: page.parent / target for target in targets if "://" not in target}
    assert not [target for target, path in ours.items() if not path.exists()]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name == "README.md"], ids=lambda page: page.parent.name
)
def test_links_of_a_readme_work_outside_the_repository(page):
    """A package index shows it without the files around it."""
    targets = re.findall(r"\]\(([^)\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if "://" not in target and not target.startswith("#")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_blocks_are_python(page):
    """Every block that says it is Python compiles."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        compile(block, str(page), "exec")


def test_commands_exist():
    """Every ``jamharness COMMAND`` in code is a command."""
    from jamharness.cli.app import build_app
    from jamharness.plugins import Plugins

    app = build_app(Plugins.load())
    known = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        code = re.findall(r"```(?:text|sh)\n(.*?)```|`([^`\n]+)`", text, flags=re.DOTALL)
        found = re.findall(r"^\s*(?:\S*bin/)?jamharness ([a-z]+)", "\n".join(map("\n".join, code)), flags=re.MULTILINE)
        assert set(found) <= known, page.name


def test_the_table_of_faults_is_the_list_of_faults():
    """docs/conformance.md lists every broken backend, with the test that catches it."""
    source = (ROOT / "tests/jamharness/testing/faults.py").read_text(encoding="utf-8")
    rows = (ROOT / "docs/conformance.md").read_text(encoding="utf-8").partition("| fault |")[2].splitlines()[2:]
    faults = re.findall(r'what="([^"]+)",\s*test="([^"]+)",\s*phrase="([^"]+)"', source)
    assert len(faults) == source.count("Fault(") >= 16
    assert rows == [f"| {what} | `{test}` | {phrase.strip()} |" for what, test, phrase in faults]


def test_the_walk_through_quotes_the_example():
    """Each excerpt in docs/writing-a-backend.md stands in the example word for word."""
    page = (ROOT / "docs/writing-a-backend.md").read_text(encoding="utf-8")
    files = [*EXAMPLE.glob("src/*/*.py"), *EXAMPLE.glob("tests/*.py"), EXAMPLE / "pyproject.toml"]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    lines = set(text.splitlines())
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        assert [line for line in block.splitlines() if line not in lines] == []


def test_the_example_is_short():
    """At most 200 lines, as promised."""
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in EXAMPLE.glob("src/*/*.py")) <= 200


def test_every_method_is_explained():
    """The table of methods names every capability of the api."""
    page = (ROOT / "docs/writing-a-backend.md").read_text(encoding="utf-8")
    assert not [name for name in CAPABILITIES if f"| `{name}(" not in page]
