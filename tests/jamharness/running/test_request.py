"""What is wrong with a request is said at once and in full, before anything is written."""

from pathlib import Path
from typing import Any

import pytest

from jamharness.api import BadInput


def refused(lab: Any, **options: Any) -> tuple[str, ...]:
    """The sentences, after a look at whether anything was written or started."""
    before = sorted(lab.store.parent.rglob("*"))
    with pytest.raises(BadInput) as error:
        lab.run(**options)
    after = [path for path in sorted(lab.store.parent.rglob("*")) if "__pycache__" not in path.parts]
    assert after == [path for path in before if "__pycache__" not in path.parts]
    assert not lab.workers()
    assert all(text.strip() and "\n" not in text for text in error.value.problems)
    return error.value.problems


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"backend": "tyo"}, ["'tyo'", "did you mean 'toy'"]),
        ({"protocols": "drfit"}, ["'drfit'", "did you mean 'drift'"]),
        ({"protocols": []}, ["No protocol"]),
        ({"settings": {"sedes": 3}}, ["'sedes'", "did you mean 'seeds'"]),
        ({"settings": {"seeds": "many"}}, ["seeds", "'many'"]),
        ({"settings": {"seeds": 0}}, ["seeds = 0"]),
        ({"settings": {"dataset": "pionts"}}, ["'pionts'", "did you mean 'points'"]),
        ({"settings": {"patterns": 1000}}, ["patterns = 1000"]),
        ({"settings": {"dataset": "nan"}}, ["NaN"]),
        ({"settings": {"dataset": "needy"}}, ["'needy'", "a_library_that_is_not_there"]),
        ({"settings": {"dataset": "wrong"}}, ["'wrong'", "str"]),
        ({"settings": {"echo": {"volume": 1}}}, ["'echo'", "not among"]),
        ({"settings": {"drift": {"sedes": 1}}}, ["'sedes'", "did you mean 'seeds'"]),
        ({"preset": "quik"}, ["'quik'", "did you mean 'quick'"]),
        ({"device": "gpu"}, ["'gpu'", "cuda"]),
        ({"device": "cuda"}, ["'cuda'", "CPU only"]),
        ({"dtype": "float16"}, ["'float16'", "float32"]),
        ({"threads": 0}, ["threads = 0"]),
        ({"threads": 1.5}, ["threads = 1.5"]),
        ({"workers": 0}, ["workers = 0"]),
        ({"workers": True}, ["workers = True"]),
        ({"workers": -2}, ["workers = -2"]),
        ({"name": "a/b"}, ["'a/b'", "letters"]),
        ({"backend": "toy-broken"}, ["'toy-broken'", "libtoy.so is missing"]),
        ({"backend": "toy-absent"}, ["'toy-absent'", "jamlab.nothing"]),
        ({"interpreters": {"toy": "no-such-python"}}, ["'no-such-python'", "'toy'"]),
        ({"store": "/proc/store"}, ["'/proc/store'"]),
    ],
)
def test_a_wrong_request_is_one_sentence_with_value_and_remedy(
    lab: Any, options: dict[str, Any], parts: list[str]
) -> None:
    """Nothing is written, and nothing is left running."""
    [sentence] = refused(lab, **options)
    for part in parts:
        assert part in sentence


def test_a_store_that_is_a_file_or_full_of_other_things_is_refused(lab: Any, tmp_path: Path) -> None:
    """One sentence each."""
    (tmp_path / "file").write_text("")
    assert "is a file" in refused(lab, store=tmp_path / "file")[0]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    assert "thesis.tex" in refused(lab, store=tmp_path / "full")[0]


def test_everything_wrong_is_said_at_once(lab: Any, tmp_path: Path) -> None:
    """Ten mistakes, ten sentences, none twice."""
    (tmp_path / "file").write_text("")
    sentences = refused(
        lab,
        protocols=["drift", "ehco"],
        backend="tyo",
        settings={"sedes": 3, "dataset": "pionts", "steps": "x"},
        device="gpu",
        dtype="float16",
        workers=0,
        threads=0,
        store=tmp_path / "file",
    )
    assert len(sentences) == len(set(sentences)) == 10


def test_wrong_data_are_said_together_with_the_rest(lab: Any) -> None:
    """They are loaded even when the backend is wrong."""
    sentences = refused(lab, backend="tyo", settings={"patterns": 1000})
    assert [any(part in text for text in sentences) for part in ("'tyo'", "patterns = 1000")] == [True, True]


def test_a_seed_that_no_protocol_takes_is_refused(lab: Any) -> None:
    """Rather than ignored."""
    path = lab.folder / "jamlab" / "protocol.py"
    path.write_text(path.read_text().replace("    seed: int = setting(0", "    origin: int = setting(0"))
    assert "takes no seed" in refused(lab, seed=1)[0]


def test_workers_default_to_the_cores_over_the_threads_of_each(lab: Any) -> None:
    """And are at least one."""
    import os

    from jamharness.plugins import Plugins
    from jamharness.running.request import check_request

    def workers(threads: int) -> int:
        return check_request(
            "drift", plugins=Plugins.load(), backend="toy", settings=None, preset=None, seed=None, device="cpu",
            dtype="float64", workers=None, threads=threads, store=lab.store, name=None, interpreters=None,
        ).workers  # fmt: skip

    cores = len(os.sched_getaffinity(0))
    assert workers(1) == cores
    assert workers(2 * cores) == 1
