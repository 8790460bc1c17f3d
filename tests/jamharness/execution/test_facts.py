"""What a number depends on: versions of libraries, and the files that the imports of what computes it lead to."""

import sys
import sysconfig
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from jamharness.execution.closure import unseen
from jamharness.execution.facts import Facts, Question, look_up, versions

FILES = {
    "tool/__init__.py": "from tool.front import name\n",
    "tool/front.py": "name = 1",
    "tool/task.py": """
        from __future__ import annotations
        import json
        from typing import TYPE_CHECKING
        import numpy as np
        from tool import plain
        from . import beside
        from .deep.inner import value
        if TYPE_CHECKING:
            import tool.typed

        def measure():
            try:
                import helper
            except ImportError:
                from tool import fallback
            return helper

        class Late:
            def run(self):
                from importlib import import_module
                return import_module("tool.by_name")
    """,
    "tool/plain.py": "", "tool/beside.py": "from .. import nothing", "tool/fallback.py": "", "tool/typed.py": "",
    "tool/by_name.py": "", "tool/figures.py": "import tool.task", "tool/deep/__init__.py": "",
    "tool/deep/inner.py": "from ..plain import *\nvalue = 1", "tool/deep/unused.py": "",
    "helper.py": "from bare.part import thing", "bare/part.py": "raise RuntimeError('imported')",
}  # fmt: skip
REACHED = {
    "tool", "tool.front", "tool.task", "tool.plain", "tool.beside", "tool.deep", "tool.deep.inner", "tool.fallback",
    "tool.by_name", "helper", "bare", "bare.part",
}  # fmt: skip


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules to follow, none of which may be imported."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def now(*modules: str, **more: Any) -> Facts:
    return look_up(Question(modules=modules or ("tool.task",), **more))


def test_versions_are_those_installed() -> None:
    """One that is not there has none."""
    assert versions(["numpy", "no-such-thing"]) == {"numpy": np.__version__, "no-such-thing": ""}


def test_every_import_statement_is_followed_and_nothing_is_imported(tool: Path) -> None:
    """In functions and branches, relative, of submodules, packages on the way, literal names; not for type checkers."""
    facts = now(requirements=("numpy",))
    assert facts.modules == REACHED
    assert facts.libraries == {"numpy"}
    assert facts.versions == {"numpy": np.__version__}
    assert set(facts.sources) == {"tool", "helper", "bare"}
    assert not {"tool", "helper", "bare"} & set(sys.modules)


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_edit_changes_the_hash_where_it_is_reached_and_only_there(tool: Path, name: str) -> None:
    """Of its own package; a figure, an unused module and what type checkers alone see leave everything as it was."""
    before = now().sources
    with (tool / name).open("a") as file:
        file.write("\n# edited\n")
    module = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    changed = {group for group, sha in now().sources.items() if sha != before[group]}
    assert changed == ({module.partition(".")[0]} & {"tool", "helper", "bare"} if module in REACHED else set())


def test_a_new_import_is_followed_at_once(tool: Path) -> None:
    """In the same process: what was read of a file counts for that state of it alone."""
    before = now()
    (tool / "tool" / "plain.py").write_text("import tool.deep.unused")
    assert now().modules == before.modules | {"tool.deep.unused"}


def test_what_is_not_there_is_empty(tool: Path) -> None:
    """A factory may name a module that does not exist, or one that cannot be parsed."""
    (tool / "broken.py").write_text("def")
    facts = now("no_such_package.inner", "broken")
    assert facts.sources["no_such_package"] == ""
    assert len(facts.sources["broken"]) == 64


def test_an_installed_library_counts_by_its_version_and_its_plugins_by_their_files(
    tool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In site-packages: a distribution of its own by version, a loose file by its content, and the asker's always."""
    site = tool / "site-packages"
    for name in ("solver", "loose"):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text("")
    info = site / "solver-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: solver\nVersion: 2.5\n")
    (info / "RECORD").write_text("solver/__init__.py,,\n")
    (tool / "tool" / "plain.py").write_text("import solver, loose")
    monkeypatch.syspath_prepend(str(site))
    facts = now()
    assert facts.versions["solver"] == "2.5"
    assert "loose" in facts.sources
    assert "solver" not in facts.sources
    owned = now(distributions=("solver",))
    assert "solver" not in owned.versions
    assert {"solver", "loose"} <= set(owned.sources)


def test_a_task_of_ours_leads_to_no_figure_analysis_or_host() -> None:
    """The minimisation's files are the numerics, the api and itself; rooms of jamharness have hashes of their own."""
    facts = now("jamharness_protocols.common.minimisation", "jamharness.datasets.random", requirements=("scipy",))
    assert {"jamharness.api", "jamharness.datasets", "jamharness_numerics", "jamharness_protocols"} == set(
        facts.sources
    )
    assert "jamharness_numerics.minimise.newton" in facts.modules
    assert not [
        name
        for name in facts.modules
        if name.endswith(("figures", "analysis", "protocol", "settings")) and not name.startswith("jamharness.api")
    ]
    margins = now("jamharness_protocols.margins.task").modules
    assert "jamharness_protocols.common.problem" in margins
    assert not [name for name in margins if name.startswith("jamharness_numerics")]


def test_what_was_loaded_without_a_statement_is_found(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a plugin's packages and beside them; not libraries, the standard library's odd files, or made-up modules."""
    for name, file in (
        ("tool.deep.unused", tool / "tool/deep/unused.py"),
        ("helper", tool / "helper.py"),
        ("_sysconfigdata_odd", Path(sysconfig.get_path("stdlib")) / "_sysconfigdata_odd.py"),
        ("made_up_by_a_framework", Path("/nowhere/made_up_by_a_framework.py")),
        ("numpy.linalg.odd", tool / "numpy/linalg/odd.py"),
    ):
        module = ModuleType(name)
        module.__file__ = str(file)
        monkeypatch.setitem(sys.modules, name, module)
    names = [*sys.modules]
    mine = {"tool.deep.unused", "helper", "_sysconfigdata_odd", "made_up_by_a_framework", "numpy.linalg.odd"}
    assert mine & set(unseen(names, {"tool"}, {"tool"}, {"numpy"})) == {"tool.deep.unused", "helper"}
    assert not mine & set(unseen(names, {"tool.deep.unused", "helper"}, set(), {"numpy"}))
