"""Options of the whole program may stand anywhere."""

import pytest

from jamharness.api import BadInput
from jamharness.cli.usage import hoist


@pytest.mark.parametrize(
    ("typed", "options", "rest"),
    [
        ([], [], []),
        (["run", "--debug", "--seed", "3"], ["--debug"], ["run", "--seed", "3"]),
        (["--disable", "a", "plugins", "--disable=b"], ["--disable=a", "--disable=b"], ["plugins"]),
        (["greet", "--", "--debug"], [], ["greet", "--", "--debug"]),
        (["plugins", "--strict-plugins"], ["--strict-plugins"], ["plugins"]),
    ],
)
def test_they_are_found_before_and_after_the_command(typed, options, rest):
    """Up to a double dash, and without touching anything else."""
    assert hoist(typed) == (options, rest)


@pytest.mark.parametrize("typed", [["--disable"], ["--disable", "--debug"], ["--disable", ""]])
def test_a_missing_value_is_bad_input(typed):
    """--disable does not swallow the next option."""
    with pytest.raises(BadInput):
        hoist(typed)
