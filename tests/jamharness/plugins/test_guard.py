"""Code of plugins in this process ends neither the program nor anybody's patience."""

import os
import signal
import sys
import threading
import time

import pytest

from jamharness.api import PluginError
from jamharness.plugins import guard, plugin_code


def leave():
    os._exit(0)


def stop():
    sys.exit(3)


def pretend():
    raise KeyboardInterrupt


def close():
    raise GeneratorExit


class Own(BaseException):
    """Derived from what nobody catches."""


def own():
    raise Own("mine")


@pytest.mark.parametrize(
    ("code", "name"),
    [(stop, "SystemExit: 3"), (leave, r"SystemExit: os._exit\(0\)"), (pretend, "KeyboardInterrupt"),
     (close, "GeneratorExit"), (own, "Own: mine")],
)  # fmt: skip
def test_what_would_end_the_program_names_the_culprit(code, name):
    """And what it was doing."""
    with (
        pytest.raises(PluginError, match=f"^Protocol 'x' raised {name} while planning.$"),
        plugin_code("protocol 'x'", "planning"),
    ):
        code()
    assert os._exit is guard._exits._real
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ordinary_errors_pass():
    """They are told by whoever called the code."""
    with pytest.raises(ValueError, match="no good"), plugin_code("protocol 'x'", "planning"):
        raise ValueError("no good")


def test_an_error_of_megabytes_is_cut():
    """And one that cannot show itself is told all the same."""

    class Mute(BaseException):
        def __str__(self):
            raise ValueError

    with pytest.raises(PluginError) as caught, plugin_code("protocol 'x'", "analysing"):
        raise ValueError("x" * 10**7)
    assert len(str(caught.value)) < 5_000
    assert "characters cut" in str(caught.value)
    with pytest.raises(PluginError, match="Mute"), plugin_code("protocol 'x'", "analysing"):
        raise Mute


def test_ctrl_c_of_the_user_passes():
    """Also within code that is called from such code."""
    with pytest.raises(KeyboardInterrupt), plugin_code("protocol 'x'", "planning"), plugin_code("'a:b'", "loading"):
        signal.raise_signal(signal.SIGINT)


def test_a_forked_child_may_end_as_it_likes():
    """A library that forks leaves its children by os._exit."""
    with plugin_code("protocol 'x'", "planning"):
        child = os.fork()
        if not child:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_what_takes_long_is_named_once(monkeypatch):
    """After the patience; what is quick is not, and the thread that watches ends."""
    monkeypatch.setattr(guard, "PATIENCE", 1.0)
    warnings = []
    monkeypatch.setattr(guard.log, "warning", lambda form, *values: warnings.append(form % values))
    for _ in range(2):
        with plugin_code("plugin 'slow-one'", "loading"):
            time.sleep(1.6)
    with plugin_code("plugin 'quick-one'", "loading"):
        pass
    assert warnings == ["Plugin 'slow-one' has been loading for 1 s …"]
    end = time.monotonic() + 10
    while time.monotonic() < end and any(thread.name == "jamharness-watch" for thread in threading.enumerate()):
        time.sleep(0.05)
    assert not guard._watch._alive
