"""Patterns from ``folder/patterns.csv``: one per row, numbers separated by commas, the label −1 or +1 at the end."""

from pathlib import Path

import numpy as np

from jamharness.api import BadInput, Patterns, generator


def load(request):
    """The patterns that a cell asks for.

    Arguments:
        request: ``folder`` must be given; ``projection`` and ``fit`` have no effect.

    Raises:
        BadInput: all that is wrong with the request or the file.
    """
    x, y = read(request)
    draw = generator("table", request.seed)
    order = draw.permutation(len(y))
    train_size = len(y) - int(request.test_fraction * len(y))
    train, test = order[:train_size], order[train_size:]
    if request.labels == "alternate":
        train = interleaved(train, y)
    P = len(train) if request.patterns is None else request.patterns
    if len(train) < P:
        raise BadInput(
            f"patterns = {P}: data set 'table' has {len(train)} in balanced classes; ask for at most that many."
        )
    train = train[:P]
    y_train = y[train] if request.labels == "alternate" else draw.choice([-1.0, 1.0], P)
    x_train, x_test = x[train], x[test]
    if request.normalise:
        mean = x_train.mean(axis=0)
        x_train, x_test = on_sphere(x_train - mean), on_sphere(x_test - mean)
    return Patterns(x=x_train, y=y_train, x_test=x_test, y_test=y[test], description={"source": "patterns.csv"})


def read(request):
    """x (n, d) and y (n,) of the whole file; what is wrong with it in one sentence."""
    if request.folder is None:
        raise BadInput("folder: data set 'table' needs the folder that holds patterns.csv, as in --set folder=DIR.")
    path = Path(request.folder) / "patterns.csv"
    try:
        rows = np.loadtxt(path, delimiter=",", ndmin=2)
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist; put it there, or name its folder by --set folder=DIR.") from None
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} cannot be read ({error}); write one pattern per row, numbers separated by commas."
        ) from None
    x, y = rows[:, :-1], rows[:, -1]
    if x.shape[1] != request.inputs:
        raise BadInput(
            f"inputs = {request.inputs}: {path} has {x.shape[1]} columns before the label; set inputs to that."
        )
    return x, y


def interleaved(order, y):
    """Rows of label −1 and +1 in turn, as far as there are both."""
    pairs = zip(order[y[order] < 0], order[y[order] > 0], strict=False)
    return np.array([row for pair in pairs for row in pair], dtype=int)


def on_sphere(x):
    """Each row projected to |x| = √d."""
    return x * (np.sqrt(x.shape[1]) / np.linalg.norm(x, axis=1, keepdims=True))
