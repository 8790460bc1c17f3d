"""``jamharness bench`` on real backends, at a size of seconds."""

import json


def test_bench_times_every_method_and_one_run(process):
    """Times are positive, the run has an outcome, exit 0."""
    done = process("bench", "--backends", "numpy", "--width", "3", "--depth", "1", "--load", "1", "--json")
    assert done.code == 0, done.err
    (timing,) = json.loads(done.out)["timings"]
    assert set(timing["seconds"]) == {
        "margins", "loss_and_gradient", "Adam's update", "damped_step", "truncated_step"
    }  # fmt: skip
    assert all(value > 0 for value in timing["seconds"].values())
    assert timing["matrix_products_gflops"] > 0.1
    assert timing["outcome"] in ("satisfied", "minimum", "undecided")


def test_wrong_requests_are_refused_all_at_once(process, work):
    """A sentence each, exit 2, nothing written."""
    done = process("bench", "--backends", "numpi", "--width", "x", "--load", "-1", "--threads", "0")
    assert done.code == 2
    assert len(done.sentences) == 4
    for part in ("did you mean 'numpy'?", "--width 'x'", "load = -1.0", "threads = 0"):
        assert any(part in sentence for sentence in done.sentences), done.err
    assert not list(work.iterdir())
