"""The comparisons of backends that a store keeps, of the runs that a report shows."""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jamharness.printable import all_printable
from jamharness.reporting.contents import Table
from jamharness.store.files import read_regular

log = logging.getLogger("jamharness")
KINDS = ("exact", "horizon", "distribution")
VERDICTS = ("agree", "differ", "could not compare")


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreed:
    """One comparison.

    Arguments:
        name: of the comparison.
        verdict: one of ``VERDICTS``.
        backends: what was compared.
        counts: by kind, how many rows have which verdict, as a text.
        failures: what could not be compared, and why.
        tables: its rows.
    """

    name: str
    verdict: str
    backends: str
    counts: Mapping[str, str]
    failures: Mapping[str, str]
    tables: list[Table]


def agreements_of(store: Path, runs: Collection[str]) -> list[Agreed]:
    """The comparisons that any of these runs belongs to.

    Arguments:
        store: the folder of the store.
        runs: their names.
    """
    agreements = []
    for path in sorted((store / "agreements").glob("*.json")):
        try:
            document = all_printable(json.loads(read_regular(path)))
            if set(document["runs"].values()) & set(runs):
                agreements.append(_read_agreement(document))
        except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            log.warning("%s is no comparison of backends that can be read; it is left out.", path)
    return agreements


def _read_agreement(document: Any) -> Agreed:
    import pandas as pd

    if document["verdict"] not in VERDICTS:
        raise ValueError(document["verdict"])
    tables, counts = [], {}
    for kind in KINDS:
        frame = pd.DataFrame(document[kind])
        if len(frame):
            name = f"{document['agreement']}/{kind}"
            csv = frame.to_csv(index=False)
            file = f"{document['agreement']}-{kind}.csv"
            tables.append(Table(name=name, title=f"agreement: {kind}", file=file, csv=csv, rows=len(frame)))
            counted = frame["verdict"].value_counts()
            counts[kind] = ", ".join(f"{count} {verdict}" for verdict, count in counted.items())
    return Agreed(
        name=str(document["agreement"]),
        verdict=document["verdict"],
        backends=f"{', '.join(document['backends'])} against {document['reference']}",
        counts=counts,
        failures=dict(document["failures"]),
        tables=tables,
    )
