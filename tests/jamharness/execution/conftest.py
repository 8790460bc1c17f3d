"""Tasks that a worker imports by name."""

import os
from pathlib import Path

import pytest

TASKS = '''
import ctypes, os, signal, subprocess, sys, time
from pathlib import Path

from jamharness.api import BadInput
from jamharness.execution.progress import say


def add(a, b=0):
    return a + b


def variable(name):
    return os.environ.get(name)


def pid():
    return os.getpid()


def wait(seconds, then=None):
    time.sleep(seconds)
    return then


def touch_and_wait(path, seconds):
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)


def fail(text):
    raise ValueError(text)


def refuse(*sentences):
    raise BadInput(*sentences)


class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


def fail_oddly():
    raise Odd("this", "that")


def leave():
    sys.exit(3)


def die(how="SIGKILL"):
    print("last words", file=sys.stderr)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(10)


def die_once(path):
    if Path(path).exists():
        return "alive"
    Path(path).write_text("")
    os._exit(7)


def noise():
    print("a stray print")
    os.write(1, b"\\x00\\x00\\x00\\x05stray bytes")
    os.system("echo from a child")
    return "clean"


def report(lines, pause):
    for line in lines:
        say(line)
        time.sleep(pause)
    return len(lines)


def flood(megabytes):
    """Output without an end of line."""
    for _ in range(megabytes):
        os.write(1, b"x" * 2**20)
    return os.getpid()


def fail_at_length(kind, length):
    raise {"ValueError": ValueError, "BadInput": BadInput, "Odd": OddOne}[kind]("begin " + "x" * length + " end")


class OddOne(Exception):
    pass


def close_all(path, seconds):
    """As a library does that closes what it takes for its own."""
    Path(path).write_text(str(time.time()))
    os.closerange(0, 100)
    time.sleep(seconds)


def unpicklable():
    return lambda: None


def fork_and_die(path):
    """A child that holds all open files outlives its parent."""
    child = os.fork()
    if child == 0:
        time.sleep(20)
        os._exit(0)
    Path(path).write_text(str(child))
    os._exit(9)


def start_child(path, seconds):
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])
    Path(path).write_text(str(child.pid))
    time.sleep(seconds)
'''


@pytest.fixture
def tasks(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> object:
    """A module of tasks, on the path of this process and of its workers."""
    folder = _folder(tmp_path_factory)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    import importlib

    return importlib.import_module("jamharness_test_tasks")


_made: list[Path] = []


def _folder(factory: pytest.TempPathFactory) -> Path:
    if not _made:
        _made.append(factory.mktemp("tasks"))
        (_made[0] / "jamharness_test_tasks.py").write_text(TASKS)
    return _made[0]
