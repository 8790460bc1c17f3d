"""What a comparison of backends has found."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jamharness.agreement.rows import DistributionRow, ExactRow, HorizonRow
from jamharness.api import Array, Json

AGREE, DIFFER, COULD_NOT_COMPARE = 0, 1, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectories:
    """How far one method's trajectory is from the reference's, for the figure.

    Arguments:
        method: ``"adam"``, ``"fire"``, ``"lm"``, or the rule of a point that moves under its own.
        updates: (records,) numbers of updates.
        bound: the most that one update's rounding contributes.
        apart: by backend, (records,); the reference's own twins are named ``"reference, one rounding beside"``.
    """

    method: str
    updates: tuple[int, ...]
    bound: float
    apart: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """A comparison of backends.

    Arguments:
        name: made of what was compared.
        backends: those that were to be compared; reference: what they were compared with number by number.
        dtype: of the backends; the reference computes in float64.
        exact, horizon, distribution: the rows of each kind.
        failures: backends or parts that could not be compared, with the reason in one sentence.
        trajectories: for the figure.
        runs: the names of the runs in the store, by backend.
        files: the figures.
        seconds: wall time.
    """

    name: str
    backends: tuple[str, ...]
    reference: str
    dtype: str
    exact: Sequence[ExactRow] = ()
    horizon: Sequence[HorizonRow] = ()
    distribution: Sequence[DistributionRow] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    trajectories: Sequence[Trajectories] = ()
    runs: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[str] = ()
    seconds: float = 0.0

    @property
    def rows(self) -> list[ExactRow | HorizonRow | DistributionRow]:
        """All rows."""
        return [*self.exact, *self.horizon, *self.distribution]

    @property
    def verdict(self) -> str:
        """``"differ"`` if anything does, ``"could not compare"`` if anything claimed is left open, or ``"agree"``."""
        verdicts = {row.verdict for row in self.rows}
        if "differ" in verdicts:
            return "differ"
        open_claims = any(
            row.verdict == "too few seeds" or (row.verdict == "not compared" and row.equivalence is not None)
            for row in self.distribution
        )
        if self.failures or open_claims or "agree" not in verdicts:
            return "could not compare"
        return "agree"

    @property
    def exit(self) -> int:
        """0 agree, 1 differ, 2 could not compare."""
        return {"agree": AGREE, "differ": DIFFER, "could not compare": COULD_NOT_COMPARE}[self.verdict]

    def to_json(self) -> dict[str, Json]:
        """The document that ``--json`` prints; numbers that are not finite are null."""
        return {
            "agreement": self.name,
            "exit": self.exit,
            "verdict": self.verdict,
            "backends": list(self.backends),
            "reference": self.reference,
            "dtype": self.dtype,
            "exact": [_strict(asdict(row)) for row in self.exact],
            "horizon": [_strict(asdict(row)) for row in self.horizon],
            "distribution": [_strict(asdict(row)) for row in self.distribution],
            "failures": dict(self.failures),
            "runs": dict(self.runs),
            "files": list(self.files),
            "seconds": round(self.seconds, 3),
        }


def _strict(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value  # type: ignore[no-any-return]
