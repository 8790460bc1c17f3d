"""The site has every page, and every page what it is about: nothing that users meet goes without a word."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import typer

from jamharness.api import Observable, setting
from jamharness.settings import describe_settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md"))
WRITTEN = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS.rglob("*.md")])
"""Everything that somebody wrote."""


def _load(path):
    spec = spec_from_file_location(f"site_{path.stem}", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generated = _load(DOCS / "generated.py")


@pytest.fixture(scope="module")
def plugins():
    """What is installed."""
    from jamharness.plugins import Plugins

    return Plugins.load()


@pytest.fixture(scope="module")
def protocols(plugins):
    """Every protocol by name."""
    from jamharness.cli.protocols import protocol_of

    return {name: protocol_of(plugins, name) for name in plugins.protocols}


@pytest.fixture(scope="module")
def program(plugins):
    """The whole command line."""
    from jamharness.cli.app import build_app

    return typer.main.get_command(build_app(plugins))


def test_every_page_is_in_the_index_once():
    """By its name, by a pattern, or among what is measured, where every other page goes by itself."""
    index = generated.as_read("index", (DOCS / "index.md").read_text(encoding="utf-8"))
    entries = list(generated.toctrees(index))
    assert [page for page in PAGES if page != "index" and sum(fnmatch(page, entry) for entry in entries) != 1] == []
    assert [entry for entry in entries if not any(fnmatch(page, entry) for page in PAGES)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_page_and_a_heading(page):
    """Links within the site, as it is read: to pages that are there, and to headings that they have."""
    text = generated._COMMENT.sub("", (DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert text.startswith("# ")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (DOCS / page).parent / path if path else DOCS / f"{page}.md"
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\s-]", "", each.lower()).replace(" ", "-") for each in headings}, target


@pytest.mark.parametrize(
    "name", ["commands", "protocols", "systems", "backends", "hooks", "api", "package", "numerics"]
)
def test_what_is_generated_has_its_page(name):
    """Each part stands in the page of its name."""
    assert f"<!-- generated: {name} -->" in (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")
    assert set(generated.PARTS) - {"others"} <= {path.stem for path in (DOCS / "reference").glob("*.md")}


def test_every_command_and_option_is_documented(program):
    """In the reference with a meaning, and each command on some page that somebody wrote."""
    reference = generated.commands()
    for name, command in program.commands.items():
        assert f"## {name}\n" in reference
        assert command.help, name
        assert f"jamharness {name}" in WRITTEN, name
        own = reference.partition(f"## {name}\n")[2].partition("\n## ")[0]
        for option in (each for each in command.params if each.name != "help"):
            assert option.help, (name, option.name)
            shown = option.opts[-1] if option.param_type_name == "option" else option.metavar
            assert f"`{shown}" in own or f"{shown}`" in own or shown in own, (name, option.name)


def test_every_protocol_system_and_data_set_is_documented(plugins):
    """With a line of its own in the lists, and by name on a page."""
    for kind, specs in (("protocol", plugins.protocols), ("system", plugins.systems), ("dataset", plugins.datasets)):
        for name, spec in specs.items():
            assert spec.summary, (kind, name)
            # Some protocols have a command of their own.
            ways = (f"`{name}`", f"{kind}={name}", f"run {name}", f"jamharness {name} ")
            assert any(way in WRITTEN for way in ways), (kind, name)


def test_every_setting_and_estimate_is_documented(plugins, protocols):
    """In the reference, with a meaning; an estimate says where its definition comes from."""
    from jamharness.plugins import system_class

    reference = generated.protocols() + generated.systems()
    for name, protocol in protocols.items():
        assert undocumented(protocol.Settings, protocol.observables) == [], name
        own = reference.partition(f"## {name}\n")[2].partition("\n## ")[0]
        names = [row.name for row in describe_settings(protocol.Settings)] + list(protocol.observables)
        assert [each for each in names if f"| `{each}` |" not in own] == [], name
    for name in plugins.systems:
        assert undocumented(system_class(plugins, name), {}) == [], name


def undocumented(settings, observables):
    """The settings without help, and the estimates without a meaning or a source."""
    names = [row.name for row in describe_settings(settings) if not row.help.strip()]
    return names + [name for name, each in observables.items() if not each.meaning.strip() or not each.source.strip()]


def test_what_is_not_documented_is_found():
    """A plain field, a help of spaces, an estimate without a source."""

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        said: int = setting(1, help="how many")
        plain: int = 2
        empty: int = setting(3, help=" ")

    observable = Observable(unit="", meaning="a ratio", source="", comparison="exact")
    assert undocumented(Settings, {"ratio": observable}) == ["plain", "empty", "ratio"]


def test_every_hook_has_its_words():
    """What it is for, each argument, and a row on the page about plugins."""
    from jamharness import hookspecs

    page = (DOCS / "plugins.md").read_text(encoding="utf-8")
    hooks = [value for name, value in vars(hookspecs).items() if name.startswith("jamharness_")]
    assert len(hooks) >= 7
    for hook in hooks:
        assert f"| `{hook.__name__}(" in page
        assert hook.__doc__
        assert [name for name in inspect.signature(hook).parameters if f"{name}: " not in hook.__doc__] == []


def test_every_public_name_has_a_docstring():
    """Of the package, the api and the numerics; types that are made of others have none."""
    import jamharness
    from jamharness import api

    named = [(module.__name__, name, getattr(module, name)) for module in (jamharness, api) for name in module.__all__]
    for module in map(importlib.import_module, generated.numerics_modules()):
        named += [(module.__name__, name, getattr(module, name)) for name in generated.public_names(module)]
    functions = [each for each in named if inspect.isfunction(each[2]) or inspect.isclass(each[2])]
    assert len(functions) > 150
    assert [(module, name) for module, name, function in functions if not inspect.getdoc(function)] == []


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("JAMHARNESS_FULL"), reason="JAMHARNESS_FULL builds the site: 20 s; so does tox -e docs"
)
@pytest.mark.skipif(find_spec("sphinx_book_theme") is None, reason='needs pip install -e ".[docs]"')
def test_the_site_is_built_without_a_warning(tmp_path):
    """With -W; and it has what is generated, and nothing of this machine."""
    command = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for page, words in {
        "reference/commands": "Freeze a prediction",
        "reference/protocols": "critical_ratio",
        "reference/numerics": "jamharness_numerics.minimise",
        "reference/api": "QuadraticHinge",
        "tutorial": "jump_smallest",
    }.items():
        assert words in (tmp_path / f"{page}.html").read_text(encoding="utf-8"), page
    for path in tmp_path.rglob("*.html"):
        assert str(ROOT) not in path.read_text(encoding="utf-8"), path
