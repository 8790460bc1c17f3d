"""Attacks on the command line: what strangers did to it, each a small value."""
