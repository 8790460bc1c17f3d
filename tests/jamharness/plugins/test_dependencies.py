"""What is installed, and the command that installs what is not."""

from importlib.metadata import version

from jamharness.plugins.dependencies import explain_missing, installed


def test_versions_come_from_metadata():
    """Installed distributions have their version, others are left out; names are compared as pip does."""
    assert installed(["numpy", "no-such-thing", "Typing_Extensions"]) == {
        "numpy": version("numpy"),
        "Typing_Extensions": version("typing-extensions"),
    }


def test_nothing_missing_needs_no_words():
    """No sentence when all is there."""
    assert explain_missing(["numpy"]) == ""


def test_an_extra_is_named_where_there_is_one():
    """A framework of ours is installed by its extra, by the extra's name or by what the extra brings."""
    assert explain_missing(["tensorflow>=9999"]).endswith('run: pip install "jamharness[tensorflow]"')
    assert explain_missing(["tensorflow-cpu>=9999"]).endswith('run: pip install "jamharness[tensorflow]"')


def test_what_is_too_old_is_named_with_what_is_needed():
    """An installed distribution that does not fit is not enough; of alternatives one that fits is."""
    assert explain_missing(["numpy>=9999"]) == (
        f"numpy {version('numpy')} is installed here and >=9999 is needed; run: pip install numpy"
    )
    assert explain_missing(["numpy>=9999 | scipy>=1"]) == ""
    assert installed(["no-such-thing | scipy>=1"]) == {"scipy": version("scipy")}


def test_several_are_named_together():
    """One command for all that is missing."""
    assert explain_missing(["aaa-lib", "bbb-lib", "numpy"]) == (
        "aaa-lib and bbb-lib are not installed here; run: pip install aaa-lib bbb-lib"
    )
