"""The figures of a run, as PNG files in its store."""

import io
import logging
import re
import sys
from pathlib import Path

from jamharness.plugins import plugin_code
from jamharness.running.experiments import Experiment
from jamharness.running.result import ProtocolRun
from jamharness.store import Store

log = logging.getLogger("jamharness")
_RESOLUTION = 150
"""Dots per inch."""


def draw_figures(experiment: Experiment, found: ProtocolRun, store: Store, run: str) -> list[str]:
    """Draw what a protocol shows; a figure that cannot be drawn is a warning, and the numbers stand.

    Arguments:
        experiment: the protocol.
        found: its findings.
        store: where the files go: ``figures/<run>/<protocol>-<figure>.png``.
        run: the run's name.

    Returns:
        The paths of the files.

    Raises:
        BadInput: the store cannot be written.
    """
    import matplotlib as mpl

    if "matplotlib.pyplot" not in sys.modules:
        # Nothing is to open a window; in a session where the user plots already, the choice is theirs.
        mpl.use("Agg")
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    try:
        with plugin_code(f"protocol {experiment.name!r}", "drawing"):
            figures = dict(experiment.protocol.draw(found.findings))
        images = {}
        for name, figure in figures.items():
            buffer = io.BytesIO()
            FigureCanvasAgg(figure)
            figure.savefig(buffer, format="png", dpi=_RESOLUTION)
            pyplot.close(figure)
            images[name] = buffer.getvalue()
    except Exception as error:
        log.warning(
            "The figures of protocol %r cannot be drawn (%s: %s).", experiment.name, type(error).__name__, error
        )
        log.debug("draw of %s", experiment.name, exc_info=True)
        return []
    files = []
    for name, image in images.items():
        path = figures_folder(store, run) / f"{file_name(experiment.name, name)}.png"
        store.write(path, image)
        files.append(str(path))
    return files


def figures_folder(store: Store, run: str) -> Path:
    """Where the figures of a run lie."""
    return store.root / "figures" / run


def file_name(protocol: str, name: str) -> str:
    """``protocol-name`` without what file systems do not like."""
    return re.sub(r"[^\w.-]+", "_", f"{protocol}-{name}")
