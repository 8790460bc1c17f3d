"""One thing that was found, and what to do about it."""

from dataclasses import dataclass

from jamharness.api import Json

STATES = ("ok", "note", "warning", "problem")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report.

    Arguments:
        topic: what it is about: ``"machine"``, ``"configuration"``, ``"plugins"``, ``"store"`` or a backend's name.
        state: ``"ok"``; ``"note"``, good to know; ``"warning"``, results stay right and something suffers;
            ``"problem"``, something does not work or cannot be trusted.
        text: what was found, in one sentence.
        advice: what to do, in one sentence; empty where nothing needs doing.
    """

    topic: str
    state: str
    text: str
    advice: str = ""

    def to_json(self) -> dict[str, Json]:
        """The finding as JSON values."""
        return {"topic": self.topic, "state": self.state, "text": self.text, "advice": self.advice}
