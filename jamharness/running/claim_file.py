"""The file that a prediction is written in: a TOML file of five keys and the tables of a configuration."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, unknown_name
from jamharness.paths import read_file, user_path
from jamharness.running.prediction import SIGNS, Prediction

_KEYS = ("statement", "protocol", "estimate", "expected", "margin")
_TABLES = ("run", "settings")
_OPTIONS = {"backend": str, "device": str, "dtype": str, "preset": str, "seed": int, "threads": int}
"""The keys of ``[run]`` that can change a number; how many workers compute it cannot, and is said when it runs."""
_MOST = 2**20


@dataclass(frozen=True, kw_only=True)
class ClaimFile:
    """What a file predicts, and how it is to be measured.

    Arguments:
        name: of the file, without its folders.
        prediction: of which estimate, and which values of it.
        run: the table ``[run]``: backend, device, dtype, preset, seed and threads, as far as they are given.
        settings: the table ``[settings]``.
    """

    name: str
    prediction: Prediction
    run: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_claim(file: str | Path, problems: list[str]) -> ClaimFile:
    """Read a claim.

    Arguments:
        file: its path.
        problems: where one sentence for everything that is wrong with its values goes; they are replaced by harmless
            ones, so that the rest can be checked too.

    Raises:
        BadInput: it is not there, or no TOML.
    """
    path = user_path(file, "claim")
    try:
        document = tomllib.loads(read_file(path, _MOST).decode("utf-8-sig"))
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise BadInput(f"Claim {str(path)!r} {reason}; give the path of a TOML file, see docs/claims.md.") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"Claim {str(path)!r} is not TOML: {str(error).rstrip('.')}.") from None
    own: list[str] = [unknown_name("key", key, (*_KEYS, *_TABLES)) for key in document if key not in _KEYS + _TABLES]
    tables: dict[str, dict[str, Any]] = {}
    for name in _TABLES:
        tables[name] = document.get(name, {})
        if not isinstance(tables[name], dict):
            own.append(f"{name} must be a table, written [{name}].")
            tables[name] = {}
    texts = {key: _text(document, key, own) for key in ("statement", "protocol", "estimate")}
    margin = _margin(document, own)
    prediction = Prediction(**texts, expected=_read_expected(document, margin, own), margin=margin)
    run = _read_run(tables["run"], own)
    problems += [f"{path}: {sentence}" for sentence in own]
    return ClaimFile(name=path.name, prediction=prediction, run=run, settings=tables["settings"])


def _text(document: Mapping[str, Any], key: str, problems: list[str]) -> str:
    value: object = document.get(key, "")
    if not isinstance(value, str):
        problems.append(f"{key} = {value!r} must be a text.")
        return ""
    if not value and key != "statement":
        example = "jamming" if key == "protocol" else "critical_ratio"
        problems.append(f'it names no {key}; add a line such as {key} = "{example}".')
    return value


def _margin(document: Mapping[str, Any], problems: list[str]) -> float:
    value = document.get("margin", 0.0)
    if not _is_number(value) or value < 0:
        problems.append(f"margin = {value!r} must be a number that is not negative, in the unit of the estimate.")
        return math.nan  # not zero, of which there would be more to say
    return float(value)


def _read_expected(
    document: Mapping[str, Any], margin: float, problems: list[str]
) -> float | tuple[float, float] | str:
    if "expected" not in document:
        problems.append("it has no key expected; add a line such as expected = 2.0, with a margin.")
        return SIGNS[0]
    value = document["expected"]
    if isinstance(value, str):
        if value not in SIGNS:
            problems.append(unknown_name("sign", value, SIGNS))
        return value if value in SIGNS else SIGNS[0]
    if _is_number(value):
        if not margin:
            problems.append(
                f"expected = {value!r} with no margin: no interval lies inside a single number; give a margin above 0, "
                "in the unit of the estimate."
            )
        return float(value)
    if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]:
        return float(value[0]), float(value[1])
    problems.append(
        f"expected = {value!r} must be a number (with a margin), an interval such as [2.5, 3.5] whose first end is the "
        'lower one, or "positive" or "negative".'
    )
    return SIGNS[0]


def _read_run(table: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    options = {}
    for key, value in table.items():
        kind = _OPTIONS.get(key)
        if kind is None:
            problems.append(unknown_name("key of [run] in a claim", key, _OPTIONS))
        elif not isinstance(value, kind) or isinstance(value, bool):
            problems.append(f"{key} = {value!r} must be {'a text' if kind is str else 'a whole number'}.")
        else:
            options[key] = value
    if "backend" not in table:
        problems.append('it names no backend; add backend = "NAME" to the table [run].')
    return options


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # whole numbers of hundreds of digits
        return False
