"""The patterns of a data set, loaded in a worker process: a plugin may crash, hang, leave or print there."""

from collections import OrderedDict

from jamharness.api import DataRequest, Patterns, PluginError
from jamharness.plugins import load_object

_MOST, _BYTES = 16, 1 << 28
"""How many sets of patterns a process keeps, and how large they may be together: the seeds of a small run."""

_cache: "OrderedDict[tuple[str, DataRequest], tuple[Patterns, str]]" = OrderedDict()


def load(factory: str, request: DataRequest) -> Patterns:
    """The patterns that are asked for; this process keeps the last few.

    Arguments:
        factory: ``"package.module:function"`` of the data set.
        request: which patterns.

    Raises:
        PluginError: the factory cannot be imported or returns something else.
        Exception: whatever the data set raises.
    """
    return _load(factory, request)[0]


def fingerprint(factory: str, request: DataRequest) -> str:
    """The digest of the patterns, for the keys of cells that compute on them; raises what ``load`` does."""
    return _load(factory, request)[1]


def _load(factory: str, request: DataRequest) -> tuple[Patterns, str]:
    key = factory, request
    if key not in _cache:
        patterns = load_object(factory)(request)
        if not isinstance(patterns, Patterns):
            raise PluginError(
                f"Data set {request.dataset!r}: {factory} returned an object of type {type(patterns).__name__}; "
                "it must return Patterns."
            )
        _cache[key] = patterns, patterns.digest()
    _cache.move_to_end(key)
    while len(_cache) > 1 and (len(_cache) > _MOST or sum(_size(item) for item, _ in _cache.values()) > _BYTES):
        _cache.popitem(last=False)
    return _cache[key]


def _size(patterns: Patterns) -> int:
    return patterns.x.nbytes + patterns.y.nbytes + patterns.x_test.nbytes + patterns.y_test.nbytes
