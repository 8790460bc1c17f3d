"""Claims that were registered in a store: ``registered/<digest>.json``, each named by the digest of its content."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from jamharness.api import BadInput, Json, digest
from jamharness.store.files import explain, read_regular
from jamharness.store.folder import Store
from jamharness.store.values import decode, encode, strict_json

log = logging.getLogger("jamharness")
_FOLDER = "registered"


def digest_of(document: Mapping[str, Json]) -> str:
    """What a registered claim is known by: the SHA-256 of all that it says."""
    return digest(encode(document))


def write_registration(store: Store, document: Mapping[str, Json]) -> str:
    """Keep a claim; one that is there already stays.

    Arguments:
        store: where; created if it was none.
        document: what the claim says.

    Returns:
        Its digest.

    Raises:
        BadInput: the store cannot be written.
    """
    store.create()
    claim_digest = digest_of(document)
    path = store.root / _FOLDER / f"{claim_digest}.json"
    if not path.exists():
        store.write(path, strict_json(encode(document)))
    return claim_digest


def read_registrations(store: Store) -> dict[str, Mapping[str, Any]]:
    """The claims of a store by digest, as they were registered; one that was changed is left out with a warning.

    Raises:
        BadInput: the folder that holds them cannot be read.
    """
    claims: dict[str, Mapping[str, Any]] = {}
    try:
        paths = sorted(path for path in (store.root / _FOLDER).iterdir() if path.suffix == ".json")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadInput(explain(error, f"The folder {_FOLDER!r} of the store", "read")) from None
    for path in paths:
        try:
            document = json.loads(read_regular(path))
            if digest(document) != path.stem:
                raise ValueError("its content has another digest than its name")
            claims[path.stem] = decode(document)  # type: ignore[assignment]
        except (OSError, ValueError, TypeError, RecursionError) as error:
            log.warning("%s is no registered claim (%s); it was changed, and counts for nothing.", path, error)
    return claims
