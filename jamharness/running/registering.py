"""Claims: predictions that are frozen, with all that measures them, before anything of them is measured."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, Cell, Json, canonical_json, unknown_name
from jamharness.datasets.files import downloads
from jamharness.plugins import Plugins
from jamharness.running.claim_file import ClaimFile, read_claim
from jamharness.running.code import code_of
from jamharness.running.data import DataDigests
from jamharness.running.keys import Keys, with_needs
from jamharness.running.prediction import Prediction
from jamharness.running.request import Request, check_request
from jamharness.running.tracker import CellTracker
from jamharness.running.workers import WorkerPool, loading_of
from jamharness.store import Store
from jamharness.store.files import read_regular
from jamharness.store.registrations import digest_of, read_registrations, write_registration

_FORMAT = 1
_NAMED = 3
"""Cells that are named where a claim comes too late."""
_SHORT = 12
"""Digits of a key that are shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """A claim as it was registered.

    Arguments:
        digest: of all of it.
        document: the prediction, the request with every setting, the code, when, and the name of the file.
    """

    digest: str
    document: Mapping[str, Any]

    @property
    def prediction(self) -> Prediction:
        """What is claimed."""
        return Prediction.from_json(self.document["prediction"])

    @property
    def request(self) -> Mapping[str, Any]:
        """Backend, device, dtype, threads and settings."""
        request: Mapping[str, Any] = self.document["request"]
        return request

    @property
    def registered(self) -> str:
        """When, UTC, ISO 8601."""
        return str(self.document["registered"])


def register(
    file: str | Path,
    *,
    store: str | Path | None = None,
    plugins: Plugins | None = None,
    interpreters: Mapping[str, str] | None = None,
    download: bool = False,
) -> Registration:
    """Freeze a prediction before any cell of it exists.

    What it depends on is written out: every setting with its value, and the hashes of the code that computes and
    analyses. Registered again as it is, with the same code, it stays the claim that it was.

    Arguments:
        file: a TOML file, see docs/claims.md.
        store: the folder that keeps the claim, and in which it will be run.
        plugins: what there is; None to look for what is installed.
        interpreters: the Python of a backend's workers, by the backend's name.
        download: whether files of data sets that are missing may be fetched.

    Raises:
        BadInput: everything that is wrong with it; or the store has cells of it already, which are named.
    """
    plugins = plugins or Plugins.load()
    claim, request = _read_request(file, store, plugins, interpreters)
    experiment, home = request.experiments[0], request.store
    with downloads(download), WorkerPool(request) as workers:
        data = DataDigests(plugins, loading_of(request))
        keys = Keys(experiment.name, plugins, request.target, workers.look_up, data)
        tracker = CellTracker(experiment, keys, home)
        planned = list(tracker.advance().values()) + [entry.finished.cell for entry in tracker.entries.values()]
        if data.problems:
            raise BadInput(*data.problems)
        document: dict[str, Json] = {
            "format": _FORMAT,
            "prediction": claim.prediction.to_json(),
            "request": _request_facts(request),
            "code": code_of(experiment, planned, keys, plugins),
            "file": claim.name,
        }
        for digest, earlier in read_registrations(home).items():
            if digest_of({key: value for key, value in earlier.items() if key in document}) == digest_of(document):
                return Registration(digest=digest, document=earlier)
        _refuse_known(home, keys, planned, claim.name)
    document |= {"registered": datetime.now(UTC).isoformat(), "version": version("jamharness")}
    return Registration(digest=write_registration(home, document), document=document)


def find_registration(
    reference: str,
    *,
    store: str | Path | None = None,
    plugins: Plugins,
    interpreters: Mapping[str, str] | None = None,
) -> Registration:
    """The claim that a digest, the beginning of one, or a file means.

    Arguments:
        reference: at least eight digits of the digest, or the path of the file that was registered.
        store: that has the claim.
        plugins: what there is.
        interpreters: as for ``register``.

    Raises:
        BadInput: there is none; or the file was edited since, and how.
    """
    claims = read_registrations(Store(store, create=False))
    hexadecimal = 8 <= len(reference) <= 64 and not set(reference.lower()) - set("0123456789abcdef")
    if hexadecimal and not Path(reference).exists():
        digests = [each for each in claims if each.startswith(reference.lower())]
        if len(digests) == 1:
            return Registration(digest=digests[0], document=claims[digests[0]])
        if digests:
            raise BadInput(f"Claim {reference!r} begins {len(digests)} claims: {', '.join(digests)}; give more of it.")
        allowed = ", ".join(each[:_SHORT] for each in claims) or "it has none"
        raise BadInput(f"The store has no registered claim {reference!r} (allowed: {allowed}).")
    claim, request = _read_request(reference, store, plugins, interpreters)
    document = {"prediction": claim.prediction.to_json(), "request": _request_facts(request)}
    same = [each for each in claims if digest_of({key: claims[each][key] for key in document}) == digest_of(document)]
    if same:
        latest = max(same, key=lambda each: claims[each]["registered"])
        return Registration(digest=latest, document=claims[latest])
    raise BadInput(_unregistered(claim.name, document, claims))


def _read_request(
    file: str | Path, store: str | Path | None, plugins: Plugins, interpreters: Mapping[str, str] | None
) -> tuple[ClaimFile, Request]:
    problems: list[str] = []
    claim = read_claim(file, problems)
    options = {"preset": None, "seed": None, "device": "cpu", "dtype": "float64", "threads": 1}
    # Any backend will do to find out about the rest, when the fault is that none is named.
    options["backend"] = next(iter(plugins.backends), "numpy")
    request = None
    try:
        if claim.prediction.protocol:
            request = check_request(
                [claim.prediction.protocol],
                plugins=plugins,
                settings=claim.settings,
                workers=None,
                store=store,
                name=None,
                interpreters=interpreters,
                **{**options, **claim.run},
            )
    except BadInput as error:
        problems += error.problems
    if request is not None and claim.prediction.estimate:
        experiment = request.experiments[0]
        if claim.prediction.estimate not in experiment.protocol.observables:
            noun = f"estimate of protocol {experiment.name!r}"
            problems.append(unknown_name(noun, claim.prediction.estimate, experiment.protocol.observables))
    if problems or request is None:
        raise BadInput(*dict.fromkeys(problems))
    return claim, request


def _request_facts(request: Request) -> dict[str, Json]:
    target = request.target
    return {
        "backend": target.backend.name,
        "device": target.device,
        "dtype": target.dtype,
        "threads": target.threads,
        "settings": request.experiments[0].plain(),
    }


def _refuse_known(store: Store, keys: Keys, planned: Sequence[Cell], claim: str) -> None:
    """Refuse a claim of whose cells one has been computed, by whatever code or backend."""
    labels = {}
    for cell in with_needs(planned):
        identity = keys.identity(cell)
        labels[canonical_json([identity["cell"], identity["data"]])] = cell.label or cell.task
    cells = [(labels[text], key, backend) for text, key, backend in _stored_cells(store) if text in labels]
    if not cells:
        return
    named = "; ".join(f"{label} ({backend}, {key[:_SHORT]})" for label, key, backend in cells[:_NAMED])
    more = f"; and {len(cells) - _NAMED} more" if len(cells) > _NAMED else ""
    are = "1 cell of it is" if len(cells) == 1 else f"{len(cells)} cells of it are"
    raise BadInput(
        f"Claim {claim!r} comes too late: {are} in the store already: {named}{more}; "
        "predict other draws (another seed), or register in a store of its own by --store DIR."
    )


def _stored_cells(store: Store) -> Iterator[tuple[str, str, str]]:
    """What each cell of a store was asked for, its key, and the backend; whatever else lies there is no cell."""
    for path in sorted((store.root / "cells").glob("*/*.json")):
        with suppress(OSError, ValueError, TypeError, LookupError, RecursionError):
            identity = json.loads(read_regular(path))["identity"]
            yield canonical_json([identity["cell"], identity["data"]]), path.stem, str(identity["backend"])


def _unregistered(name: str, document: Mapping[str, Any], claims: Mapping[str, Mapping[str, Any]]) -> str:
    """One sentence for a file that is no registered claim: what was edited, where one of its name was registered."""
    namesakes = [each for each in claims if claims[each]["file"] == name]
    if not namesakes:
        return f"Claim {name!r} is not registered in this store; register it first: jamharness register {name}"
    latest = max(namesakes, key=lambda each: claims[each]["registered"])
    edited = "; ".join(
        f"{key} = {_short(old)} registered, {_short(new)} now"
        for key, old, new in _differences(_flat(claims[latest]), _flat(document))
    )
    return (
        f"Claim {name!r} was registered as {latest[:_SHORT]} and edited since ({edited}); undo that, name the claim by "
        "its digest, or register the new one."
    )


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    request = document["request"]
    # A setting may have the name of a key of the claim, as margin has.
    settings = {f"setting {key}": value for key, value in request["settings"].items()}
    return {**document["prediction"], **{key: request[key] for key in request if key != "settings"}, **settings}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _short(value: object) -> str:
    return repr(value)[:80]
