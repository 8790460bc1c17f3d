"""What is wrong with a third party's protocol is said by name: before any cell where it can be, and else in the run."""

from pathlib import Path
from typing import Any

import pytest

from jamharness.api import PluginError


def edited(lab: Any, before: str, after: str) -> None:
    """Change the laboratory's protocol."""
    path: Path = lab.folder / "jamlab" / "protocol.py"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("def plan(", "def plans(", "it has no method plan"),
        ("def measure(", "def measures(", "it has no method measure"),
        ("def analyse(", "def analyze(", "it has no method analyse"),
        ("observables =", "observable =", "its observables must be a mapping of names to Observable"),
        ("    Settings = Settings\n", "", "it has no class Settings"),
        (
            "@dataclass(frozen=True, kw_only=True)\nclass Settings:",
            "class Settings:",
            "decorate its Settings with @dataclass(frozen=True, kw_only=True)",
        ),
    ],
)
def test_a_missing_part_is_found_before_any_cell(lab: Any, before: str, after: str, reason: str) -> None:
    """One sentence that names the protocol, the part and the factory; nothing is measured."""
    edited(lab, before, after)
    with pytest.raises(Exception, match="cannot be used") as caught:
        lab.run()
    assert f"Protocol 'drift' cannot be used: {reason}; jamlab.protocol:Drift is broken." in str(caught.value)
    assert lab.measured() == 0


def test_settings_that_inherit_are_decorated_again_where_they_add_fields(lab: Any) -> None:
    """A subclass without the decorator would silently lose what it adds."""
    edited(
        lab, "    @dataclass(frozen=True, kw_only=True)\n    class Settings(Settings):", "    class Settings(Settings):"
    )
    from jamharness.plugins import Plugins
    from jamharness.running.experiments import load_protocol

    plugins = Plugins.load()
    with pytest.raises(PluginError, match="decorate its Settings") as caught:
        load_protocol(plugins, "echo")
    assert "'echo'" in str(caught.value)


def test_a_misspelt_estimate_is_named_with_the_nearest_observable(lab: Any) -> None:
    """It would be compared with nothing and shown without its unit: the run has no answer, and its cells stay."""
    edited(lab, 'estimates={"drift":', 'estimates={"drfit":')
    run = lab.run()
    objection = run.protocols["drift"].objection
    assert "estimate of protocol 'drift' 'drfit' (allowed: drift); did you mean 'drift'?" in objection
    assert run.exit == 1
    assert run.protocols["drift"].cells["done"] == 6


def test_what_does_not_apply_leaves_the_exit_code_to_the_others(lab: Any) -> None:
    """An objection that nothing of the kind occurred is said; alone it is no answer, beside one it is no failure."""
    edited(
        lab,
        'objection="It did not converge; try more steps." if settings.trouble == "object" else "",',
        'objection="No minimum occurred." if settings.trouble else "", not_applicable=settings.trouble == "rare",',
    )
    alone = lab.run(settings={"trouble": "rare"})
    assert (alone.exit, alone.protocols["drift"].objection) == (1, "No minimum occurred.")
    both = lab.run(protocols=["drift", "echo"], settings={"echo": {"trouble": "rare"}})
    assert (both.exit, both.protocols["echo"].objection) == (0, "No minimum occurred.")
    assert lab.run(protocols=["drift", "echo"], settings={"echo": {"trouble": "object"}}).exit == 1
    assert lab.run(protocols=["drift", "echo"], settings={"trouble": "rare"}).exit == 1
