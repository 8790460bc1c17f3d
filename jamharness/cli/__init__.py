"""The command line. It parses, calls and prints; what it prints is made in ``jamharness.render``."""

from jamharness.cli.entry import main

__all__ = ["main"]
