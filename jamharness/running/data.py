"""Data are looked at before a run starts, so that what is wrong with them is bad input and not a failed cell."""

from collections.abc import Iterable
from dataclasses import replace

from jamharness.api import BadInput, Cell, DataRequest, JamharnessError
from jamharness.plugins import Plugins, load_data


def data_problems(plugins: Plugins, cells: Iterable[Cell]) -> list[str]:
    """What is wrong with the data of some cells: one request is loaded of all that differ in their seed only.

    Arguments:
        plugins: where data sets come from.
        cells: planned, not yet begun.

    Returns:
        One sentence each.
    """
    requests: dict[DataRequest, DataRequest] = {}
    for cell in cells:
        if cell.dataset is not None:
            requests.setdefault(replace(cell.dataset, seed=0), cell.dataset)
    problems: dict[str, None] = {}
    for request in requests.values():
        problems |= dict.fromkeys(_problems(plugins, request))
    return list(problems)


def _problems(plugins: Plugins, request: DataRequest) -> tuple[str, ...]:
    try:
        load_data(request, plugins)
    except BadInput as error:
        # The arrays of ``Patterns`` do not know which data set they come from; a sentence about a setting says enough.
        home = f"Data set {request.dataset!r}: "
        return tuple(home + text if text.startswith(("x ", "y ")) else text for text in error.problems)
    except JamharnessError as error:
        return (str(error),)
    except ImportError as error:
        return (f"Data set {request.dataset!r} cannot be loaded ({error}); install what it needs.",)
    except Exception as error:  # noqa: BLE001  (a data set may be anybody's code)
        return (f"Data set {request.dataset!r} cannot be loaded ({type(error).__name__}: {error}).",)
    return ()
