"""What a run has found."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Estimate, Findings, FinishedCell, Json, unknown_name
from jamharness.plugins import plugin_code
from jamharness.running.claimed import UNDECIDED_EXIT, TestedClaim
from jamharness.running.experiments import Experiment
from jamharness.running.soundness import faults_of
from jamharness.texts import cut

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("jamharness")
_LONGEST = 2_000
"""Characters of what is said of an analysis that failed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProtocolRun:
    """One protocol of a run.

    Arguments:
        settings: as JSON values.
        findings: estimates, tables and arrays.
        cells: how many are ``"done"`` (have a result), ``"failed"``, and were ``"reused"`` from the store.
        seconds: wall time, over all resumptions.
        failures: label and reason of every cell that was tried in vain.
        missing: the store keys of cells that were measured and are not in the store any more, or cannot be read.
    """

    settings: Mapping[str, Json]
    findings: Findings = field(repr=False)
    cells: Mapping[str, int]
    seconds: float
    failures: Sequence[tuple[str, str]]
    missing: Sequence[str] = ()

    @property
    def objection(self) -> str:
        """Why the question asked was not answered; empty when it was."""
        return self.findings.objection

    @property
    def answered(self) -> bool:
        """Whether there is an answer: no objection, and not every cell failed."""
        return not self.objection and (self.cells["done"] > 0 or self.cells["failed"] == 0)

    def estimates_json(self) -> dict[str, dict[str, Json]]:
        """The estimates as strict JSON values, by name."""
        return {name: estimate_json(estimate) for name, estimate in self.findings.estimates.items()}

    def to_json(self) -> dict[str, Json]:
        """The protocol's part of the document that ``--json`` prints; numbers that are not finite are null."""
        return {
            "settings": _strict(self.settings),
            "estimates": dict(self.estimates_json()),
            "cells": dict(self.cells),
            "seconds": round(self.seconds, 3),
            "objection": self.objection,
            "failures": [{"label": label, "reason": reason} for label, reason in self.failures],
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A run: all its protocols, in the order in which they ran.

    Arguments:
        name: under which the store knows it.
        status: as in its record.
        protocols: by name. Of a finished run, estimates, objections and samples are those that it printed when it
            finished, and tables and arrays are analysed from the cells that the store has.
        files: the figures.
        environment: what the machine and the libraries were.
        store: the folder that holds it.
        claim: the claim that it tests; None where it tests none.
    """

    name: str
    status: str
    protocols: Mapping[str, ProtocolRun]
    files: Sequence[str]
    environment: Mapping[str, Json] = field(repr=False)
    store: Path
    claim: TestedClaim | None = None

    @property
    def exit(self) -> int:
        """0 if the run has finished and every protocol has an answer, otherwise 1.

        One that is not applicable needs another that has an answer. Of a run that tests a claim: 0 confirmed, 1
        refuted, 3 undecided, which it is without an answer too.
        """
        if self.claim is not None:
            return self.claim.exit if self._answered else UNDECIDED_EXIT
        return 0 if self._answered else 1

    @property
    def _answered(self) -> bool:
        parts = self.protocols.values()
        spared = any(part.answered for part in parts)
        answered = all(part.answered or (spared and part.findings.not_applicable) for part in parts)
        return self.status == "finished" and answered

    @property
    def missing(self) -> Mapping[str, Sequence[str]]:
        """The store keys of missing and unreadable cells, by protocol; without the protocols that have all."""
        return {name: part.missing for name, part in self.protocols.items() if part.missing}

    @property
    def estimates(self) -> Mapping[str, Mapping[str, Estimate]]:
        """Estimates by protocol and name."""
        return {name: part.findings.estimates for name, part in self.protocols.items()}

    @property
    def tables(self) -> "Mapping[str, Mapping[str, pd.DataFrame]]":
        """Pandas tables by protocol and name."""
        return {name: part.findings.tables for name, part in self.protocols.items()}

    @property
    def arrays(self) -> Mapping[str, Mapping[str, NDArray[np.generic]]]:
        """NumPy arrays by protocol and name."""
        return {name: part.findings.arrays for name, part in self.protocols.items()}

    def to_json(self) -> dict[str, Json]:
        """The document that ``--json`` prints: strict JSON."""
        return {
            "run": self.name,
            "exit": self.exit,
            "status": self.status,
            "missing": {name: list(keys) for name, keys in self.missing.items()},
            "protocols": {name: part.to_json() for name, part in self.protocols.items()},
            "files": list(self.files),
            **({} if self.claim is None else {"claim": self.claim.to_json()}),
            "environment": _strict(self.environment),
        }


def conclude(experiment: Experiment, done: Iterable[FinishedCell], *, reused: int, seconds: float) -> ProtocolRun:
    """Analyse what a protocol has; an analysis that breaks or is none is an objection, and what was computed stays.

    Arguments:
        experiment: the protocol with its settings.
        done: its cells, in order.
        reused: how many the store had.
        seconds: wall time.
    """
    done = list(done)
    try:
        with plugin_code(f"protocol {experiment.name!r}", "analysing"):
            findings = experiment.protocol.analyse(experiment.settings, done)
            faults = faults_of(findings)
    except Exception as error:
        log.debug("analyse of %s", experiment.name, exc_info=True)
        faults = [f"{type(error).__name__}: {error}"]
    if faults:
        reason = cut("; ".join(faults), _LONGEST)
        text = f"The analysis of protocol {experiment.name!r} failed ({reason}); its cells are in the store."
        findings = Findings(estimates={}, tables={}, objection=text)
    if misnamed := _misnamed(experiment, findings):
        findings = replace(findings, objection=" ".join([*misnamed, findings.objection]).strip(), not_applicable=False)
    failures = [(item.cell.label, item.failure) for item in done if item.failure is not None]
    return ProtocolRun(
        settings=experiment.plain(),
        findings=findings,
        cells={"done": len(done) - len(failures), "failed": len(failures), "reused": reused},
        seconds=seconds,
        failures=failures,
    )


def _misnamed(experiment: Experiment, findings: Findings) -> list[str]:
    """One sentence for each estimate that the protocol does not declare among its observables."""
    declared = experiment.protocol.observables
    noun = f"estimate of protocol {experiment.name!r}"
    return [unknown_name(noun, name, declared) for name in findings.estimates if name not in declared]


def estimate_json(estimate: Estimate) -> dict[str, Json]:
    """An estimate as strict JSON values."""
    return {
        "value": _strict(estimate.value),
        "low": _strict(estimate.low),
        "high": _strict(estimate.high),
        "count": int(estimate.count),
        "note": estimate.note,
    }


def _strict(value: Any) -> Json:
    """JSON values of plain types, in which null stands for NaN and infinities."""
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
