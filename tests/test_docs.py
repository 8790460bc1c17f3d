"""The documentation is held to what it is about: links, tables made of code, and excerpts of the example."""

import re
from dataclasses import fields
from pathlib import Path
from textwrap import dedent, indent

import pytest

from jamharness.api import CAPABILITIES, Differentiator

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*/README.md"))]
HOME = re.compile(r"https://github\.com/jamharness/jamharness/(?:blob|tree)/main/")
"""What links begin with where a page is read outside the repository, as README is on a package index."""
EXAMPLE = ROOT / "examples" / "jamharness-jax"
WALKS = {
    "backend": (EXAMPLE, 6),
    "data-set": (ROOT / "examples" / "jamharness-dataset", 6),
    "system": (ROOT / "examples" / "jamharness-system", 7),
    "protocol": (ROOT / "examples" / "jamharness-protocol", 9),
}
"""What each page on writing a plugin walks through, and how many excerpts it quotes."""


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
    """Every block that says it is Python compiles; an excerpt may begin inside a function, or be its first line."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        block = dedent(block)
        whole = f"{block.rstrip()}\n    ..." if block.rstrip().endswith(":") else block
        compile(f"def _():\n{indent(whole, '    ')}" if "return" in block else whole, str(page), "exec")


def test_commands_exist():
    """Every ``jamharness COMMAND`` in code is a command."""
    from jamharness.cli.app import build_app
    from jamharness.plugins import Plugins

    app = build_app(Plugins.load())
    names = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        code = re.findall(r"```(?:text|sh)\n(.*?)```|`([^`\n]+)`", text, flags=re.DOTALL)
        commands = re.findall(
            r"^\s*(?:\S*bin/)?jamharness ([a-z]+)", "\n".join(map("\n".join, code)), flags=re.MULTILINE
        )
        assert set(commands) <= names, page.name


def test_the_table_of_faults_is_the_list_of_faults():
    """docs/conformance.md lists every broken backend, with the test that catches it."""
    source = (ROOT / "tests/jamharness/testing/faults.py").read_text(encoding="utf-8")
    rows = (ROOT / "docs/conformance.md").read_text(encoding="utf-8").partition("| fault |")[2].splitlines()[2:]
    faults = re.findall(r'what="([^"]+)",\s*test="([^"]+)",\s*phrase="([^"]+)"', source)
    assert len(faults) == source.count("Fault(") >= 16
    assert rows == [f"| {fault} | `{test}` | {phrase.strip()} |" for fault, test, phrase in faults]


@pytest.mark.parametrize("name", list(WALKS))
def test_a_walk_through_quotes_its_example(name):
    """Each excerpt on the page stands in the example word for word."""
    example, blocks = WALKS[name]
    page = (ROOT / f"docs/writing-a-{name}.md").read_text(encoding="utf-8")
    files = [*example.glob("src/*/*.py"), *example.glob("tests/*.py"), example / "pyproject.toml"]
    lines = {line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()}
    excerpts = re.findall(r"```(?:python|toml)\n(.*?)```", page, flags=re.DOTALL)
    assert len(excerpts) == blocks
    for excerpt in excerpts:
        assert [line for line in excerpt.splitlines() if line.strip() not in lines] == []


def test_the_example_is_short():
    """At most 200 lines of backend and functions, as promised; what differentiates any other system takes 80 more."""
    lines = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in EXAMPLE.glob("src/*/*.py")}
    assert lines["systems.py"] <= 80
    assert lines["backend.py"] + lines["functions.py"] <= 200


def test_the_system_of_the_example_is_as_short_as_its_page_says():
    """Its lines are counted there."""
    lines = len((WALKS["system"][0] / "src/jamharness_system/quadrics.py").read_text(encoding="utf-8").splitlines())
    page = (ROOT / "docs/writing-a-system.md").read_text(encoding="utf-8")
    assert f"{lines} lines" in page
    assert lines <= 60


def test_every_function_of_formulas_is_listed():
    """Each function of the Namespace stands on the page about systems."""
    from jamharness.api import Namespace

    page = (ROOT / "docs/writing-a-system.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"`(matmul, [^`]*)`", page)
    functions = {name for name in vars(Namespace) if not name.startswith("_")}
    assert {name.strip() for name in listed.split(",")} == functions


def test_every_method_is_explained():
    """The tables of methods name every capability of the api, and what a Differentiator must have."""
    page = (ROOT / "docs/writing-a-backend.md").read_text(encoding="utf-8")
    assert not [name for name in CAPABILITIES | Differentiator.__abstractmethods__ if f"| `{name}(" not in page]


def test_every_variable_is_documented():
    """Each JAMHARNESS_ variable that any code reads, and each hook, is on its page."""
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rooms = [ROOT / room for room in ("jamharness", "protocols", "backends", "benchmarks", "examples")]
    code = "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    read = set(re.findall(r"JAMHARNESS_[A-Z]+(?:_[A-Z]+)*_?", code))
    assert read >= {"JAMHARNESS_DATA", "JAMHARNESS_DISABLE", "JAMHARNESS_PYTHON_"}
    assert not [name for name in read if name not in page]


def test_every_key_of_the_configuration_is_documented():
    """Each field of RunOptions has its row, and each table its section."""
    from jamharness.configuration import _TABLES, RunOptions

    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert not [field.name for field in fields(RunOptions) if f"| `{field.name}` |" not in page]
    assert not [table for table in _TABLES if f"### `[{table}]`" not in page]


def test_every_hook_is_documented():
    """With its arguments as hookspecs has them, and every method of a protocol."""
    import inspect

    from jamharness import hookspecs
    from jamharness.api import Protocol

    page = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    hooks = {name: getattr(hookspecs, name) for name in vars(hookspecs) if name.startswith("jamharness_")}
    assert not [
        name
        for name, hook in hooks.items()
        if f"| `{name}({', '.join(inspect.signature(hook).parameters)})` |" not in page
    ]
    methods = {name: getattr(Protocol, name) for name in ("plan", "measure", "analyse", "draw")}
    for name, method in methods.items():
        assert f"| `{name}({', '.join(list(inspect.signature(method).parameters)[1:])})` |" in page


def test_every_field_of_a_data_request_is_documented():
    """In the table of docs/writing-a-data-set.md."""
    from jamharness.api import DataRequest

    table = (ROOT / "docs/writing-a-data-set.md").read_text(encoding="utf-8").partition("| field |")[2]
    assert not [field.name for field in fields(DataRequest) if f"`{field.name}`" not in table]
