"""Claims on cells in flight: one holder at a time, and none that is gone holds up anybody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import jamharness.store.claims as module
from jamharness.store import Claims, Store

KEY = "ab" * 32
HOLDER = """
import sys
from jamharness.store import Store
claims = Store(sys.argv[1]).claims()
print([claims.take(key) for key in sys.argv[2:]], flush=True)
input()
claims.release_all()
print("released", flush=True)
input()
"""


@pytest.fixture
def claims(tmp_path: Path) -> Iterator[Claims]:
    store_claims = Store(tmp_path / "store").claims()
    yield store_claims
    store_claims.release_all()


def holder(root: Path, *keys: str) -> "subprocess.Popen[str]":
    """Another process that has claimed cells."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root), *keys], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == str([True] * len(keys))
    return process


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.parent.parent.name == "cells")


def test_a_claim_has_one_holder_until_it_is_released(tmp_path: Path, claims: Claims) -> None:
    """Two processes; nothing is left when all is given back."""
    process = holder(tmp_path / "store", KEY)
    assert files(tmp_path) == [f"{KEY}.claim"]
    assert not claims.take(KEY)
    assert claims.take("cd" * 32)
    assert claims.held() == ("cd" * 32,)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "released\n"
    assert claims.take(KEY)
    process.communicate("\n")
    claims.release_all()
    assert files(tmp_path) == []


def test_the_claim_of_a_killed_process_is_taken_over_at_once(tmp_path: Path, claims: Claims) -> None:
    """Even while it is a zombie."""
    process = holder(tmp_path / "store", KEY)
    assert not claims.take(KEY)
    process.send_signal(signal.SIGKILL)
    start = time.monotonic()
    while not claims.take(KEY):
        assert time.monotonic() - start < 5
        time.sleep(0.01)
    process.communicate()
    assert files(tmp_path) == [f"{KEY}.claim"]


def test_of_many_that_take_over_a_claim_one_wins(tmp_path: Path) -> None:
    """Sixteen processes' worth of claims on what a dead one has left, at once."""
    import threading

    root = tmp_path / "store"
    process = holder(root, KEY)
    process.kill()
    process.communicate()
    rivals = [Store(root).claims() for _ in range(16)]
    barrier = threading.Barrier(len(rivals))
    won: list[bool] = []

    def take(rival: Claims) -> None:
        barrier.wait()
        won.append(rival.take(KEY))

    threads = [threading.Thread(target=take, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
    for rival in rivals:
        rival.release_all()
    assert files(tmp_path) == []


def test_a_holder_elsewhere_counts_as_gone_after_a_minute_of_silence(
    tmp_path: Path, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of who waits; a sign of life begins the minute again."""
    path = tmp_path / "store" / "cells" / KEY[:2] / f"{KEY}.claim"
    path.parent.mkdir(parents=True)
    path.write_text('{"host": "elsewhere", "pid": 1}')
    os.utime(path, (0, 0))
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    assert not claims.take(KEY)
    clock[0] += 59
    assert not claims.take(KEY)
    os.utime(path, (10, 10))
    clock[0] += 59
    assert not claims.take(KEY)
    clock[0] += 59
    assert not claims.take(KEY)
    clock[0] += 2
    assert claims.take(KEY)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"pid": []}', b"\xff"])
def test_a_claim_that_cannot_be_read_holds_for_a_minute_and_no_longer(
    tmp_path: Path, claims: Claims, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """It is nobody's, and breaks nothing."""
    path = tmp_path / "store" / "cells" / KEY[:2] / f"{KEY}.claim"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    assert not claims.take(KEY)
    clock[0] += 61
    assert claims.take(KEY)


def test_a_holder_gives_signs_of_life(tmp_path: Path, claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim's time moves on while it is held."""
    monkeypatch.setattr(module, "BEAT", 0.05)
    assert claims.take(KEY)
    path = tmp_path / "store" / "cells" / KEY[:2] / f"{KEY}.claim"
    os.utime(path, (0, 0))
    end = time.monotonic() + 10
    while path.stat().st_mtime == 0:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_holder_that_was_silent_does_not_remove_the_claim_of_its_successor(tmp_path: Path, claims: Claims) -> None:
    """It gives back only what is still its own."""
    assert claims.take(KEY)
    path = tmp_path / "store" / "cells" / KEY[:2] / f"{KEY}.claim"
    path.write_text('{"host": "elsewhere"}')
    claims.release(KEY)
    assert path.read_text() == '{"host": "elsewhere"}'


def test_where_no_claim_can_be_written_everything_is_computed(tmp_path: Path, claims: Claims) -> None:
    """A claim is advice."""
    (tmp_path / "store" / "cells").write_text("a file in the way")
    assert claims.take(KEY)
    claims.release(KEY)


@pytest.mark.parametrize("place", ["cells", f"cells/{KEY[:2]}"])
def test_a_link_to_nothing_in_place_of_a_folder_is_no_claim(tmp_path: Path, claims: Claims, place: str) -> None:
    """It exists, and nobody would ever give it back."""
    link = tmp_path / "store" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("nowhere")
    assert claims.take(KEY)


def test_claims_that_were_left_are_removed_with_other_leavings(tmp_path: Path) -> None:
    """When a store is opened an hour later."""
    path = tmp_path / "store" / "cells" / KEY[:2] / f"{KEY}.claim"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    (tmp_path / "store" / "cells" / KEY[:2] / f"{KEY}.json").touch()
    Store(tmp_path / "store")
    assert path.exists()
    os.utime(path, (time.time() - 7200,) * 2)
    Store(tmp_path / "store")
    assert not path.exists()
