"""A run as files that other programs read."""

import io
import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import BadInput, unknown_name
from jamharness.running.figures import file_name
from jamharness.running.portable import Portable
from jamharness.running.result import Run
from jamharness.store.files import explain, write_atomically

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "parquet")


def export_run(run: Run, folder: str | Path, format: str = "csv") -> list[Path]:  # noqa: A002  (what the user types)
    """Write the tables of a run as CSV or Parquet, its arrays as ``.npy``, and its summary as ``run.json``.

    Nothing in them names this machine, its users or their folders; paths of figures are as seen from the store.

    Arguments:
        run: from ``run``, ``resume`` or ``open_run``.
        folder: where the files go; made if it does not exist. Files of the same names are replaced.
        format: ``"csv"`` or ``"parquet"``.

    Returns:
        The files written.

    Raises:
        BadInput: an unknown format, Parquet without pyarrow, or a folder that cannot be written.
    """
    named = f"Export folder {str(folder)!r}"
    problems = []
    try:
        target = Path(folder).expanduser()
        is_file = os.path.lexists(target) and not target.is_dir()
    except RuntimeError:
        raise BadInput(f"{named} is in the home of a user who does not exist; write the path out.") from None
    except (OSError, ValueError) as error:
        raise BadInput(explain(error, named) if isinstance(error, OSError) else f"{named}: {error}.") from None
    if folder == "" or "\0" in str(folder):
        problems.append(f"{named} is no name of a folder; give one, or '.' for this folder.")
    if format not in FORMATS:
        problems.append(unknown_name("export format", format, FORMATS))
    elif format == "parquet" and find_spec("pyarrow") is None:
        problems.append('Export as parquet needs pyarrow, which is not installed; run: pip install "jamharness[data]"')
    if is_file:
        problems.append(f"{named} is a file; choose a folder.")
    if problems:
        raise BadInput(*problems)
    pack, portable = _FORMATS[format], Portable(run.store)
    written = []
    try:
        for name, part in run.protocols.items():
            for table, frame in part.findings.tables.items():
                written.append(target / f"{file_name(name, table)}.{format}")
                write_atomically(written[-1], pack(_portable(frame, portable)))
            for array, values in part.findings.arrays.items():
                written.append(target / f"{file_name(name, array)}.npy")
                buffer = io.BytesIO()
                np.save(buffer, values, allow_pickle=False)
                write_atomically(written[-1], buffer.getvalue())
        written.append(target / "run.json")
        document = portable.document(run.to_json())
        write_atomically(written[-1], json.dumps(document, indent=2, allow_nan=False).encode())
    except OSError as error:
        raise BadInput(explain(error, named)) from None
    return written


def _portable(frame: "pd.DataFrame", portable: Portable) -> "pd.DataFrame":
    portably = frame.copy(deep=False)
    for name in frame.columns if frame.columns.is_unique else ():
        if any(isinstance(value, str) for value in frame[name]):
            portably[name] = frame[name].map(lambda value: portable.text(value) if isinstance(value, str) else value)
    return portably


def portable_csv(frame: "pd.DataFrame", portable: Portable) -> bytes:
    """A table as CSV, as ``export_run`` writes it.

    Arguments:
        frame: the table.
        portable: takes out what names a person or a machine.
    """
    return _csv(_portable(frame, portable))


def write_file(path: Path, data: bytes) -> Path:
    """Write one more file beside the others.

    Raises:
        BadInput: the system refuses.
    """
    try:
        write_atomically(path, data)
    except OSError as error:
        raise BadInput(explain(error, f"Export folder {str(path.parent)!r}")) from None
    return path


def _csv(frame: "pd.DataFrame") -> bytes:
    import pandas as pd

    return frame.to_csv(index=not isinstance(frame.index, pd.RangeIndex)).encode()


def _parquet(frame: "pd.DataFrame") -> bytes:
    import pyarrow

    try:
        return _packed(frame)
    except pyarrow.ArrowException:
        # A column of mixed things has no Parquet type; as JSON it loses nothing.
        mixed = [column for column in frame.columns if frame[column].dtype == object]
        if not mixed:
            raise
        return _packed(frame.assign(**{column: frame[column].map(_text) for column in mixed}))


def _packed(frame: "pd.DataFrame") -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow")
    return buffer.getvalue()


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)


_FORMATS: dict[str, Callable[["pd.DataFrame"], bytes]] = {"csv": _csv, "parquet": _parquet}
