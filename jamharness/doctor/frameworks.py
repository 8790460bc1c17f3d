"""Each backend, imported and tried in a worker process of its own interpreter."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from jamharness.api import JamharnessError, shortcomings
from jamharness.doctor.findings import Finding
from jamharness.doctor.inside import inspect
from jamharness.execution.job import Target
from jamharness.execution.pool import LocalPool
from jamharness.plugins import Plugins
from jamharness.running.request import interpreter_of

PATIENCE = 120.0
"""Seconds that a framework may take to be imported and tried."""
ACCURATE = 1e-12
NARROW = ("Haswell", "Zen")
"""Kernels of OpenBLAS with vectors of 256 bits."""
LACKING = "Use a backend that provides it, or have it provided: see docs/writing-a-backend.md."


def plugins_found(plugins: Plugins, interpreters: Mapping[str, str]) -> Iterator[Finding]:
    """What is installed and not ready; what runs in an interpreter of its own is looked at there."""
    count = sum(row.state == "ready" for row in plugins.rows)
    yield Finding(topic="plugins", state="ok", text=f"{count} backends, protocols, data sets and plugins are ready.")
    for row in plugins.rows:
        elsewhere = row.kind == "backend" and interpreter_of(row.name, interpreters, []) != sys.executable
        if row.state == "ready" or elsewhere:
            continue
        reason, _, command = row.reason.partition("; run: ")
        text = f"{row.kind.capitalize()} {row.name!r} is {row.state}: {reason.rstrip('.')}."
        repair = "Reinstall or update it, or switch it off with --disable." if row.state == "broken" else ""
        state = "problem" if row.state == "broken" else "note"
        yield Finding(topic="plugins", state=state, text=text, advice=f"Run: {command}" if command else repair)


def frameworks(plugins: Plugins, interpreters: Mapping[str, str]) -> Iterator[Finding]:
    """Import and try each backend that can be used."""
    referee = plugins.backends["numpy"].factory if "numpy" in plugins.backends else ""
    for name in sorted(plugins.backends):
        problems: list[str] = []
        interpreter = interpreter_of(name, interpreters, problems)
        if problems:
            yield Finding(topic=name, state="problem", text=problems[0], advice="Correct the configuration.")
            continue
        try:
            spec = plugins.backend(name, elsewhere=interpreter != sys.executable)
        except JamharnessError:
            continue  # listed among the plugins
        target = Target(backend=spec, device="cpu", dtype="float64", threads=1)
        environment = {key: text for key, text in spec.environment.items() if key not in os.environ}
        with LocalPool(1, interpreter=interpreter, environment=environment, limit=PATIENCE) as pool:
            try:
                inspection = pool.submit(inspect, target, referee).result()
            except Exception as error:  # noqa: BLE001  (whatever it is, it is what was to be found out)
                text = str(error) if isinstance(error, JamharnessError) else f"{type(error).__name__}: {error}"
                yield Finding(
                    topic=name, state="problem", text=f"It cannot start in {interpreter}: {' '.join(text.split())}",
                    advice="Reinstall the framework there, or name another Python under [interpreters].",
                )  # fmt: skip
                continue
        yield from _findings(name, inspection)
        for lack in shortcomings(spec.capabilities):
            yield Finding(topic=name, state="warning", text=f"It {lack}.", advice=LACKING)


def _findings(name: str, inspection: Mapping[str, Any]) -> Iterator[Finding]:
    described = inspection["described"]
    version = f"{name} {described[name]}" if name in described else name
    yield Finding(
        topic=name, state="ok",
        text=f"{version} on Python {inspection['python']} ({inspection['executable']}), "
        f"imported in {inspection['seconds']:.1f} s.",
    )  # fmt: skip
    yield _accuracy(name, inspection)
    yield (
        Finding(topic=name, state="ok", text="--device cuda can be used.")
        if not inspection["cuda"]
        else Finding(topic=name, state="note", text=f"No CUDA: {inspection['cuda']}")
    )
    if described.get("tf32"):
        yield Finding(
            topic=name, state="warning", text="TF32 is on: float32 products on the GPU have 10 bits, not 23.",
            advice="Use float64, or switch TF32 off where it is switched on.",
        )  # fmt: skip
    yield from _runtimes(name, inspection["pools"], avx512=inspection["avx512"])
    for library, owners in sorted(inspection["owners"].items()):
        if len(owners) > 1:
            yield Finding(
                topic=name, state="problem", text=f"{library} is brought by {' and by '.join(owners)}.",
                advice="Keep one of them in an environment; give the other framework an interpreter of its own.",
            )  # fmt: skip
    for variable, text in inspection["variables"].items():
        yield Finding(
            topic=name, state="note", text=f"{variable} = {text} is set, and the backend would set it otherwise.",
            advice=f"Unset {variable} unless you mean it.",
        )  # fmt: skip


def _accuracy(name: str, inspection: Mapping[str, Any]) -> Finding:
    if not inspection["repeats"]:
        return Finding(
            topic=name, state="problem", text="The same call gives other bits when it is made again.",
            advice="Look for a switch for deterministic algorithms; runs cannot be reproduced like this.",
        )  # fmt: skip
    if inspection["error"] is not None and inspection["error"] > ACCURATE:
        return Finding(
            topic=name, state="problem", text=f"Margins and gradient differ from numpy's by {inspection['error']:.1g}.",
            advice=f"Run: jamharness conformance {name}",
        )  # fmt: skip
    digits = "" if inspection["error"] is None else f" and numpy's to {inspection['error']:.0e}"
    return Finding(topic=name, state="ok", text=f"Margins and gradient are the same bits again{digits}.")


def _runtimes(name: str, pools: list[Mapping[str, Any]], *, avx512: bool) -> Iterator[Finding]:
    paths = sorted({pool["filepath"] for pool in pools if pool["user_api"] == "openmp"})
    if len(paths) > 1:
        yield Finding(
            topic=name, state="warning", text=f"{len(paths)} OpenMP runtimes in one process: {', '.join(paths)}.",
            advice="With --threads above 1 they compete for cores: keep --threads 1, or install builds that share one.",
        )  # fmt: skip
    blas = sorted(
        {f"{pool['internal_api']} {pool['version'] or ''}".strip() for pool in pools if pool["user_api"] == "blas"}
    )
    if blas:
        yield Finding(topic=name, state="ok", text=f"Linear algebra besides the framework's own: {', '.join(blas)}.")
    if avx512 and any(pool["internal_api"] == "openblas" and pool["architecture"] in NARROW for pool in pools):
        yield Finding(
            topic=name, state="note", text="OpenBLAS leaves the AVX-512 of this processor unused.",
            advice="Set OPENBLAS_CORETYPE=SKYLAKEX: its matrix products take half the time (docs/performance.md).",
        )  # fmt: skip
