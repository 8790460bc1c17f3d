"""Avalanches under quasistatic driving from jamming on."""
