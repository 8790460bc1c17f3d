"""What a verification found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from jamharness.api import Json

VERIFIED, NOT_VERIFIED = 0, 1
_ORDER = {"files": 0, "estimates": 2, "claim": 3}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim of a run.

    Arguments:
        kind: ``"files"``, ``"cells"``, the end of a minimisation such as ``"satisfied"``, or ``"estimates"``.
        about: the file, the cell (the first digits of its key and its label), or the estimate.
        claim: what is claimed.
        holds: whether it does; None where nothing here can tell.
        numbers: by which numbers.
    """

    kind: str
    about: str
    claim: str
    holds: bool | None
    numbers: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification:
    """All claims of a run.

    Arguments:
        run: its name.
        rows: all of them.
        seal: the SHA-256 over all files of the run: who has noted it elsewhere knows that the store is the same.
        spent: wall time by part: ``"loading protocols"``, ``"files"``, ``"verdicts"`` and ``"estimates"``.
        computed: wall time of the run.
    """

    run: str
    rows: Sequence[Row]
    seal: str
    spent: Mapping[str, float]
    computed: float

    @property
    def wrong(self) -> list[Row]:
        """What does not hold."""
        return [row for row in self.rows if row.holds is False]

    @property
    def unchecked(self) -> list[Row]:
        """What nothing here can tell."""
        return [row for row in self.rows if row.holds is None]

    @property
    def exit(self) -> int:
        """0 if nothing that was checked is wrong and anything was checked, otherwise 1."""
        checked = any(row.holds for row in self.rows)
        return VERIFIED if checked and not self.wrong else NOT_VERIFIED

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """By kind: how many subjects hold in every claim, are wrong in one, and are not checked.

        Files first, then verdicts by name, whatever the order of the cells' keys, then what follows from them.
        """
        subjects: dict[str, dict[str, list[bool | None]]] = {}
        for row in self.rows:
            subjects.setdefault(row.kind, {}).setdefault(row.about, []).append(row.holds)
        counts = {}
        for kind, each in sorted(subjects.items(), key=lambda pair: (_ORDER.get(pair[0], 1), pair[0])):
            wrong = sum(False in claims for claims in each.values())
            open_ = sum(False not in claims and True not in claims for claims in each.values())
            counts[kind] = (len(each) - wrong - open_, wrong, open_)
        return counts

    def to_json(self) -> dict[str, Json]:
        """The document that ``--json`` prints."""
        return {
            "run": self.run,
            "exit": self.exit,
            "seal": self.seal,
            "counts": {
                kind: dict(zip(("verified", "wrong", "unchecked"), numbers, strict=True))
                for kind, numbers in self.counts().items()
            },
            "rows": [asdict(row) for row in self.rows],
            "seconds": {part: round(seconds, 3) for part, seconds in self.spent.items()},
            "computed": round(self.computed, 3),
        }
