"""A run as a research object: everything that was found, and all that is needed to check it and to compute it again."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput, Json
from jamharness.running.portable import Portable
from jamharness.store import RunRecord, Store
from jamharness.store.files import explain, write_atomically
from jamharness.store.marker import MARKER, mark
from jamharness.store.runs import write_record

if TYPE_CHECKING:
    from jamharness.running.result import Run

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
"""Process Run Crate: one action that software carried out, with what went in and what came out."""
_SOFTWARE = "https://github.com/jamharness/jamharness"
_TYPES = {
    ".csv": "text/csv", ".json": "application/json", ".npy": "application/octet-stream", ".npz": "application/zip",
    ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml", ".tex": "application/x-tex",
    ".cff": "text/yaml", ".txt": "text/plain", ".parquet": "application/vnd.apache.parquet",
}  # fmt: skip


def check_extra() -> None:
    """Refuse where the package that writes crates is not installed.

    Raises:
        BadInput: with what to install.
    """
    if find_spec("rocrate") is None:
        raise BadInput('A crate needs rocrate, which is not installed; run: pip install "jamharness[crate]"')


def write_crate(run: "Run", folder: Path, exported: Sequence[Path], command: str) -> list[Path]:
    """Make an RO-Crate of a folder that a run was exported to.

    Added are ``store``, a store of this run alone that ``verify``, ``show`` and ``report`` take; ``requirements.txt``;
    ``CITATION.cff``; and ``ro-crate-metadata.json``. The record in that store is written anew, without what names this
    machine and its users, so that its seal is another one.

    Arguments:
        run: what was exported.
        folder: where.
        exported: the files that lie there.
        command: what computes the run again.

    Returns:
        The files added.

    Raises:
        BadInput: rocrate is not installed, or the folder cannot be written.
    """
    check_extra()
    home = Store(run.store, create=False)
    record = home.run(run.name)
    try:
        store_files = _store(home, record, folder / "store")
        texts = {"requirements.txt": _requirements(home, record), "CITATION.cff": _citation(record)}
        for name, text in texts.items():
            write_atomically(folder / name, text.encode())
        added = [*store_files, *(folder / name for name in texts)]
        _metadata(run, record, folder, [*exported, *added], command)
    except OSError as error:
        raise BadInput(explain(error, f"Export folder {str(folder)!r}")) from None
    return [*added, folder / "ro-crate-metadata.json"]


def _store(home: Store, record: RunRecord, target: Path) -> list[Path]:
    """Copy what belongs to one run: marker, record, cells, figures."""
    keys = sorted({key for keys in record.cells.values() for key in keys})
    names = [f"runs/{record.name}.json", *(f"cells/{key[:2]}/{key}{end}" for key in keys for end in (".json", ".npz"))]
    names += [f"registered/{record.claim['digest']}.json"] if record.claim else []
    names += [f"figures/{record.name}/{name}" for name in record.figures]
    mark(target)
    portable = Portable(home.root)
    environment: dict[str, Json] = portable.value(record.environment, about_here=True)
    if isinstance(executable := environment.get("executable"), str):
        environment["executable"] = Path(executable).name
    problem = portable.value(record.problem, about_here=True)
    write_record(target / names[0], replace(record, process={}, environment=environment, problem=problem))
    copied = [target / MARKER, target / names[0]]
    for name in names[1:]:
        if (home.root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(home.root / name, target / name)
            copied.append(target / name)
    return copied


def _requirements(home: Store, record: RunRecord) -> str:
    """The versions that the keys of its cells hold, as pip reads them."""
    versions = {"jamharness": record.version}
    for key in {key for keys in record.cells.values() for key in keys}:
        stored = home.read(key)
        cell_versions = stored.identity.get("versions") if stored else None
        if isinstance(cell_versions, Mapping):
            versions |= {str(name): str(version) for name, version in cell_versions.items()}
    lines = [
        f"{name}=={version.partition('+')[0]}" for name, version in sorted(versions.items()) if version[:1].isdigit()
    ]
    return f"# Python {record.environment.get('python', '')}\n" + "\n".join(lines) + "\n"


def _citation(record: RunRecord) -> str:
    """How to cite the software; who cites the data adds their own names."""
    return f"""cff-version: 1.2.0
message: If you use these data, cite the software that measured them.
type: software
title: jamharness
version: {record.version}
authors:
  - name: The jamharness authors
repository-code: {_SOFTWARE}
license: MIT
references:
  - type: article
    title: The jamming transition as a paradigm to understand the loss landscape of deep neural networks
    authors:
      - {{family-names: Geiger, given-names: Mario}}
      - {{family-names: Spigler, given-names: Stefano}}
      - {{family-names: d'Ascoli, given-names: Stéphane}}
      - {{family-names: Sagun, given-names: Levent}}
      - {{family-names: Baity-Jesi, given-names: Marco}}
      - {{family-names: Biroli, given-names: Giulio}}
      - {{family-names: Wyart, given-names: Matthieu}}
    url: https://arxiv.org/abs/1809.09349
"""


def _metadata(run: "Run", record: RunRecord, folder: Path, files: Sequence[Path], command: str) -> None:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    started = datetime.fromisoformat(record.created) if record.created else datetime.now(UTC)
    crate = ROCrate()
    root: Any = crate.root_dataset
    crate.name, crate.datePublished = f"jamharness run {record.name}", started
    crate.description = f"Protocols {', '.join(record.protocols)} by jamharness {record.version}; {command}"

    def entity(identifier: str, kind: str, **properties: Any) -> Any:
        return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))

    root["conformsTo"] = entity(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    address = f"{_SOFTWARE}/tree/v{record.version}"
    software = entity(address, "SoftwareApplication", name="jamharness", version=record.version, url=_SOFTWARE)
    described = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        properties = {"encodingFormat": kind, "contentSize": str(path.stat().st_size)}
        described[name] = crate.add_file(str(path), name, properties=properties)
    property_values = [
        entity(f"#{protocol}.{key}", "PropertyValue", name=f"{protocol}.{key}", value=str(value))
        for protocol, settings in record.protocols.items()
        for key, value in settings.items()
    ]
    status = "Completed" if run.exit == 0 else "Failed"
    action = entity(
        f"#{record.name}",
        "CreateAction",
        name=f"jamharness run {record.name}",
        description=command,
        startTime=started.isoformat(),
        endTime=(started + timedelta(seconds=record.seconds)).isoformat(),
        actionStatus=f"http://schema.org/{status}ActionStatus",
    )
    action["instrument"], action["object"] = software, [*property_values, described["requirements.txt"]]
    action["result"] = [each for name, each in described.items() if name != "requirements.txt"]
    root["mentions"] = action
    crate.metadata.write(str(folder))
