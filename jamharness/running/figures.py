"""The figures of a run, as files in its store, in the style of a paper."""

import io
import logging
import math
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput, Findings, unknown_name
from jamharness.plugins import Plugins, plugin_code
from jamharness.running.experiments import Experiment, load_protocol
from jamharness.store import Store
from jamharness.store.files import explain, write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jamharness.running.result import Run

log = logging.getLogger("jamharness")
FORMATS = ("pdf", "svg", "png")
DEFAULT = ("png",)
PALETTE = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""Ten colours that are told apart with every common colour vision (Petroff, arXiv 2107.02270, table 1)."""
STYLE: Any = {
    # As text, which matplotlib reads: its own cycler is not imported here.
    "axes.prop_cycle": f"cycler('color', {list(PALETTE)})",
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "savefig.dpi": 300,
    # TrueType, which journals accept and programs can edit; Type 3, the default, is neither.
    "pdf.fonttype": 42,
    # Letters as outlines: they look the same wherever the font is missing, which an SVG cannot embed.
    "svg.fonttype": "path",
    # The same figure gives the same bytes.
    "svg.hashsalt": "jamharness",
}
"""matplotlib's settings while a protocol draws and its figures are saved; sizes in points."""
COLUMNS: Mapping[int, float] = {1: 3.4, 2: 7.0}
"""Inches of one and of two columns of a journal (APS: 3 3/8 and 7; Nature: 3.5 and 7.2)."""
_UNDATED: Mapping[str, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


def check_formats(formats: Sequence[str], problems: list[str]) -> tuple[str, ...]:
    """The formats of figures that were asked for, each once; ``"none"`` stands for no figure.

    Arguments:
        formats: their names.
        problems: where a sentence for each unknown one goes.
    """
    texts = [formats] if isinstance(formats, str) else formats
    names = tuple(dict.fromkeys(name.strip() for text in texts for name in str(text).split(",") if name.strip()))
    if names == ("none",):
        return ()
    problems += [unknown_name("figure format", name, (*FORMATS, "none")) for name in names if name not in FORMATS]
    return names


def draw_figures(
    experiment: Experiment,
    findings: Findings,
    folder: Path,
    formats: Sequence[str] = DEFAULT,
    like: Path | None = None,
) -> list[str]:
    """Draw what a protocol shows; a figure that cannot be drawn is a warning, and the numbers stand.

    Arguments:
        experiment: the protocol.
        findings: its findings.
        folder: where the files go, as ``<protocol>-<figure>.<format>``.
        formats: of ``FORMATS``.
        like: the folder whose group the files take; None for that of whoever writes.

    Returns:
        The paths of the files.

    Raises:
        BadInput: the folder cannot be written.
    """
    return draw(experiment.name, partial(experiment.protocol.draw, findings), folder, formats, like)


def draw_run(
    run: "Run", plugins: Plugins, folder: Path, formats: Sequence[str] = DEFAULT, like: Path | None = None
) -> list[str]:
    """Draw all figures of a run again; see ``draw_figures``.

    Arguments:
        run: from ``run``, ``resume`` or ``open_run``.
        plugins: where its protocols come from.
        folder: where the files go.
        formats: of ``FORMATS``.
        like: as for ``draw_figures``.

    Raises:
        BadInput: the folder cannot be written, or a protocol is not installed any more.
    """
    files = []
    for name, part in run.protocols.items():
        findings, protocol = part.findings, load_protocol(plugins, name)
        files += draw(name, partial(protocol.draw, findings), folder, formats, like)
    return files


def draw(
    protocol: str,
    make: "Callable[[], Mapping[str, Figure]]",
    folder: Path,
    formats: Sequence[str],
    like: Path | None = None,
) -> list[str]:
    """Save what a function draws, in the style of a paper; see ``draw_figures``.

    Arguments:
        protocol: whose figures they are.
        make: returns figures by name.
        folder: where the files go.
        formats: of ``FORMATS``.
        like: as for ``draw_figures``.
    """
    files = []
    for (figure, kind), image in images_of(protocol, make, formats).items():
        name = f"{file_name(protocol, figure)}.{kind}"
        try:
            write_atomically(folder / name, image, like)
        except OSError as error:
            raise BadInput(explain(error, f"Figures folder {str(folder)!r}")) from None
        files.append(str(folder / name))
    return files


def images_of(
    protocol: str, make: "Callable[[], Mapping[str, Figure]]", formats: Sequence[str], width: float | None = None
) -> dict[tuple[str, str], bytes]:
    """What a function draws, as the bytes of files by figure and format; nothing, with a warning, where it cannot.

    Arguments:
        protocol: whose figures they are.
        make: returns figures by name.
        formats: of ``FORMATS``.
        width: inches that every figure takes, as ``COLUMNS`` has them; None for the width that the protocol gave it.
    """
    if not formats:
        return {}
    try:
        with _matplotlib().rc_context(STYLE):
            with plugin_code(f"protocol {protocol!r}", "drawing"):
                figures = dict(make())
            images: dict[tuple[str, str], bytes] = {}
            for name, figure in figures.items():
                if width is not None:
                    figure.set_size_inches(width, _height(figure.get_figwidth(), figure.get_figheight(), width))
                images |= {(name, kind): image for kind, image in _images(figure, formats).items()}
            return images
    except Exception as error:
        log.warning("The figures of protocol %r cannot be drawn (%s: %s).", protocol, type(error).__name__, error)
        log.debug("draw of %s", protocol, exc_info=True)
        return {}


def _height(drawn: float, height: float, width: float) -> float:
    """Of a figure brought to another width: what is square stays so, and others grow or shrink half as much."""
    return height * (width / drawn if height >= drawn else math.sqrt(width / drawn))


def _matplotlib() -> Any:
    """The library, set to open no window; in a session where the user plots already, the choice is theirs."""
    # With the name of a backend that it does not know it cannot even be imported.
    named = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib as mpl
    finally:
        if named is not None:
            os.environ["MPLBACKEND"] = named
    if "matplotlib.pyplot" not in sys.modules:
        mpl.use("Agg")
    return mpl


def _images(figure: "Figure", formats: Sequence[str]) -> dict[str, bytes]:
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    images = {}
    for kind in formats:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=dict(_UNDATED[kind]))
        images[kind] = buffer.getvalue()
    pyplot.close(figure)
    return images


def figures_folder(store: Store, run: str) -> Path:
    """Where the figures of a run lie."""
    return store.root / "figures" / run


def figure_files(folder: Path) -> list[str]:
    """The figures that lie there, sorted."""
    return sorted(str(path) for kind in FORMATS for path in folder.glob(f"*.{kind}"))


def file_name(protocol: str, name: str) -> str:
    """``protocol-name`` without what file systems do not like."""
    return re.sub(r"[^\w.-]+", "_", f"{protocol}-{name}")
