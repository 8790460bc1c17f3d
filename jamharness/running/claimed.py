"""A claim in the record of the run that tests it: what was registered, with which code it ran, and the verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jamharness.api import BadInput, Findings, Json
from jamharness.running.prediction import CONFIRMED, REFUTED, UNDECIDED, Prediction
from jamharness.store import Store
from jamharness.store.registrations import digest_of

UNDECIDED_EXIT = 3
_EXITS = {CONFIRMED: 0, REFUTED: 1}
_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class TestedClaim:
    """A claim and what became of it.

    Arguments:
        digest: of what was registered.
        prediction: what it says.
        registered: when, UTC, ISO 8601.
        verdict: ``"confirmed"``, ``"refuted"`` or ``"undecided"``, which it is until the run has finished.
        reason: why, in part of a sentence.
        deviations: what was not as it was registered, each in part of a sentence.
    """

    digest: str
    prediction: Prediction
    registered: str
    verdict: str
    reason: str
    deviations: Sequence[str] = ()

    @property
    def exit(self) -> int:
        """0 confirmed, 1 refuted, 3 undecided."""
        return _EXITS.get(self.verdict, UNDECIDED_EXIT)

    def to_json(self) -> dict[str, Json]:
        """The part of the document that ``--json`` prints."""
        low, high = (end if abs(end) < float("inf") else None for end in self.prediction.region)
        return {
            "digest": self.digest,
            **self.prediction.to_json(),
            "low": low,
            "high": high,
            "registered": self.registered,
            "verdict": self.verdict,
            "reason": self.reason,
            "deviations": list(self.deviations),
        }


def begun(digest: str, document: Mapping[str, Any], deviations: Iterable[str]) -> dict[str, Json]:
    """What a record says of a claim while its run goes on.

    Arguments:
        digest: of the registration.
        document: all of the registration.
        deviations: how code and settings differ from it.
    """
    return {
        "digest": digest,
        "document": dict(document),
        "verdict": UNDECIDED,
        "reason": "the run has not finished",
        "deviations": list(deviations),
    }


def judged(
    claim: Mapping[str, Any], findings: Findings, failed: int, keys: Sequence[str], store: Store
) -> dict[str, Json]:
    """What a record says of a claim once its run has finished.

    It is undecided, whatever the interval, where the protocol has no answer, where cells failed (those that are left
    are another selection than was registered), and where a cell is older than the registration, as its file tells.

    Arguments:
        claim: from ``begun``.
        findings: of the protocol.
        failed: how many cells were tried in vain.
        keys: of all other cells.
        store: that holds them.
    """
    prediction = Prediction.from_json(claim["document"]["prediction"])
    verdict, reason = prediction.judge(findings.estimates.get(prediction.estimate))
    older = _older(keys, store, datetime.fromisoformat(claim["document"]["registered"]))
    if findings.objection:
        verdict, reason = UNDECIDED, f"the protocol has no answer: {findings.objection.rstrip('.')}"
    elif failed:
        count = "1 cell" if failed == 1 else f"{failed} cells"
        verdict, reason = UNDECIDED, f"{count} failed, and the rest is another selection than was registered"
    elif older:
        count = "1 cell is" if len(older) == 1 else f"{len(older)} cells are"
        verdict, reason = UNDECIDED, f"{count} older than the registration, such as {older[0][:_SHORT]}"
    return {**claim, "verdict": verdict, "reason": reason}


def _older(keys: Sequence[str], store: Store, registered: datetime) -> list[str]:
    return [key for key in keys if (time := store.written(key)) is not None and time < registered.timestamp()]


def tested_claim(claim: Mapping[str, Any]) -> TestedClaim | None:
    """The claim of a record; None where it has none.

    Raises:
        BadInput: it is none that was registered.
    """
    if not claim:
        return None
    document = claim["document"]
    try:
        if digest_of(document) != claim["digest"]:
            raise ValueError("it has another digest")
        return TestedClaim(
            digest=claim["digest"],
            prediction=Prediction.from_json(document["prediction"]),
            registered=str(document["registered"]),
            verdict=claim["verdict"],
            reason=claim["reason"],
            deviations=tuple(claim["deviations"]),
        )
    except (LookupError, TypeError, ValueError) as error:
        raise BadInput(
            f"The record of this run holds a claim that was never registered so ({error}); run the claim again."
        ) from None
