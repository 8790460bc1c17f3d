"""The formats of a user's own patterns: .npz, .csv, .parquet and IDX."""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput, unknown_name
from jamharness.datasets.idx import read_idx
from jamharness.datasets.pictures import Pictures
from jamharness.paths import read_file

if TYPE_CHECKING:
    import pandas as pd

_LARGEST = 1e100
"""Numbers beyond have no square in float64 that could be summed."""
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """What a file holds.

    Arguments:
        train: the patterns.
        test: its own test set; None where it has none.
        brightest: the value that stands for 1: 255 for pictures, 1 for all else.
    """

    train: Pictures
    test: Pictures | None
    brightest: int


def read(path: Path, label_column: str | None = None) -> Labelled:
    """The patterns and classes of a file, by the ending of its name.

    ``.csv`` (a header, then a pattern per line) and ``.parquet``: numbers, and one column of classes. ``.npz``: arrays
    ``x`` (n, …) and ``y`` (n,), and ``x_test`` and ``y_test`` where there is a test set. IDX: a file of pictures,
    ``…images-idx3-ubyte``, gzipped or not, with ``…labels-idx1-ubyte`` beside it; where its name begins with
    ``train-``, the files that begin with ``t10k-`` are the test set.

    Arguments:
        path: the file.
        label_column: the name of the column of classes; None: the last.

    Raises:
        BadInput: everything that is wrong with the file, one sentence each.
    """
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the file in it, as in dataset=file:{path / 'patterns.csv'}.")
    ending = path.suffix.lower()
    if label_column is not None and ending not in _TABLES:
        raise BadInput(f"label_column = {label_column}: {path.name} has no columns with names; leave it out.")
    if ending in _TABLES:
        return _table(path, _TABLES[ending], label_column)
    if ending == ".npz":
        return _arrays(path)
    if _IMAGES in path.name:
        return _pictures(path)
    raise BadInput(
        f"{path}: its name must end in .csv, .parquet or .npz, or hold {_IMAGES}; the ending says how to read it."
    )


def parts(path: Path) -> tuple[Path, ...]:
    """Every file that ``read`` reads for this one: itself, and what lies beside pictures in IDX form."""
    if _IMAGES not in path.name:
        return (path,)
    test = _test_of(path)
    paths = (path, _labels_of(path), test, test and _labels_of(test))
    return tuple(each for each in paths if each is not None)


def _content(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check the file and its permissions.") from None


def _csv(content: io.BytesIO) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_csv(content)


def _parquet(content: io.BytesIO) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(content)


_TABLES: Mapping[str, Callable[[io.BytesIO], "pd.DataFrame"]] = {".csv": _csv, ".parquet": _parquet}


def _table(path: Path, reader: Callable[[io.BytesIO], "pd.DataFrame"], label_column: str | None) -> Labelled:
    content = _content(path)
    try:
        table = reader(io.BytesIO(content))
    except ImportError:
        raise BadInput(f"{path}: reading it needs pyarrow; install it by: pip install 'jamharness[data]'.") from None
    except Exception as error:  # noqa: BLE001  (parsers raise what they like, for content that anybody wrote)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise BadInput(f"{path}: not a readable {path.suffix[1:]} file ({reason}); check its content.") from None
    columns = [str(name) for name in table.columns]
    table = table.set_axis(columns, axis=1)
    if len(columns) < 2 or not len(table):
        raise BadInput(
            f"{path}: {len(table)} rows of {len(columns)} columns; a table needs patterns, one per row, and a column "
            "of classes."
        )
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise BadInput(f"{path}: two columns are called {twice!r}; give each a name of its own.")
    if label_column is not None and label_column not in columns:
        raise BadInput(f"{path}: {unknown_name('label_column', label_column, columns)}")
    chosen = columns[-1] if label_column is None else label_column
    values, problems = table.drop(columns=chosen), []
    words = [name for name in values.columns if values[name].dtype.kind not in "biuf"]
    if words:
        example = values[words[0]].iloc[0]
        problems.append(
            f"{path}: column {words[0]!r} holds {example!r}, which is no number; write numbers, leave the column out, "
            f"or name the classes' column, as in label_column={words[0]}."
        )
    for name in columns:
        if name not in words and table[name].isna().any():
            row = int(np.flatnonzero(table[name].isna())[0])
            problems.append(f"{path}: row {row + 1} has nothing in column {name!r}; fill it in or leave the row out.")
            break
    if problems:
        raise BadInput(*problems)
    x = values.to_numpy(dtype=np.float64)
    return Labelled(train=_labelled(path, "", x, table[chosen].to_numpy()), test=None, brightest=1)


def _arrays(path: Path) -> Labelled:
    content = _content(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name in ("x", "y", "x_test", "y_test")}
            names = list(file.files)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise BadInput(f"{path}: not a readable npz file ({reason}); write it by numpy.savez.") from None
    missing = [name for name in ("x", "y") if name not in arrays]
    if "x_test" in arrays or "y_test" in arrays:
        missing += [name for name in ("x_test", "y_test") if name not in arrays]
    if missing:
        raise BadInput(
            f"{path}: holds {', '.join(names) or 'nothing'} and no {', '.join(missing)}; save patterns as x and their "
            "classes as y."
        )
    train = _labelled(path, "", arrays["x"], arrays["y"])
    if "x_test" not in arrays:
        return Labelled(train=train, test=None, brightest=_brightest(train))
    test = _labelled(path, "_test", arrays["x_test"], arrays["y_test"])
    if test.pixels.shape[1] != train.pixels.shape[1] or test.pixels.dtype != train.pixels.dtype:
        raise BadInput(
            f"{path}: x has rows of {train.pixels.shape[1]} {train.pixels.dtype} and x_test of {test.pixels.shape[1]} "
            f"{test.pixels.dtype}; they must be alike."
        )
    return Labelled(train=train, test=test, brightest=_brightest(train))


def _brightest(pictures: Pictures) -> int:
    return 255 if pictures.pixels.dtype == np.uint8 else 1


def _pictures(path: Path) -> Labelled:
    train, test = _half(path), None
    other = _test_of(path)
    if other is not None:
        test = _half(other)
        if test.pixels.shape[1] != train.pixels.shape[1]:
            raise BadInput(f"{path} and {other.name}: pictures of two sizes; they must be of one data set.")
    return Labelled(train=train, test=test, brightest=255)


def _test_of(images: Path) -> Path | None:
    """The pictures of the test set that belong to those of a training set, where they are there."""
    other = images.with_name("t10k-" + images.name.removeprefix("train-"))
    return other if images.name.startswith("train-") and other.is_file() else None


def _labels_of(images: Path) -> Path | None:
    """The classes of pictures, where they are there."""
    plain = images.name.replace(_IMAGES, _LABELS).removesuffix(".gz")
    places = [images.with_name(name) for name in (plain, f"{plain}.gz")]
    return next((place for place in places if place.is_file()), None)


def _half(images: Path) -> Pictures:
    labels = _labels_of(images)
    if labels is None:
        plain = images.name.replace(_IMAGES, _LABELS).removesuffix(".gz")
        raise BadInput(f"{images}: its classes, {plain}, are not beside it; put them there.")
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes):
        raise BadInput(
            f"{labels}: {len(classes)} classes for the {len(pixels)} pictures in {images.name}; they must belong "
            "together."
        )
    return _labelled(images, "", pixels, classes)


def _labelled(path: Path, end: str, x: NDArray[Any], y: NDArray[Any]) -> Pictures:
    """Patterns and classes, as they can be computed with.

    Raises:
        BadInput: everything that is wrong with them.
    """
    problems = []
    if x.ndim < 2 or y.ndim != 1 or len(x) != len(y) or 0 in x.shape:
        raise BadInput(
            f"{path}: x{end} has shape {x.shape} and y{end} has {y.shape}; they must be (n, …) and (n,) with n at "
            "least 1."
        )
    rows = x.reshape(len(x), -1)
    if rows.dtype.kind not in "biuf":
        raise BadInput(f"{path}: x{end} holds {rows.dtype} and no numbers; save numbers.")
    if rows.dtype != np.uint8:
        rows = rows.astype(np.float64)
        wrong = np.flatnonzero(~(np.abs(rows) <= _LARGEST).all(axis=1))
        if wrong.size:
            problems.append(
                f"{path}: row {wrong[0] + 1} holds a number that is NaN, infinite or beyond 1e100; repair or remove it."
            )
    classes = y
    if y.dtype.kind == "f":
        whole = np.isfinite(y) & (y == np.round(y)) & (np.abs(y) < 2**53)
        if not whole.all():
            problems.append(
                f"{path}: the class of row {np.flatnonzero(~whole)[0] + 1} is {y[~whole][0]}; classes are whole "
                "numbers or names."
            )
        else:
            classes = y.astype(np.int64)
    elif y.dtype.kind in "b":
        classes = y.astype(np.int64)
    elif y.dtype.kind not in "iu":
        classes = np.array([str(name) for name in y])
    if problems:
        raise BadInput(*problems)
    return Pictures(pixels=rows, classes=classes)
