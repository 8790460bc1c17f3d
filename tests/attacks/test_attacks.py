"""Whatever strangers did: no wrong number with exit 0, no hang, no traceback, no lost cell.

A fixed choice of the attacks is made in every run of the tests. All of them: ``JAMHARNESS_FULL=1 pytest tests/attacks
-n 2``, or one kind by ``-k "test_attack[stores"``. All 733 have passed, kind by kind: an hour on two cores.
"""

import os
import sys
from pathlib import Path

import pytest
from catalogue import data, inputs, interruptions, plugins, stores, surroundings
from catalogue.attack import Attack
from catalogue.place import Ground, Place

KINDS = {
    kind.__name__.rpartition(".")[2]: kind.ATTACKS
    for kind in (inputs, interruptions, stores, plugins, surroundings, data)
}
ALL = {f"{kind}: {attack.name}": attack for kind, attacks in KINDS.items() for attack in attacks}
FULL = bool(os.environ.get("JAMHARNESS_FULL"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands are forked, and looked up in /proc")


def test_there_are_200_attacks_of_six_kinds() -> None:
    """Each with a name of its own; those of every run are of all kinds."""
    assert len(ALL) == sum(map(len, KINDS.values())) >= 200
    assert all(any(attack.quick for attack in attacks) for attacks in KINDS.values())


@pytest.mark.parametrize(
    "attack", [pytest.param(attack, id=name) for name, attack in ALL.items() if FULL or attack.quick]
)
def test_attack(ground: Ground, tmp_path: Path, attack: Attack) -> None:
    """It ends within 30 s, says what is wrong, and leaves the numbers and the cells as they were."""
    place = Place(ground, tmp_path, whole=attack.whole)
    try:
        attack.do(place)
        if attack.again:
            place.check_again()
        place.finish()
    finally:
        place.clear()
