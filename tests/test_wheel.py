"""The wheel that is published: every package with its types, the entry points, addresses, and nothing of the tests."""

import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    path.parent.name: path.parent
    for room in (ROOT, ROOT / "protocols", ROOT / "backends")
    for path in room.glob("jamharness*/__init__.py")
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built by the same code as pip's, in this process: without a network, within a second."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel")
    from hatchling.builders.wheel import WheelBuilder

    (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return zipfile.ZipFile(path)


def metadata(wheel: zipfile.ZipFile) -> Any:
    """What the wheel says of itself."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_the_wheel_holds_every_package_whole(wheel):
    """With its mark of types, and every module that the repository has."""
    names = set(wheel.namelist())
    assert len(PACKAGES) >= 6
    for package, folder in PACKAGES.items():
        files = {path.relative_to(folder.parent).as_posix() for path in folder.rglob("*.py")}
        assert f"{package}/py.typed" in names
        assert files <= names


def test_the_wheel_holds_nothing_else(wheel):
    """No tests, no examples, no store: the packages, a page's parts, and what is said of them."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    (information,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {*PACKAGES, information}
    ends = {Path(name).suffix for name in wheel.namelist() if not name.startswith(information)}
    assert ends == {".py", ".typed", ".jinja", ".css", ".js"}


def test_the_wheel_names_its_plugins_and_its_command(wheel):
    """Each entry point leads to a module of the wheel."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))
    entries = ConfigParser(delimiters="=")
    entries.read_string(wheel.read(name).decode())
    assert entries["console_scripts"]["jamharness"] == "jamharness.cli:main"
    assert {"numpy", "torch", "tensorflow", "protocols", "datasets"} <= set(entries["jamharness"])
    names = set(wheel.namelist())
    for target in (*entries["jamharness"].values(), *entries["pytest11"].values()):
        path = target.partition(":")[0].replace(".", "/")
        assert {f"{path}.py", f"{path}/__init__.py"} & names, target


def test_the_wheel_says_where_its_project_is(wheel):
    """Home, documents, changes, issues; and no extra that nothing here asks for."""
    fields = metadata(wheel)
    addresses = dict(text.split(", ", 1) for text in fields.get_all("Project-URL"))
    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(addresses)
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("jamharness", "protocols", "backends", "docs", "examples", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".toml", ".yml", ".ini")
    ]
    texts += [(ROOT / name).read_text(encoding="utf-8") for name in ("tox.ini", "README.md", ".ci/run")]
    for extra in fields.get_all("Provides-Extra"):
        forms = [f"[{extra}", f",{extra}]", f",{extra},", f"extras = {extra}", f", {extra}\n"]
        assert any(words in text for words in forms for text in texts), f"nothing asks for the extra {extra!r}"


def test_the_long_description_is_the_readme(wheel):
    """So that its links are those that test_docs looks at."""
    description = metadata(wheel).get_payload(decode=True).decode()
    assert description.strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
