"""How tables name the cells that their rows come from."""

SHORT = 12
"""Digits of a cell's key that a table shows: 48 bits, so that two of a million cells share them in one store of 500."""
