"""The protocol: the cells that it shares, what a test is, trajectories, and whole runs on the digits."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.generalisation.cells import place_of
from jamharness_protocols.generalisation.effective import measure as effective
from jamharness_protocols.generalisation.protocol import Generalisation
from jamharness_protocols.generalisation.settings import STRIDE
from jamharness_protocols.jamming.protocol import Jamming

import jamharness
from jamharness.api import Adam, CellResult, FinishedCell, State
from jamharness.datasets.digits import load

PROTOCOL = Generalisation()
SMALL = {"patterns": 40, "inputs": 4, "depth": 1, "seeds": 3, "networks": 2, "factors": (0.3, 1.0, 2.0, 4.0)}


def settings(**more):
    options = PROTOCOL.Settings(**{**SMALL, **more})
    assert options.problems() == []
    return options


def test_the_search_for_n_star_is_that_of_jamming():
    """Cell by cell, so that a run of both computes it once."""
    options = settings(patterns=(20, 40))
    searching, theirs = PROTOCOL.plan(options, []), Jamming().plan(options.search(), [])
    assert len(searching) == len(theirs) == 6
    assert all(cell in theirs for cell in searching)


def test_a_whole_small_run(carry_out):
    """Every width has its networks, none of which is trained twice; first networks are the search's own."""
    options = settings()
    done = carry_out(PROTOCOL, options)
    trained = [item.cell for item in done if item.cell.task == "minimisation"]
    assert len({json.dumps(place_of(cell)) for cell in trained}) == len(trained)
    tests = [item.cell for item in done if item.cell.task == "generalisation"]
    widths = {place_of(cell)[3] for cell in tests}
    assert len(tests) == 6 * len(widths)
    assert {place_of(cell)[1] for cell in tests} == {0, 1}
    assert {cell.coordinates["seed"] for cell in tests} == {0, 1, 2, STRIDE, STRIDE + 1, STRIDE + 2}
    findings = PROTOCOL.analyse(options, done)
    assert findings.objection == ""
    assert findings.estimates["critical_weights"].value == pytest.approx(
        findings.tables["thresholds"][["weights_unsatisfied", "weights_satisfied"]].to_numpy().mean()
    )
    points = findings.tables["points"]
    assert points["width"].tolist() == sorted(widths)
    assert (points["test_error"] < 0.5).all()
    assert points["satisfied"].iloc[-1] == 1.0
    assert findings.estimates["cusp_ratio"].note or findings.estimates["cusp_ratio"].value
    for figure in PROTOCOL.draw(findings).values():
        figure.savefig(io.BytesIO(), format="png")
    # In whatever order cells are finished, and with some missing.
    assert PROTOCOL.analyse(options, done[::-1]).tables["points"].equals(points)
    PROTOCOL.analyse(options, done[: len(done) // 2])
    assert PROTOCOL.analyse(options, []).objection


def test_a_test_is_what_the_weights_give_on_the_test_set(measure):
    """Errors and outputs, again by the network's formula in NumPy."""
    options = settings()
    cell = options.measured(1, 1, 40, 3)
    measured = measure(cell, [])
    data = load(cell.dataset)
    w = measure(cell.needs[0], []).arrays["w"]
    (hidden, bias), (out, last) = cell.system.split(w)
    outputs = np.maximum(data.x_test @ hidden.T + bias, 0) @ out[0] + last[0]
    np.testing.assert_allclose(measured.arrays["outputs"], outputs, rtol=1e-10, atol=1e-10)
    assert measured.values["test_error"] == np.mean(np.sign(outputs) != data.y_test)
    assert measured.values["output"] == pytest.approx(np.sqrt(np.mean(outputs**2)))
    x, y = data.first(40)
    fitted = np.maximum(x @ hidden.T + bias, 0) @ out[0] + last[0]
    assert measured.values["train_error"] == np.mean(np.sign(fitted) != y)


def test_a_trajectory_is_one_descent_and_its_least_error_is_on_it(measure):
    """Testing on the way changes nothing."""
    options = settings(minimiser="adam", learning_rate=1e-2, budget=300, records=12)
    cell = options.measured(0, 0, 40, 3)
    assert cell.task == "trajectory"
    trajectory = measure(cell, [])
    data, system = load(cell.dataset), cell.system
    x, y = data.first(40)
    problem = NumpyBackend().problem(system, x, y)
    state = problem.descend(State(w=system.initial(0)), 300, Adam(learning_rate=1e-2))
    np.testing.assert_allclose(trajectory.arrays["w"], state.w, rtol=1e-12)
    records, errors = trajectory.arrays["records"], trajectory.arrays["errors"]
    assert records[0] == 0
    assert records[-1] == state.step == trajectory.values["updates"]
    assert (np.diff(records) > 0).all()
    assert trajectory.values["stopped_error"] == errors.min() <= errors[-1] == trajectory.values["test_error"]
    assert errors[list(records).index(trajectory.values["stopping"])] == errors.min()


def test_outputs_of_zero_are_no_answer_under_cross_entropy(measure):
    """A network whose units are off on every pattern has errors left, however long it is trained."""
    options = settings(minimiser="adam", loss="cross_entropy", budget=20, records=2, bias=False, depth=2)
    cell = options.trained(0, 0, 40, 1)
    x, y = load(cell.dataset).first(40)
    problem = NumpyBackend().problem(cell.system, x, y, loss=cell.loss)
    assert not problem.loss.satisfied(problem.margins(np.zeros(cell.system.size))).any()
    # One unit a layer: of some initial weights it is off on all patterns with a second layer below zero, and stays so.
    off = next(seed for seed in range(100) if not problem.outputs(cell.system.initial(seed), x).any())
    dead = replace(cell, coordinates={**cell.coordinates, "seed": off})
    measured = measure(dead, [])
    assert measured.values["train_error"] == 1.0
    assert measured.values["unsatisfied"] == 40
    assert measured.values["outcome"] == "minimum"


def test_a_second_order_minimisation_is_the_same_when_followed(measure):
    """Its w and its verdict are those of the minimisation that nobody watches; every record is a step of it."""
    options = settings(stopped=True)
    cell, alone = options.measured(0, 0, 40, 2), settings().trained(0, 0, 40, 2)
    assert (cell.task, alone.task) == ("trajectory", "minimisation")
    followed, plain = measure(cell, []), measure(alone, [])
    np.testing.assert_array_equal(followed.arrays["w"], plain.arrays["w"])
    for name in ("outcome", "unsatisfied", "loss"):
        assert followed.values[name] == plain.values[name]
    records, errors = followed.arrays["records"], followed.arrays["errors"]
    assert records[0] == 0
    assert len(records) > 10
    assert (np.diff(records) > 0).all()
    assert records[-1] == followed.values["updates"] == plain.values["iterations"]
    # Before the first step it is the network of the initial weights.
    data, system = load(cell.dataset), cell.system
    start = NumpyBackend().problem(system, *data.first(40)).outputs(system.initial(0), data.x_test)
    assert errors[0] == np.mean(start * data.y_test <= 0)
    assert followed.values["stopped_error"] == errors.min() <= errors[-1] == followed.values["test_error"]


@pytest.mark.parametrize("loss", ["hinge", "cross_entropy"])
def test_first_order_minimisers_are_stopped_early(carry_out, loss):
    """Each network at its least test error, which is no larger than that at its end."""
    options = settings(
        minimiser="adam", loss=loss, learning_rate=3e-2, budget=150, records=8, seeds=2, widths=(1, 4), networks=1
    )
    findings = PROTOCOL.analyse(options, carry_out(PROTOCOL, options))
    points = findings.tables["points"]
    assert (points["stopped_error"] <= points["test_error"]).all()
    assert "networks=2 or more" in findings.estimates["fluctuation_exponent"].note


def test_a_network_of_a_given_number_of_patterns_is_the_same_in_every_scan():
    """A scan over several P shares its pool, and its minimisations with jamming's."""
    options = settings(patterns=(20, 40))
    cell = options.trained(2, 0, 20, 5)
    assert cell.dataset.patterns == 40
    assert cell.coordinates["patterns"] == 20


def test_what_failed_is_told_and_the_rest_is_analysed(carry_out):
    """A draw that lost a network is left out of the means."""
    options = settings()
    done = carry_out(PROTOCOL, options)
    lost = next(
        place for place, item in enumerate(done) if item.cell.task == "generalisation" and place_of(item.cell)[0] == 2
    )
    done[lost] = FinishedCell(cell=done[lost].cell, failure="lost")
    findings = PROTOCOL.analyse(options, done)
    assert (findings.tables["points"]["draws"] == 2).all()
    assert findings.tables["networks"]["reason"].tolist().count("lost") == 1
    failed = [FinishedCell(cell=item.cell, failure="lost") for item in done]
    assert "failed. The first: lost" in PROTOCOL.analyse(options, failed).objection


def test_patterns_that_are_never_satisfied_are_an_objection():
    """With advice."""
    options = settings(widths=(1, 2))
    cells = PROTOCOL.plan(options, [])
    values = {"outcome": "minimum", "unsatisfied": 9, "loss": 0.1, "test_error": 0.4, "train_error": 0.1, "output": 1.0}
    done = []
    for cell in cells:
        arrays = {"outputs": np.ones(4), "labels": np.array([1, -1, 1, 1])}
        done.append(FinishedCell(cell=cell, result=CellResult(values=values, arrays=arrays)))
        done.append(FinishedCell(cell=cell.needs[0], result=CellResult(values=values)))
    findings = PROTOCOL.analyse(options, done)
    assert findings.objection.startswith("No network satisfied every pattern")
    assert findings.estimates["cusp_ratio"].value is None


@pytest.mark.parametrize("preset", PROTOCOL.presets.values(), ids=list(PROTOCOL.presets))
def test_presets_can_be(preset):
    """Nothing is wrong with them, and their first trials can be planned."""
    options = PROTOCOL.Settings(**preset)
    assert options.problems() == []
    assert PROTOCOL.plan(options, [])


WRONG = [
    ({"dataset": "random"}, "its labels follow no rule"),
    ({"width": 5}, "give widths=5"),
    ({"depth": 0}, "a linear network has no width"),
    ({"patterns": 7}, "use 6 or 8"),
    ({"patterns": 1}, "at least 2 are needed"),
    ({"networks": 0}, "networks = 0: it must be at least 1"),
    ({"networks": 10**6}, "ask for at most 1000"),
    ({"records": 1}, "records = 1: it must be at least 2"),
    ({"widths": (0, 4)}, "name widths of at least 1"),
    ({"widths": (4, 1000)}, "at most highest_width"),
    ({"factors": (1.0, -2.0)}, "name positive numbers"),
    ({"loss": "cross_entropy"}, "add minimiser=adam"),
    ({"learning_rate": 0.0}, "learning_rate = 0.0: it must be a positive number"),
    ({"dataset": "file:a.csv", "folder": "b"}, "names its file itself"),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_wrong_value_is_one_sentence(values, sentence):
    """Of all that can be wrong."""
    (problem,) = PROTOCOL.Settings(**values).problems()
    assert sentence in problem


def test_a_table_of_ones_own_end_to_end(tmp_path):
    """A CSV by its path, in a worker: in another folder its cells are known again, edited they are not."""
    random = np.random.default_rng(4)
    x = random.standard_normal((200, 3))
    kinds = np.where(x[:, 0] * x[:, 1] + 0.3 * random.standard_normal(200) > 0, "in", "out")
    lines = ["a,b,c,kind", *(f"{a:.6f},{b:.6f},{c:.6f},{kind}" for (a, b, c), kind in zip(x, kinds, strict=True))]
    first, second = tmp_path / "own.csv", tmp_path / "elsewhere" / "other.csv"
    second.parent.mkdir()
    for path in (first, second):
        path.write_text("\n".join(lines))
    values = {"inputs": 3, "depth": 1, "patterns": 40, "seeds": 1, "networks": 1, "widths": (1, 12)}

    def run(path):
        return jamharness.run(
            "generalisation", backend="numpy", settings={**values, "dataset": f"file:{path}"}, store=tmp_path / "store",
            workers=1, figures=(),
        )  # fmt: skip

    assert run(first).protocols["generalisation"].cells["reused"] == 0
    moved = run(second).protocols["generalisation"].cells
    assert moved["reused"] == moved["done"] == 4
    second.write_text("\n".join(lines[:-1]))
    assert run(second).protocols["generalisation"].cells["reused"] == 0


@pytest.mark.torch
def test_frameworks_give_the_same_test(measure):
    """The same weights, the same outputs: PyTorch against NumPy."""
    from jamharness_protocols.generalisation.task import measure as test
    from jamharness_torch.backend import TorchBackend

    cell = settings().measured(0, 1, 40, 4)
    end = measure(cell.needs[0], [])
    ready = replace(cell, data=load(cell.dataset))
    one, other = (test(ready, [end], backend(), lambda _text: None) for backend in (NumpyBackend, TorchBackend))
    np.testing.assert_allclose(one.arrays["outputs"], other.arrays["outputs"], rtol=1e-10, atol=1e-10)


def test_n_eff_is_the_rank_that_symmetries_leave(measure):
    """One scale symmetry for each relu unit, and all of a unit that is never on; no more than there are patterns."""
    options = settings(effective=True, patterns=100)
    cell = options.counted(0, 100, 5)
    system = cell.system
    assert system.size == 4 * 5 + 5 + 5 + 1
    w = system.initial(3)
    (hidden, bias), (out, last) = (tuple(map(np.copy, layer)) for layer in system.split(w))
    w = np.concatenate([hidden.ravel(), bias + 0.1, out.ravel(), last])
    whole = measure_at(cell, w)
    assert whole.values["effective"] == system.size - 5
    assert whole.values["gap"] > 1e6
    bias[2] = -1e3
    dead = measure_at(cell, np.concatenate([hidden.ravel(), bias + 0.1, out.ravel(), last]))
    assert dead.values["effective"] == system.size - 4 - (4 + 1 + 1)


def measure_at(cell, w):
    ready = replace(cell, data=load(cell.dataset))
    return effective(ready, [CellResult(values={}, arrays={"w": w})], NumpyBackend(), lambda _: None)


def test_n_eff_is_counted_where_it_is_asked_for(carry_out):
    """Of each draw's first network, without another minimisation, and over N just beyond N*."""
    options = settings(effective=True, seeds=2, networks=1, factors=(1.0, 2.0))
    done = carry_out(PROTOCOL, options)
    findings = PROTOCOL.analyse(options, done)
    table = findings.tables["effective"]
    assert len(table) == 2 * findings.tables["points"]["width"].nunique()
    assert (table["effective"] <= table["parameters"] - table["width"]).all()
    assert 0.5 < findings.estimates["effective_ratio"].value < 1
    assert PROTOCOL.outlook(options, done).fewest == 0
    assert "effective_ratio" not in PROTOCOL.analyse(settings(), done).estimates
