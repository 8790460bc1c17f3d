"""What an interrupted command says that it keeps."""

import pytest
import typer

from jamharness.api import Cell, CellResult, FinishedCell
from jamharness.cli import agreement, running
from jamharness.cli.keeping import Keeper
from jamharness.running import Silent

AGAIN = {"store": "my store", "config": None}


def cell(seed):
    return Cell(protocol="coins", coordinates={"seed": seed}, label=f"coin {seed}")


def told(keeper):
    keeper.started("coins-1", "coins", {})
    keeper.finished("coins", FinishedCell(cell=cell(0), result=CellResult(values={})), False, 1.0)
    keeper.finished("coins", FinishedCell(cell=cell(1), failure="no"), False, 1.0)
    return keeper


class Blind:
    """A display that fails at everything."""

    def __getattr__(self, name):
        raise OSError("no terminal")


def test_a_second_ctrl_c_does_not_lose_the_name(capsys):
    """It comes without one, in place of the error that had it."""
    with pytest.raises(typer.Exit) as left, running._ctrl_c(told(Keeper(Silent())), AGAIN):
        raise KeyboardInterrupt
    assert left.value.exit_code == 130
    assert capsys.readouterr().err == (
        "Interrupted. What is done is kept (1 cell); to go on: jamharness resume coins-1 --store 'my store'\n"
    )


def test_before_the_record_there_is_nothing_to_keep(capsys):
    """And only then is that said."""
    with pytest.raises(typer.Exit), running._ctrl_c(Keeper(Silent()), AGAIN):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "Interrupted before anything was computed.\n"


def test_a_comparison_names_all_its_runs(capsys):
    """Each with what it has so far."""
    keeper = told(Keeper(Silent()))
    keeper.started("coins-2", "coins", {})
    with pytest.raises(typer.Exit) as left, agreement._ctrl_c(keeper, None):
        raise KeyboardInterrupt
    assert left.value.exit_code == 130
    assert capsys.readouterr().err == (
        "Interrupted. Kept in jamharness-store: runs coins-1 (1 cell), coins-2 (0 cells); "
        "the same command goes on from there.\n"
    )
    with pytest.raises(typer.Exit), agreement._ctrl_c(Keeper(Silent()), None):
        raise KeyboardInterrupt
    assert "nothing is kept" in capsys.readouterr().err


def test_a_display_that_fails_ends_nothing():
    """It is switched off, and the counting goes on."""
    assert told(Keeper(Blind())).cells == {"coins-1": 1}
