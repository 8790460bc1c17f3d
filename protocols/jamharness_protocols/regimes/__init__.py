"""Lazy and feature learning: the (h, α) plane, its crossover and its jamming line."""
