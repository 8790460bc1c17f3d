"""The page itself: one file with everything in it, that asks the network for nothing."""

import base64
import gzip
import json
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jamharness.api import BadInput

_NEEDED = ("jinja2", "plotly")
_BUNDLE = "package_data/plotly.min.js"
"""Where the package plotly has plotly.js, minified: the whole of it, since no package for pip has the basic one."""


def check_extra() -> None:
    """Refuse where what a page is made of is not installed.

    Raises:
        BadInput: it names what is missing and how to install it.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise BadInput(
            f'A report needs {" and ".join(missing)}, which {are} not installed; run: pip install "jamharness[report]"'
        )


def render(shown: Mapping[str, Any], data: Mapping[str, Any]) -> bytes:
    """The page as UTF-8.

    Arguments:
        shown: what the template has names for.
        data: JSON values: ``tables`` and ``charts``, for the browser.

    Raises:
        BadInput: plotly is installed without its bundle.
    """
    from jinja2 import Environment, StrictUndefined

    room = files("jamharness.reporting")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["picture"] = lambda image: f"data:image/svg+xml;base64,{base64.b64encode(image).decode()}"
    template = environment.from_string(room.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    page = template.render(
        **shown,
        style=room.joinpath("page.css").read_text(encoding="utf-8"),
        script=room.joinpath("page.js").read_text(encoding="utf-8"),
        data=packed(text.encode()),
        bundle=packed(_bundle()),
    )
    return page.encode()


def packed(data: bytes) -> str:
    """Bytes as text that a browser unpacks by itself: gzip, then base64. The same bytes give the same text."""
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def _bundle() -> bytes:
    spec = find_spec("plotly")
    path = Path(spec.origin).parent / _BUNDLE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise BadInput("The installed plotly has no plotly.min.js in it; run: pip install --force-reinstall plotly")
    return path.read_bytes()
