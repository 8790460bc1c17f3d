"""Runs as one page that a browser shows without a network: estimates, plots, tables, and the commands behind them."""

from jamharness.reporting.report import Report, make_report

__all__ = ["Report", "make_report"]
