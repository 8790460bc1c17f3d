"""Networks on images in the ageing protocol: their data and losses chosen for them, their flat directions counted."""

from dataclasses import replace

import numpy as np
import pytest
from jamharness_protocols.ageing.flatness import Counter, flatness
from jamharness_protocols.ageing.protocol import Ageing
from jamharness_systems.classifier import Classifier
from jamharness_systems.layered import LayeredNetwork, SmallNet, Toy

from jamharness.api import CrossEntropy, MeanSquare, QuadraticHinge, SquaredDistance, SystemChoice

PROTOCOL = Ageing()
NETWORK = LayeredNetwork(side=8, layers="pool4 dense4 relu dense")
ASKED = Ageing.Settings(
    system=SystemChoice("layered", NETWORK), dataset="digits", patterns=60, seeds=3, budget=400, learning_rate=0.05,
    batch=20, waits=3, flat_steps=25, flat_patterns=40,
)  # fmt: skip


def silent(_text):
    pass


class Diagonal:
    """A Hessian with the eigenvalues given."""

    class backend:
        dtype = "float64"

    def __init__(self, *eigenvalues):
        self.eigenvalues = np.array(eigenvalues)

    def hessian_vector(self, _w, v):
        return self.eigenvalues[:, None] * v


def at(*problems, steps, part, probes=1):
    """Flatness along a run whose Hessians are given."""
    packed = [
        Counter(problem=each, steps=steps, probes=probes)(np.zeros(len(each.eigenvalues)), silent) for each in problems
    ]
    return flatness(np.array(packed), len(problems[0].eigenvalues), part)


def test_flat_directions_are_those_of_a_known_spectrum():
    """Random signs weigh all eigenvectors of a diagonal matrix equally: counts are exact in an exhausted space.

    The threshold is that of the largest curvature along the run, so that 0.05 is flat at both times.
    """
    one = Diagonal(*[-1.0] * 3, *[0.0] * 50, *[0.05] * 7, *[2.0] * 40)
    other = Diagonal(*[0.0] * 20, *[0.05] * 30, *[1.0] * 50)
    counts = at(one, other, steps=10, part=0.04, probes=2)
    np.testing.assert_allclose(counts.flat, [0.57, 0.5], atol=1e-12)
    np.testing.assert_allclose(counts.negative, [0.03, 0.0], atol=1e-12)
    np.testing.assert_allclose(counts.largest, [2.0, 1.0])
    assert counts.doubt.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(at(one, other, steps=10, part=0.01).flat, [0.5, 0.2], atol=1e-12)


def test_the_doubt_holds_where_steps_are_few():
    """A dense spectrum in 8 steps: the part below a threshold is off by less than it, and by more than nothing."""
    problem = Diagonal(*np.linspace(-1.0, 3.0, 400))
    counts, more = (at(problem, steps=steps, part=0.2 / 3.0) for steps in (8, 40))
    assert 0 < abs(counts.negative[0] - 0.2) <= counts.doubt[0] < 0.6
    assert abs(counts.flat[0] - 0.1) <= counts.doubt[0]
    assert more.doubt[0] < counts.doubt[0] / 3


def test_what_is_in_doubt_has_no_value(carry_out):
    """Two steps resolve nothing; the table says by how much."""
    few = replace(ASKED, flat_steps=2, flat_threshold=1e-4)
    findings = PROTOCOL.analyse(few, carry_out(PROTOCOL, few))
    assert findings.estimates["flat_directions"].value is None
    assert "more of them" in findings.estimates["flat_directions"].note
    assert (findings.tables["flat"]["doubt"] > 0.1).all()


def test_a_run_from_end_to_end(carry_out):
    """Ten classes of digits; flat directions in the table, at every waiting time."""
    assert ASKED.problems() == []
    done = carry_out(PROTOCOL, ASKED)
    findings = PROTOCOL.analyse(ASKED, done)
    assert findings.estimates["loss"].value < np.log(10)
    flat = findings.tables["flat"]
    assert flat["waiting"].tolist() == [10.0, 20.0, 40.0]
    assert ((flat["flat"] >= 0) & (flat["flat"] + flat["negative"] <= 1)).all()
    assert findings.estimates["flat_directions"].value == pytest.approx(flat["flat"].iloc[-1])
    assert findings.estimates["flat_rise"].value == pytest.approx(flat["flat"].iloc[-1] - flat["flat"].iloc[0])


def test_patterns_of_the_hessian():
    """The first ones, all where there are fewer; none where it is not asked for."""
    assert ASKED.flat() == {"steps": 25, "probes": 1, "patterns": 40}
    assert replace(ASKED, flat_patterns=1000).flat()["patterns"] == 60
    assert replace(ASKED, flat_steps=0).flat() == {"steps": 0}


def test_its_data_are_chosen_for_it():
    """Images of all classes for layers; all classes on principal components for a classifier; else what was asked."""
    request = PROTOCOL.plan(ASKED, [])[0].dataset
    assert (request.inputs, request.classes, request.projection, request.patterns) == (64, "all", "none", 60)
    other = replace(ASKED, system=SystemChoice("classifier", Classifier(inputs=5)))
    request = PROTOCOL.plan(other, [])[0].dataset
    assert (request.inputs, request.classes, request.projection) == (5, "all", "whitened")
    two = replace(ASKED, system=SystemChoice("small_net", SmallNet(class_count=2)), classes="0,1/7")
    assert PROTOCOL.plan(two, [])[0].dataset.classes == "0,1/7"
    assert (replace(two, dataset="random", classes="parity").problems(), two.problems()) == ([], [])


@pytest.mark.parametrize(
    ("system", "loss", "expected", "squares"),
    [
        (NETWORK, "auto", CrossEntropy(), False),
        (NETWORK, "mean_square", SquaredDistance(), True),
        (NETWORK, "hinge", QuadraticHinge(margin=1.0), False),
        (Toy(side=8), "auto", SquaredDistance(), True),
        (Toy(side=8), "cross_entropy", CrossEntropy(), False),
        (Classifier(), "mean_square", SquaredDistance(), True),
    ],
)
def test_gaps_belong_to_their_loss(system, loss, expected, squares):
    """Of systems with an output for each class; a network with one output keeps its own mean square."""
    settings = replace(ASKED, system=SystemChoice("layered", system), loss=loss)
    assert (settings.chosen_loss(), settings.measured().squares) == (expected, squares)
    one = Ageing.Settings(loss=loss)
    assert (one.chosen_loss() == MeanSquare(margin=1.0)) == (loss == "mean_square")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": "random"}, "dataset = random: it has two classes and layered 10"),
        ({"classes": "7/rest"}, "classes = 7/rest: layered takes all of them"),
        ({"patterns": 1}, "patterns = 1"),
        ({"patterns": 10**10}, "patterns = 10000000000"),
        ({"flat_steps": -1}, "flat_steps = -1"),
        ({"flat_probes": 0}, "flat_probes = 0"),
        ({"flat_threshold": 0.0}, "flat_threshold = 0.0"),
        ({"system": SystemChoice("fully_connected"), "classes": "all"}, "classes = all: it is for systems"),
    ],
)
def test_wrong_settings_are_sentences(change, words):
    """Each names the value."""
    problems = replace(ASKED, **change).problems()
    assert any(text.startswith(words) for text in problems), problems


def test_other_protocols_refuse_all_classes():
    """Their labels are ±1."""
    from jamharness_protocols.jamming.protocol import Jamming

    problems = Jamming.Settings(classes="all").problems()
    assert any(text.startswith("classes = all") for text in problems)
    problems = Jamming.Settings(system=SystemChoice("layered", NETWORK)).problems()
    assert any("its labels are no ±1" in text for text in problems)
