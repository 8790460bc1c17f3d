"""The ground on which attacks take place, made once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from catalogue.place import Ground, prepare


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A toy distribution, a store with two finished runs, and a process that forks commands."""
    prepared = prepare(tmp_path_factory.mktemp("ground"))
    yield prepared
    prepared.nursery.close()
