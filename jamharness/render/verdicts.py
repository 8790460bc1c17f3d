"""Words that say how something ended, in their colours."""

from rich.text import Text

STYLES = {
    "satisfied": "green",
    "minimum": "red",
    "arrested": "red",
    "diverging": "red",
    "undecided": "yellow",
    "failed": "red",
    "agree": "green",
    "differ": "bold red",
    "too few seeds": "yellow",
    "not compared": "yellow",
    "no claim": "",
    "confirmed": "green",
    "refuted": "red",
}


def verdict(word: str) -> Text:
    """The word in its colour; any other word as it is."""
    return Text(word, style=STYLES.get(word, ""))
