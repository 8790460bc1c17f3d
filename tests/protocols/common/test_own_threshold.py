"""Loads relative to each seed's own threshold, which is searched with jamming's own cells."""

from dataclasses import replace

import pytest
from jamharness_protocols.common.own_threshold import own_thresholds
from jamharness_protocols.jamming.protocol import Jamming
from jamharness_protocols.spectrum.protocol import Spectrum

from jamharness.api import CellResult, FinishedCell

CHOSEN = Spectrum.Settings(constraint="none", activation="relu", width=3, depth=1, seeds=2, relative=(0.5, 1.5))


def trial(cell, threshold):
    """A cell of a seed that is satisfied up to a threshold."""
    outcome = "satisfied" if cell.coordinates["patterns"] <= threshold else "minimum"
    return FinishedCell(cell=cell, result=CellResult(values={"outcome": outcome}))


def searched(chosen, thresholds):
    """All trials of the searches, and what comes after them."""
    done: list[FinishedCell] = []
    while cells := [cell for cell in Spectrum().plan(chosen, done) if cell.task == "minimisation"]:
        done += [trial(cell, thresholds[cell.coordinates["seed"]]) for cell in cells]
    return done


def test_the_trials_are_those_of_jamming():
    """The same identities, so that a store keeps them once."""
    search = CHOSEN.search()
    ours = Spectrum().plan(CHOSEN, [])
    assert ours == Jamming().plan(search, [])
    plain = Jamming.Settings(width=3, depth=1, seeds=2)
    assert ours == Jamming().plan(plain, [])


def test_each_seed_has_loads_of_its_own():
    """P is the load times the middle of the seed's own bracket, to the nearest even number."""
    done = searched(CHOSEN, {0: 30, 1: 50})
    thresholds = own_thresholds(CHOSEN, done)
    assert (thresholds.cells, thresholds.failed) == ([], ())
    for seed, threshold in ((0, 30), (1, 50)):
        low, high = thresholds.brackets[seed]
        assert low <= threshold < high
        mine = [cell for cell in Spectrum().plan(CHOSEN, done) if cell.coordinates["seed"] == seed]
        for cell in mine:
            expected = cell.coordinates["relative"] * (low + high) / 2
            assert cell.coordinates["patterns"] == pytest.approx(expected, abs=1)
        assert len(mine) == 2


def test_a_seed_that_is_done_does_not_wait_for_another():
    """Its own cells are planned while another seed is still searched."""
    done = [item for item in searched(CHOSEN, {0: 30, 1: 50}) if item.cell.coordinates["seed"] == 0]
    planned = Spectrum().plan(CHOSEN, done)
    assert {(cell.task, cell.coordinates["seed"]) for cell in planned} == {("minimisation", 1), ("spectrum", 0)}


def test_a_search_that_finds_nothing_is_told():
    """A seed that is satisfied at every load up to the highest has no threshold and no further cells."""
    done = searched(CHOSEN, {0: 10**6, 1: 50})
    assert own_thresholds(CHOSEN, done).failed == (0,)
    assert {cell.coordinates["seed"] for cell in Spectrum().plan(CHOSEN, done)} == {1}


def test_trials_and_cells_share_their_patterns():
    """The data of a seed are one pool; each cell takes a prefix of it."""
    done = searched(CHOSEN, {0: 30, 1: 50})
    requests = {item.cell.dataset for item in done if item.cell.coordinates["seed"] == 0}
    requests |= {cell.dataset for cell in Spectrum().plan(CHOSEN, done) if cell.coordinates["seed"] == 0}
    assert len(requests) == 1


def test_from_search_to_spectra(carry_out):
    """With real minimisations: the search's cells, then spectra, and estimates from the spectra alone."""
    chosen = replace(CHOSEN, seeds=1)
    done = carry_out(Spectrum(), chosen)
    findings = Spectrum().analyse(chosen, done)
    assert len(findings.tables["cells"]) == 2
    assert findings.estimates["minima"].count == 2


def test_minimisations_at_the_loads_are_no_trials_of_the_search():
    """Cells of the same kind that lie inside the bracket leave it, and the loads, where they were."""
    done = searched(CHOSEN, {0: 30, 1: 50})
    before = own_thresholds(CHOSEN, done)
    cells = Spectrum().plan(CHOSEN, done)
    low, high = before.brackets[0]
    model = next(item.cell for item in done if item.cell.coordinates["seed"] == 0)
    inside = replace(model, coordinates={**model.coordinates, "patterns": (low + high) // 2})
    more = [trial(need, 0) for cell in cells for need in cell.needs] + [trial(inside, 0)]
    assert own_thresholds(CHOSEN, [*done, *more]) == before
    assert Spectrum().plan(CHOSEN, [*done, *more]) == cells
