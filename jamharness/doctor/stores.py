"""The store: whether it can be written, and what in it is damaged."""

from collections.abc import Iterator
from pathlib import Path

from jamharness.api import BadInput
from jamharness.doctor.findings import Finding
from jamharness.store import Store


def store_found(path: str | Path | None) -> Iterator[Finding]:
    """Look at a store: every cell is read and compared with its checksum."""
    try:
        store = Store(path, create=False)
        store.check_writable()
    except BadInput as error:
        yield Finding(topic="store", state="problem", text=str(error), advice="Name another with --store DIR.")
        return
    if not store.root.exists():
        yield Finding(topic="store", state="ok", text=f"{store.root} does not exist yet; the first run makes it.")
        return
    whole, damaged = store.check_cells()
    runs = store.runs()
    size = sum(file.stat().st_size for file in store.root.rglob("*") if file.is_file()) / 2**20
    yield Finding(
        topic="store", state="ok", text=f"{store.root}: {len(runs)} runs, {whole} cells, {size:.1f} MiB, writable."
    )
    if damaged:
        some = ", ".join(path.name for path in damaged[:3]) + (", …" if len(damaged) > 3 else "")
        yield Finding(
            topic="store", state="warning", text=f"{len(damaged)} cells are damaged or of another format: {some}.",
            advice="Run the same command again: they are measured anew and replaced. Or delete the files.",
        )  # fmt: skip
    for record in runs:
        if record.status == "unreadable":
            yield Finding(
                topic="store", state="warning", text=f"Run {record.name!r}: {record.problem}",
                advice="Run the command that made it again: its cells are still there, and only the record is lost.",
            )  # fmt: skip
