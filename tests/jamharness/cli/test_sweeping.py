"""``--sweep`` and ``compare``: a run for each value, and runs beside each other."""

import pytest

from jamharness.api import BadInput
from jamharness.cli import main
from jamharness.sweeps import combine, read_options
from jamharness.sweeps import points as runs_of


def points(sweeps):
    """The runs of what was typed."""
    return list(runs_of(combine((), read_options(sweeps), ())))


def test_every_combination_is_a_run():
    """In the order in which they were typed; a semicolon separates values that are lists."""
    assert [(point.assignments, point.suffix) for point in points(["width=3, 4", "bias=yes,no"])] == [
        (("width=3", "bias=yes"), "-width-3-bias-yes"),
        (("width=3", "bias=no"), "-width-3-bias-no"),
        (("width=4", "bias=yes"), "-width-4-bias-yes"),
        (("width=4", "bias=no"), "-width-4-bias-no"),
    ]
    lists = points(["width=12,10;8,6", "dataset=file:a b"])
    assert lists[0].assignments == ("width=12,10", "dataset=file:a b")
    assert [point.suffix for point in lists] == ["-width-12x10-dataset-filexaxb", "-width-8x6-dataset-filexaxb"]
    (alone,) = points(["jamming.width=3"])
    assert (alone.assignments, alone.suffix) == (("jamming.width=3",), "-jamming.width-3")


@pytest.mark.parametrize(
    ("sweeps", "words"),
    [
        (["width"], "must read KEY=VALUE,VALUE"),
        (["width=", "=3"], "must read KEY=VALUE,VALUE"),
        (["width=3,,4"], "must read KEY=VALUE,VALUE"),
        (["width=3,4,3"], "names a value twice"),
        (["width=3", "width=4"], "given twice"),
        ([f"width={','.join(map(str, range(10_001)))}"], "A sweep of 10001 runs is too long"),
    ],
)
def test_what_cannot_be_swept_is_bad_input(sweeps, words):
    """One sentence for each."""
    with pytest.raises(BadInput, match=words):
        points(sweeps)


def test_a_list_where_one_number_is_meant_names_the_option(refused):
    """Only for the setting that was given one, and only if each of its values could run."""
    depth, width = refused("run", "jamming", "--backend", "numpy", "--set", "width=3,4,5", "--set", "depth=-1")
    assert "--sweep" not in depth
    assert width.endswith("--sweep width=3,4,5")
    (odd,) = refused("run", "jamming", "--backend", "numpy", "--set", "patterns=20,31", "--set", "scan=width")
    assert odd.startswith("patterns = 31: alternate labels need an even number")
    assert "--sweep" not in odd
    (load,) = refused("run", "jamming", "--backend", "numpy", "--set", "loads=2,99")
    assert load.endswith("at most 12.")


@pytest.fixture
def refused(tmp_path, monkeypatch, capfd):
    """A function that returns the sentences with which a command is refused."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> list[str]:
        assert main(arguments) == 2
        out, err = capfd.readouterr()
        assert (out, list(tmp_path.iterdir())) == ("", [])
        return [line for line in err.splitlines() if "has been loading" not in line]

    return call


def test_set_keeps_its_meaning(refused):
    """One number for each layer, where there are as many; the sentence for another number says what else there is."""
    (sentence,) = refused("run", "jamming", "--backend", "numpy", "--set", "width=3,4,5")
    assert "3 widths for 2 hidden layers" in sentence
    assert sentence.endswith("--sweep width=3,4,5")
    (sentence,) = refused("run", "jamming", "--backend", "numpy", "--set", "seeds=3,4")
    assert sentence.endswith("--sweep seeds=3,4")


def test_a_sweep_is_checked_before_its_first_run(refused):
    """All that is wrong with any of its runs, each sentence once."""
    sentences = refused("run", "jamming", "--backend", "nunpy", "--sweep", "width=3,x,0", "--figures", "pfd")
    for words in ("did you mean 'numpy'", "width = 'x'", "width = 0", "did you mean 'pdf'"):
        assert sum(words in sentence for sentence in sentences) == 1
    assert len(sentences) == 4
    assert any("given twice" in line for line in refused("run", "--set", "width=3", "--sweep", "width=3,4"))


def test_a_sweep_makes_a_run_for_each_value_and_compares_them(jamharness, work):
    """Named for the values; the same numbers as from ``compare``, as a table and as JSON."""
    command = ("run", "coins", "--backend", "numpy", "--name", "base", "--sweep", "seeds=2,3", "--quiet")
    document = jamharness(*command, "--json").document
    assert [run["run"] for run in document["runs"]] == ["base-seeds-2", "base-seeds-3"]
    assert document["exit"] == 0
    (setting,) = document["comparison"]["settings"]
    assert setting == {
        "protocol": "coins", "setting": "seeds", "values": {"base-seeds-2": 2, "base-seeds-3": 3},
    }  # fmt: skip
    (row,) = document["comparison"]["estimates"]
    means = [run["protocols"]["coins"]["estimates"]["mean"]["value"] for run in document["runs"]]
    assert row["differences"]["base-seeds-3"]["value"] == pytest.approx(means[1] - means[0])
    assert jamharness("compare", "base-seeds-2", "base-seeds-3", "--json").document == document["comparison"]
    again = jamharness(*command)
    for words in ("base-seeds-3", "coins.seeds", "coins.mean", "jamharness show base-seeds-2"):
        assert words in again.out
    jamharness("compare", "base-seeds-2", "base-seeds-9").refused("base-seeds-9")
    jamharness("compare", "base-seeds-2").refused("name at least two")


def test_export_takes_figures_and_latex_along(jamharness, work):
    """Beside tables and arrays; what LaTeX would read as its own is escaped."""
    jamharness("run", "coins", "--backend", "numpy", "--name", "r", "--quiet", "--set", "seeds=2")
    outcome = jamharness("export", "r", "--figures", "pdf,svg")
    assert outcome.code == 0, outcome.err
    files = {line.rpartition("/")[2] for line in outcome.out.splitlines()}
    assert {"estimates.tex", "run.json", "coins-throws.csv"} <= files
    text = (work / "r" / "estimates.tex").read_text()
    assert "\\toprule" in text
    (row,) = [line for line in text.splitlines() if line.startswith("mean &")]
    assert row.count("&") == 4
    assert row.endswith("& 2 & heads \\\\")
    jamharness("export", "r", "--figures", "pfd").refused("did you mean 'pdf'?")


PLANNED = """
[run]
backend = "numpy"
[settings]
sizes = 5
[sweep]
seeds = [2, 3]
[[sweep.zip]]
seed = [0, 10]
faulty = [0, 1]
"""


def test_a_file_plans_a_sweep(jamharness, work):
    """Every combination; what changes together is one axis; what is typed wins, and the rest of the file stays."""
    (work / "plan.toml").write_text(PLANNED)
    command = ("run", "coins", "--config", "plan.toml", "--name", "s", "--quiet", "--json", "--workers", "1")
    document = jamharness(*command).document
    assert [run["run"] for run in document["runs"]] == [
        f"s-seeds-{seeds}-seed-{seed}-faulty-{faulty}" for seeds in (2, 3) for seed, faulty in ((0, 0), (10, 1))
    ]
    settings = [run["protocols"]["coins"]["settings"] for run in document["runs"]]
    assert [(each["seeds"], each["seed"], each["faulty"], each["sizes"]) for each in settings] == [
        (2, 0, 0, 5), (2, 10, 1, 5), (3, 0, 0, 5), (3, 10, 1, 5),
    ]  # fmt: skip
    assert [run["protocols"]["coins"]["cells"] for run in document["runs"]][3] == {"done": 2, "failed": 1, "reused": 1}
    typed = jamharness(*command, "--set", "seeds=1", "--sweep", "sizes=2").document
    assert [run["run"] for run in typed["runs"]] == [
        f"s-seed-{seed}-faulty-{faulty}-sizes-2" for seed, faulty in ((0, 0), (10, 1))
    ]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("width = 8", "width = 8 must be a list of values"),
        ("width = []", "width = [] must be a list of values"),
        ("width = [{}]", "must be a list of values"),
        ("width = [8, 8]", "names a step twice"),
        ("zip = 3", "must be tables, each written [[sweep.zip]]"),
        ("zip = [{}]", "[[sweep.zip]] is empty"),
        (
            "zip = [{width = [3, 4], depth = [1]}]",
            "as many values of each setting, because they change together; width has 2",
        ),
        ("width = [3]\nzip = [{width = [3, 4]}]", "[sweep] has width more than once"),
        ("seeds = [1, 2]", "seeds stands in [settings] and in [sweep]"),
        ("jamming.seed = [1, 2]", "jamming.seed stands in [settings] and in [sweep]"),
        ("zip = [{bias = [true, false], depth = [1, 2]}]", "bias changes together with depth in [[sweep.zip]]"),
        ("width = [1, 0, 'x']", "width = 0"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_bad_input(table, words, tmp_path, capfd):
    """In sentences, before anything is computed."""
    file = tmp_path / "plan.toml"
    file.write_text(
        f"[run]\nbackend = 'numpy'\n[settings]\nseeds = 2\n[settings.jamming]\nseed = 1\n[sweep]\n{table}\n"
    )
    assert main(["run", "jamming", "--config", str(file), "--set", "bias=yes", "--store", str(tmp_path / "s")]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert words in err
    assert not (tmp_path / "s").exists()


def test_a_plan_that_merely_lies_there_is_refused(jamharness, work):
    """It would make every run many."""
    (work / "jamharness.toml").write_text("[sweep]\nseeds = [2, 3]\n")
    jamharness("run", "coins", "--backend", "numpy").refused("put it into a file of its own, for --config")


def test_runs_of_a_sweep_are_put_together_when_they_are_reached():
    """A million combinations of a file cost nothing until then; ten thousand are allowed."""
    from itertools import islice

    from jamharness.sweeps import Axis

    axes = [Axis(keys=(key,), steps=tuple((str(n),) for n in range(100))) for key in "abc"]
    assert [point.assignments[2] for point in islice(runs_of(axes), 2)] == ["c=0", "c=1"]
    with pytest.raises(BadInput, match="A sweep of 1000000 runs"):
        combine(axes, (), ())
    assert len(combine(axes, (), ("a",))) == 2
