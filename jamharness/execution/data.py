"""The patterns of a data set, loaded in a worker process: a plugin may crash, hang, leave or print there."""

from collections import OrderedDict

from jamharness.api import DataRequest, Patterns, PluginError
from jamharness.plugins import load_object

_MOST, _BYTES = 16, 1 << 28
"""How many sets of patterns a process keeps, and how large they may be together: the seeds of a small run."""

_kept: "OrderedDict[tuple[str, DataRequest], tuple[Patterns, str]]" = OrderedDict()


def load(factory: str, request: DataRequest) -> Patterns:
    """The patterns that are asked for; this process keeps the last few.

    Arguments:
        factory: ``"package.module:function"`` of the data set.
        request: which patterns.

    Raises:
        PluginError: the factory cannot be imported or returns something else.
        Exception: whatever the data set raises.
    """
    return _loaded(factory, request)[0]


def fingerprint(factory: str, request: DataRequest) -> str:
    """The digest of the patterns, for the keys of cells that compute on them; raises what ``load`` does."""
    return _loaded(factory, request)[1]


def _loaded(factory: str, request: DataRequest) -> tuple[Patterns, str]:
    key = factory, request
    if key not in _kept:
        patterns = load_object(factory)(request)
        if not isinstance(patterns, Patterns):
            raise PluginError(
                f"Data set {request.dataset!r}: {factory} returned an object of type {type(patterns).__name__}; "
                "it must return Patterns."
            )
        _kept[key] = patterns, patterns.digest()
    _kept.move_to_end(key)
    while len(_kept) > 1 and (len(_kept) > _MOST or sum(_size(item) for item, _ in _kept.values()) > _BYTES):
        _kept.popitem(last=False)
    return _kept[key]


def _size(patterns: Patterns) -> int:
    return patterns.x.nbytes + patterns.y.nbytes + patterns.x_test.nbytes + patterns.y_test.nbytes
