"""A document about a run that can leave the machine: no host name, no home, and no path that holds only here."""

import os
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jamharness.api import Json

_HOMES = r"(?:/home|/Users|[A-Z]:\\Users)[/\\][^/\\\s'\":;,)]+"


class Portable:
    """Texts without what names a person or a machine.

    Arguments:
        store: the store; what lies in it is named as seen from there.
    """

    def __init__(self, store: Path) -> None:
        self._store = str(store)
        home = str(Path.home())
        homes = [_HOMES] if home in ("/", "") else [re.escape(home), _HOMES]
        self._home = re.compile(rf"(?<![\w.]){'|'.join(f'(?:{pattern})' for pattern in homes)}(?![\w-])")
        host = socket.gethostname()
        names = {re.escape(name) for name in (host, host.partition(".")[0]) if len(name) > 1 and name != "localhost"}
        longest = sorted(names, key=len, reverse=True)
        self._host = re.compile(rf"(?<![\w.-])(?:{'|'.join(longest)})(?![\w-])") if names else None

    def text(self, text: str) -> str:
        """A text without homes, and with paths in the store as seen from there."""
        text = text.replace(self._store + os.sep, "").replace(self._store, ".")
        return self._home.sub("~", text)

    def value(self, value: Any, *, about_here: bool = False) -> Any:
        """The same for every text in a JSON value.

        Arguments:
            value: the value.
            about_here: whether it is about this machine, so that its name is taken out too; a protocol's own words may
                happen to be the same.
        """
        if isinstance(value, str):
            text = self.text(value)
            return self._host.sub("(host)", text) if about_here and self._host else text
        if isinstance(value, Mapping):
            return {key: self.value(item, about_here=about_here) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item, about_here=about_here) for item in value]
        return value

    def document(self, document: Mapping[str, Json]) -> dict[str, Json]:
        """What ``Run.to_json`` makes, for others: figures as seen from the store, and the interpreter by name."""
        portable: dict[str, Any] = {**document, "files": self.value(document["files"])}
        portable["protocols"] = {
            name: {
                key: self.value(value, about_here=key in ("failures", "objection")) for key, value in protocol.items()
            }
            for name, protocol in portable["protocols"].items()
        }
        portable["environment"] = self.value(portable["environment"], about_here=True)
        if isinstance(executable := portable["environment"].get("executable"), str):
            portable["environment"]["executable"] = Path(executable).name
        return portable
