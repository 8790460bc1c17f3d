"""Estimates with intervals from a handful of seeds."""
