"""Cells in worker processes. The only seam is ``concurrent.futures.Executor``."""
