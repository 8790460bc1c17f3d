"""Cells as JSON and back: typed values travel under registered names, so that no file says what is imported."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from cattrs import Converter

from jamharness.api import LOSSES, Cell, DataRequest, JamharnessError, Json, PluginError, canonical_json
from jamharness.execution.plain import plain
from jamharness.plugins import Plugins, load_object
from jamharness.values import new_converter


class CellEncoding:
    """Writes and reads cells.

    Arguments:
        plugins: where the classes of systems are registered.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._names: dict[type, str] = {}

    def encode(self, cell: Cell) -> dict[str, Json]:
        """Everything that the protocol decides of a cell's numbers, as JSON values; label and cost are not of it.

        Raises:
            PluginError: its system or its loss is of a class that is not registered.
            TypeError: a value in it is no JSON value.
        """
        coordinates = plain(cell.coordinates, "coordinates")
        return {
            "task": cell.task,
            "system": None if cell.system is None else _tagged(self.name_of(cell.system), cell.system),
            "loss": None if cell.loss is None else _tagged(_loss_name(cell.loss), cell.loss),
            "coordinates": coordinates,
            "dataset": None if cell.dataset is None else _request(cell.dataset),
            "needs": [self.encode(need) for need in cell.needs],
        }

    def decode(self, document: Any, label: str = "") -> Cell:
        """The cell that was encoded.

        Arguments:
            document: what ``encode`` made; anything else is refused.
            label: of the cell.

        Raises:
            ValueError: it is no cell, or of a system or loss that is not registered here.
        """
        try:
            system, loss, dataset = document["system"], document["loss"], document["dataset"]
            if not isinstance(document["task"], str) or not isinstance(document["coordinates"], dict):
                raise TypeError("task and coordinates")
            return Cell(
                task=document["task"],
                system=None if system is None else _structured(system, self._class_of),
                loss=None if loss is None else _structured(loss, LOSSES.__getitem__),
                coordinates=document["coordinates"],
                dataset=None if dataset is None else _converter().structure(dataset, DataRequest),
                needs=tuple(self.decode(need) for need in document["needs"]),
                label=label,
            )
        except RecursionError:
            raise ValueError("it needs cells without end") from None
        except Exception as error:
            text = " ".join(str(error).split())[:200]
            raise ValueError(f"it is no cell that can be read here ({type(error).__name__}: {text})") from error

    def text(self, cell: Cell) -> str:
        """One text for equal cells, to sort them by and to know them by."""
        return canonical_json(self.encode(cell))

    def name_of(self, system: object) -> str:
        """The name under which the class of a system is registered.

        Raises:
            PluginError: it is not.
        """
        kind = type(system)
        if kind not in self._names:
            self._names[kind] = self._find(kind)
        return self._names[kind]

    def _find(self, kind: type) -> str:
        here = f"{kind.__module__}:{kind.__qualname__}"
        specs = sorted(self._plugins.systems.values(), key=lambda spec: spec.factory != here)
        for spec in specs:
            try:
                if load_object(spec.factory) is kind:
                    return spec.name
            except JamharnessError:
                continue
        raise PluginError(
            f"A system of class {here} is not registered; its plugin must offer it by jamharness_systems."
        )

    def _class_of(self, name: str) -> Any:
        return load_object(self._plugins.system(name).factory)


def _tagged(name: str, value: Any) -> dict[str, Json]:
    return {name: _fields(value)}


@lru_cache(maxsize=1024)
def _fields(value: Any) -> dict[str, Json]:
    document = plain(_converter().unstructure(value), type(value).__name__)
    assert isinstance(document, dict)
    return document


def _request(request: DataRequest) -> dict[str, Json]:
    # What lies in the folder counts, by its digest, and not where.
    return {name: value for name, value in _fields(request).items() if name != "folder"}


def _loss_name(loss: object) -> str:
    for name, kind in LOSSES.items():
        if type(loss) is kind:
            return name
    raise PluginError(
        f"A loss of class {type(loss).__name__} is not registered; jamharness.api has {', '.join(LOSSES)}."
    )


def _structured(document: dict[str, Any], class_of: Callable[[str], Any]) -> Any:
    ((name, values),) = document.items()
    return _converter().structure(values, class_of(name))


@cache
def _converter() -> Converter:
    converter = new_converter(forbid_extra_keys=True)
    # 1 and 1.0 are equal, and are to be one text.
    converter.register_unstructure_hook(float, float)
    return converter
