"""Texts of unknown length."""


def cut(text: str, most: int) -> str:
    """The text, of which the middle is left out where it is too long: how it began and how it ended matters.

    Arguments:
        text: any text.
        most: characters to keep.
    """
    if len(text) <= most:
        return text
    head = most * 3 // 4
    return f"{text[:head]} … {len(text) - most} characters cut … {text[head - most :]}"
