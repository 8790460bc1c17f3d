"""Frameworks that are missing, broken or too old, and what ``jamharness doctor`` finds; real processes throughout."""

import json
import os
import sys
from importlib.util import find_spec

import pytest

BROKEN = {"tensorflow": "raise ImportError('libtensorflow_cc.so.2: cannot open shared object file')"}
KILLED = {"tensorflow": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"}
QUICK = ("--set", "width=3", "--set", "depth=1", "--set", "seeds=1", "--quiet")


def environment(*folders):
    """The variable that puts distributions before those that are installed."""
    return {"PYTHONPATH": os.pathsep.join(map(str, folders))}


def states(done):
    """State and reason of each backend in ``jamharness plugins --json``."""
    rows = json.loads(done.out)["plugins"]
    return {row["name"]: (row["state"], row["reason"]) for row in rows if row["kind"] == "backend"}


@pytest.fixture(params=["broken", "too old"])
def spoilt(request, plugin_distribution):
    """A TensorFlow that shadows the installed one: its state, what is said of it, and the environment."""
    if request.param == "broken":
        folder = plugin_distribution("tensorflow-cpu", BROKEN, {}, version="2.21.0")
        return "broken", "libtensorflow_cc.so.2", environment(folder)
    folder = plugin_distribution("tensorflow-cpu", {"tensorflow": "__version__ = '1.15'"}, {}, version="1.15")
    return "missing dependency", "tensorflow-cpu 1.15 is installed here and >=2.18 is needed", environment(folder)


def test_plugins_lists_a_spoilt_framework_in_one_row(process, spoilt):
    """One row with the reason; the others are ready."""
    state, reason, variables = spoilt
    backends = states(process("plugins", "--check", "--json", **variables))
    assert backends["tensorflow"][0] == state
    assert reason in backends["tensorflow"][1]
    assert backends["numpy"] == ("ready", "")


def test_a_framework_that_fails_at_once_is_seen_at_a_glance(process, plugin_distribution):
    """Without --check too."""
    variables = environment(plugin_distribution("tensorflow-cpu", BROKEN, {}, version="2.21.0"))
    assert states(process("plugins", "--json", **variables))["tensorflow"][0] == "broken"


def test_a_framework_whose_import_kills_python_is_a_row(process, plugin_distribution):
    """By its signal."""
    variables = environment(plugin_distribution("tensorflow-cpu", KILLED, {}, version="2.21.0"))
    assert states(process("plugins", "--check", "--json", **variables))["tensorflow"] == (
        "broken", "importing it ends Python by SIGSEGV"
    )  # fmt: skip


def test_another_backend_runs_beside_a_spoilt_framework(process, spoilt):
    """And the spoilt one is refused in one sentence."""
    _, reason, variables = spoilt
    assert process("run", "--backend", "numpy", *QUICK, **variables).code == 0
    refused = process("run", "--backend", "tensorflow", *QUICK, **variables)
    assert refused.code == 2
    assert len(refused.sentences) == 1
    assert reason in refused.err


def test_agree_compares_the_rest_beside_a_spoilt_framework(process, spoilt):
    """The failure has its reason, and the reference's own rows are there."""
    _, reason, variables = spoilt
    arguments = ("--backends", "numpy,tensorflow", "--kinds", "exact", *QUICK, "--json")
    done = process("agree", *arguments, **variables)
    assert done.code == 2
    assert reason in done.out + done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="TensorFlow is installed")
def test_a_missing_framework_is_a_row_and_a_note(process):
    """With the command that installs it."""
    state, reason = states(process("plugins", "--json"))["tensorflow"]
    assert state == "missing dependency"
    assert reason.endswith('run: pip install "jamharness[tensorflow]"')
    findings = json.loads(process("doctor", "--json").out)["findings"]
    [note] = [each for each in findings if "tensorflow" in each["text"]]
    assert (note["state"], note["advice"]) == ("note", 'Run: pip install "jamharness[tensorflow]"')


def test_doctor_finds_a_healthy_installation(process):
    """The referee computes, the store is new, exit 0."""
    done = process("--disable", "torch", "--disable", "tensorflow", "doctor", "--json")
    findings = json.loads(done.out)["findings"]
    assert done.code == 0, done.out
    about = {topic: [each for each in findings if each["topic"] == topic] for topic in ("machine", "numpy", "store")}
    assert any(sys.executable in each["text"] for each in about["numpy"])
    assert any("the same bits again" in each["text"] for each in about["numpy"])
    assert "does not exist yet" in about["store"][0]["text"]
    assert len(about["machine"]) >= 3


def test_doctor_tells_a_processor_whose_wide_vectors_openblas_leaves_unused(process):
    """As it does of its own accord on some; NumPy, which looks at the processor itself, is the referee."""
    from numpy._core._multiarray_umath import __cpu_features__

    done = process("--disable", "torch", "--disable", "tensorflow", "doctor", "--json", OPENBLAS_CORETYPE="Haswell")
    notes = [each for each in json.loads(done.out)["findings"] if "AVX-512" in each["text"]]
    assert [each["state"] for each in notes] == ["note"] * __cpu_features__["AVX512_SKX"]
    assert all("OPENBLAS_CORETYPE=SKYLAKEX" in each["advice"] for each in notes)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("torch", "tensorflow")]
)
def test_doctor_tries_each_framework(process, name):
    """Each in a process of its own, compared with the referee."""
    findings = json.loads(process("doctor", "--json").out)["findings"]
    texts = [each["text"] for each in findings if each["topic"] == name]
    assert any("the same bits again and numpy's to" in text for text in texts), texts
    assert any(text.startswith("No CUDA") for text in texts)


def test_doctor_reports_what_is_wrong(process, plugin_distribution, work):
    """A broken framework, an interpreter that is not there, and a damaged store: a line each, exit 1."""
    process("run", "--backend", "numpy", *QUICK)
    cells = sorted((work / "jamharness-store" / "cells").glob("*/*.json"))
    cells[0].write_text("rubbish")
    (work / "jamharness-store" / "runs" / "older.json").write_text("{")
    variables = {"JAMHARNESS_PYTHON_TORCH": "/nowhere/python"}
    variables |= environment(plugin_distribution("tensorflow-cpu", BROKEN, {}, version="2.21.0"))
    done = process("doctor", "--json", **variables)
    assert done.code == 1
    findings = json.loads(done.out)["findings"]
    wrong = {(each["topic"], each["state"]): each for each in findings if each["state"] in ("problem", "warning")}
    assert "libtensorflow_cc.so.2" in wrong["tensorflow", "problem"]["text"]
    assert "'/nowhere/python'" in wrong["torch", "problem"]["text"]
    damaged = [each["text"] for each in findings if each["topic"] == "store" and each["state"] == "warning"]
    assert any("1 cells are damaged" in text and cells[0].name in text for text in damaged)
    assert any("'older'" in text for text in damaged)
    assert all(each["advice"] for each in wrong.values())


def test_doctor_lists_what_is_wrong_with_the_folders_own_configuration(process, work):
    """A line each, beside what is sound: its store is looked at, its interpreter is not started."""
    program = work / "python"
    program.write_text(f"#!/bin/sh\ntouch {work}/started\nexit 1\n")
    program.chmod(0o755)
    own = "[run]\nstore = 'kept'\nworkres = 2\n[interpreters]\nnumpy = './python'\n"
    (work / "jamharness.toml").write_text(own)
    done = process("--disable", "torch", "--disable", "tensorflow", "doctor", "--json")
    assert done.code == 1, done.err
    findings = json.loads(done.out)["findings"]
    problems = [each for each in findings if each["topic"] == "configuration"]
    assert [each["state"] for each in problems] == ["problem", "problem"]
    assert "'workres'" in problems[0]["text"]
    assert "[interpreters] starts programs" in problems[1]["text"]
    assert any("the same bits again" in each["text"] for each in findings if each["topic"] == "numpy")
    assert any(str(work / "kept") in each["text"] for each in findings if each["topic"] == "store")
    assert not (work / "started").exists()
    assert process("doctor", "--config", "nowhere.toml").code == 2


def test_libraries_with_two_owners_and_two_openmp_runtimes_are_told():
    """What cannot be installed here is told from what an inspection returns."""
    from jamharness.doctor.frameworks import _findings

    inspected = {
        "python": "3.11.9", "executable": "python", "seconds": 1.0, "cuda": "", "repeats": False, "error": 1e-9,
        "avx512": True,
        "described": {"backend": "mine", "tf32": True}, "variables": {"CUBLAS_WORKSPACE_CONFIG": ":0:0"},
        "owners": {"libcudnn.so.9": ["nvidia-cudnn-cu12", "tensorflow"], "libcudnn_ops.so.9": ["nvidia-cudnn-cu12"]},
        "pools": [
            {"user_api": "openmp", "internal_api": "openmp", "filepath": f"/lib/{name}", "version": None}
            for name in ("libgomp.so.1", "libiomp5.so")
        ],
    }  # fmt: skip
    findings = list(_findings("mine", inspected))
    texts = {finding.text: finding.state for finding in findings}
    assert texts["The same call gives other bits when it is made again."] == "problem"
    assert texts["2 OpenMP runtimes in one process: /lib/libgomp.so.1, /lib/libiomp5.so."] == "warning"
    assert texts["libcudnn.so.9 is brought by nvidia-cudnn-cu12 and by tensorflow."] == "problem"
    assert any("TF32 is on" in text for text in texts)
    assert any("CUBLAS_WORKSPACE_CONFIG = :0:0 is set" in text for text in texts)
    assert not any("libcudnn_ops" in text for text in texts)
    accurate = list(_findings("mine", {**inspected, "repeats": True}))
    assert any(finding.text == "Margins and gradient differ from numpy's by 1e-09." for finding in accurate)
