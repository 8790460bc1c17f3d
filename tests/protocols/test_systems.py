"""Jamming, spectrum and margins on other systems than networks, carried out in full by the referee."""

import io

import numpy as np
import pytest
from jamharness_protocols.jamming.protocol import Jamming
from jamharness_protocols.margins.protocol import Margins
from jamharness_protocols.spectrum.protocol import Spectrum
from jamharness_systems.classifier import Classifier
from jamharness_systems.ellipses import Ellipses
from jamharness_systems.perceptron import Perceptron, critical_load
from jamharness_systems.spheres import Spheres

from jamharness.api import Network, Output, SystemChoice

RAW = {"normalise": False, "labels": "random"}
"""Data for which closed forms are known: raw Gaussian points with fair labels."""
SPHERES = SystemChoice("spheres", Spheres(particles=24))
ELLIPSES = SystemChoice("ellipses", Ellipses(particles=8, aspect=1.3))
PERCEPTRON = SystemChoice("perceptron", Perceptron(dimension=24))
FREE = SystemChoice("output", Output(system=Network(), centred=False))
PROTOCOLS = {"jamming": Jamming(), "spectrum": Spectrum(), "margins": Margins()}


@pytest.fixture(scope="module")
def finished():
    """Cells that several tests look at, computed once."""
    return {}


@pytest.fixture
def findings(carry_out, finished):
    """A function that carries out a protocol with settings and analyses it."""

    def analysed(name, **settings):
        protocol, key = PROTOCOLS[name], (name, repr(settings))
        options = protocol.Settings(**settings)
        assert options.problems() == []
        if key not in finished:
            finished[key] = carry_out(protocol, options)
        outlook = protocol.outlook(options, finished[key])
        assert (outlook.fewest, outlook.most) == (0, 0)
        result = protocol.analyse(options, finished[key])
        assert set(result.estimates) <= set(protocol.observables)
        assert result.objection == ""
        for figure in protocol.draw(result).values():
            figure.savefig(io.BytesIO(), format="pdf")
        return result

    return analysed


def test_every_packing_of_spheres_is_isostatic(findings):
    """Exactly d(N′ − 1) + 1 contacts, packing by packing, at a packing fraction near .84; and it can be drawn."""
    analysis = findings("jamming", system=SPHERES, seeds=3)
    table = analysis.tables["approaches"]
    assert table["outcome"].tolist() == ["jammed"] * 3
    assert (table["held"] == 2 * (24 - table["rattlers"] - 1) + 1).all()
    assert 0.75 < analysis.estimates["critical_load"].value < 0.9
    assert analysis.estimates["excess_contacts"].value == 0
    shapes, bonds = analysis.arrays["shapes"], analysis.arrays["bonds"]
    apart = shapes[bonds[:, 0], :2] - shapes[bonds[:, 1], :2]
    apart -= np.rint(apart)
    # What is drawn as a contact touches.
    np.testing.assert_allclose(np.hypot(*apart.T), shapes[bonds].sum(axis=1)[:, 2], rtol=1e-6)
    assert set(PROTOCOLS["jamming"].draw(analysis)) == {"approach", "packing"}


def test_rattlers_and_bucklers_are_told_by_their_contacts():
    """Four discs that all touch, and a fifth with two contacts, which rattles; those with exactly three may buckle."""
    system = Spheres(particles=5)
    first, second = system.pairs
    backbone = system.backbone(second < 4)
    assert (backbone.rattlers, backbone.isostatic, backbone.extended.any()) == (1, 7, False)
    with_fifth = system.backbone((second < 4) | (first < 2))
    assert (with_fifth.rattlers, int(with_fifth.contacts.sum())) == (1, 6)
    assert not with_fifth.present[second == 4].any()


def test_an_ellipse_that_touches_one_other_is_a_rattler():
    """Its contact goes with it, and so do rattlers that touch nobody else; what it is free to do is no quartic mode."""
    system = Ellipses(particles=12)
    first, second = system.pairs
    ring = np.array([(i, (i + 1) % 10) for i in range(10)] + [(0, 10), (10, 11)])
    contacts = np.zeros(len(first), dtype=bool)
    for i, j in np.sort(ring, axis=1):
        contacts[np.flatnonzero((first == i) & (second == j))] = True
    backbone = system.backbone(contacts)
    assert backbone.rattlers == 2
    assert backbone.degrees == 30
    assert np.count_nonzero(backbone.contacts) == 10
    assert not backbone.present[np.flatnonzero((first == 0) & (second == 10))].any()


def test_ellipses_lack_as_many_contacts_as_they_have_quartic_modes(findings):
    """arXiv 0812.1234, packing by packing."""
    table = findings("jamming", system=ELLIPSES, seed=1, seeds=1).tables["approaches"]
    missing = table["isostatic"] - table["held"]
    assert (missing > 0).all()
    assert (table["quartic"].fillna(0) == missing.clip(lower=0)).all()


def test_the_perceptron_jams_at_its_capacity_along_p_and_along_the_margin(findings):
    """Both scans find Gardner's line within what N = 24 allows, and at κ < 0 every sample has N contacts."""
    along_patterns = findings(
        "jamming", system=PERCEPTRON, margin=0.25, seeds=6, resolution=0.1, start_ratio=1.5, **RAW
    )
    truth, contacts = critical_load(0.25)
    assert abs(along_patterns.estimates["critical_load"].value - truth) < 0.35
    along_margin = findings("jamming", system=PERCEPTRON, scan="margin", seeds=6, start_ratio=truth, **RAW)
    assert abs(along_margin.estimates["critical_margin"].value - 0.25) < 0.2
    assert abs(along_margin.estimates["contacts"].value - contacts) < 0.15
    assert "critical_load" not in along_margin.estimates
    negative = findings("jamming", system=PERCEPTRON, scan="margin", seeds=3, start_ratio=4.5, start_margin=-0.2, **RAW)
    assert negative.tables["approaches"]["held"].tolist() == [24] * 3


def test_the_margin_at_jamming_is_zero_at_the_capacity(findings):
    """Cover's P/N = 2, from loads on both sides of it; the table has κ_J of each, falling."""
    analysis = findings(
        "jamming", system=PERCEPTRON, scan="margin", seeds=8, start_margin=0.3, loads=(1.5, 2.0, 2.5), **RAW
    )
    zero, table = analysis.estimates["zero_margin_load"], analysis.tables["loads"]
    assert zero.low < 2 < zero.high < zero.low + 1
    assert table["jammed"].tolist() == [8] * 3
    assert (np.diff(table["critical_margin"]) < 0).all()
    assert set(analysis.estimates) == {"zero_margin_load", "jammed"}
    assert analysis.answer == "loads"


@pytest.mark.parametrize(
    ("system", "more"), [(SPHERES, {}), (PERCEPTRON, {"start_ratio": 4.5, "start_margin": -0.2, **RAW})], ids=str
)
def test_spectra_at_jamming_and_beyond(findings, system, more):
    """No minimum has a direction in which L falls; Hp scales as √L; at jamming H0 has rank N_Δ − 1."""
    analysis = findings("spectrum", system=system, seeds=2, compressions=(0.0, 0.001, 0.01), **more)
    cells = analysis.tables["cells"]
    assert len(cells) == 6
    assert (cells["negative_H"] == 0).all()
    assert abs(analysis.estimates["hp_exponent"].value - 0.5) < 0.03
    at_jamming = cells[cells["relative"] == 0]
    # One state of self-stress, whatever the system.
    assert (at_jamming["positive_H0"] == at_jamming["unsatisfied"] - 1).all()
    assert (at_jamming["loss"] < 1e-14).all()
    losses = [cells[cells["relative"] == value]["loss"].max() for value in (0.0, 0.001, 0.01)]
    assert losses == sorted(losses)


def test_forces_and_gaps_of_packings(findings):
    """θ of forces without bucklers, γ of gaps between particles that are held."""
    analysis = findings("margins", system=SPHERES, seeds=3)
    assert analysis.estimates["jammed"].value == 3
    forces, gaps = analysis.arrays["forces values"], analysis.arrays["gaps values"]
    assert (forces > 0).all()
    assert (gaps < 0).all()
    assert (gaps >= -1).all()
    assert analysis.estimates["gamma"].value is not None


def test_the_protocols_share_one_approach(carry_out):
    """Whichever asks, it is the same cell."""
    settings = [protocol.Settings(system=SPHERES, seeds=1) for protocol in PROTOCOLS.values()]
    first = [protocol.plan(each, [])[0] for protocol, each in zip(PROTOCOLS.values(), settings, strict=True)]
    assert first[0] == first[1] == first[2]
    assert first[0].task == "approach"


@pytest.mark.parametrize(
    ("protocol", "settings", "words"),
    [
        ("jamming", {"scan": "margin"}, "scan = margin: κ is no load"),
        ("jamming", {"scan": "width", "system": SPHERES}, "scan = width: spheres has no width"),
        (
            "jamming",
            {"system": SPHERES, "start_margin": 200.0},
            "start_margin = 200.0: κ must lie between −100 and 100",
        ),
        ("jamming", {"system": SPHERES, "jammed": 1.0}, "jammed = 1.0: an approach ends at L between"),
        ("jamming", {"margin": -1.0}, "margin = -1.0"),
        (
            "jamming",
            {"system": SPHERES, "margin": 3.0},
            "margin = 3.0: spheres goes to jamming from",
        ),
        ("jamming", {"system": FREE, "scan": "margin"}, "scan = margin: the scale of output is free"),
        ("jamming", {"system": SystemChoice("classifier", Classifier())}, "system = classifier: its labels are no ±1"),
        ("margins", {"system": FREE}, "system = output: its scale is free"),
        ("spectrum", {"system": SPHERES, "compressions": ()}, "compressions = : give at least one"),
        ("spectrum", {"system": SPHERES, "compressions": (2.0,)}, "compressions = 2: κ − κ_J must lie between"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(protocol, settings, words):
    """With the value and what is allowed."""
    (problem,) = PROTOCOLS[protocol].Settings(**settings).problems()
    assert problem.startswith(words)


def test_a_negative_margin_is_a_load_of_the_perceptron():
    """And the settings of a network that is not measured do not matter."""
    settings = Jamming.Settings(system=PERCEPTRON, margin=-0.5, activation="nonsense", width=-1)
    assert settings.problems() == []


SMALL = {"constraint": "sphere", "width": 5, "start_ratio": 1.5, "seed": 1}


@pytest.mark.parametrize("activation", ["softplus(8)", "relu"])
def test_networks_at_fixed_norm_come_to_jamming(findings, activation):
    """κ_J from above and from the satisfied side is one; contacts are counted per N and N_w; kinks of relu alone."""
    analysis = findings("jamming", activation=activation, both_sides=True, seeds=3, **SMALL)
    table = analysis.tables["approaches"]
    assert table["outcome"].tolist() == ["jammed"] * 3
    assert analysis.estimates["sides_apart"].value < 1e-6
    assert (table["critical_margin"] - table["largest_margin"]).abs().max() == analysis.estimates["sides_apart"].value
    assert (table["contacts"] <= table["parameters"]).all()
    per_weight = (table["contacts"] / table["weights"]).mean()
    assert analysis.estimates["contacts_weights"].value == pytest.approx(per_weight)
    assert (table["kinks"] > 0).all() if activation == "relu" else (table["kinks"] == 0).all()
    assert (table["loss"] < 1e-14).all()
    assert "critical_load" not in analysis.estimates
    exponents = findings("margins", activation=activation, both_sides=True, seeds=3, **SMALL)
    assert exponents.estimates["jammed"].value == 3
    assert (exponents.arrays["forces values"] > 0).all()


def test_spectra_of_a_network_at_fixed_norm(findings):
    """No direction in which L falls, and Hp ~ √L down to jamming."""
    analysis = findings("spectrum", activation="softplus(8)", seeds=2, compressions=(0.0, 0.001, 0.01), **SMALL)
    assert (analysis.tables["cells"]["negative_H"] == 0).all()
    assert abs(analysis.estimates["hp_exponent"].value - 0.5) < 0.05


@pytest.mark.parametrize(
    ("protocol", "settings", "words"),
    [
        ("jamming", {"constraint": "sphere", "minimiser": "adam"}, "minimiser = adam"),
        ("margins", {"constraint": "layers", "budget": 10}, "budget = 10"),
        ("jamming", {"constraint": "sphere", "system": SPHERES}, "constraint = sphere"),
        ("jamming", {"constraint": "sphere", "scan": "width"}, "a network at fixed |w| has no width"),
        ("jamming", {"scan": "margin"}, "constraint=sphere"),
        ("jamming", {"constraint": "sphere", "margin": 1e9}, "margin = "),
    ],
)
def test_what_a_constraint_does_not_go_with(protocol, settings, words):
    """One sentence each."""
    problems = PROTOCOLS[protocol].Settings(**settings).problems()
    assert len(problems) == 1
    assert words in problems[0]


def test_a_constraint_makes_margins_of_either_sign_possible():
    """κ is a load there."""
    assert PROTOCOLS["jamming"].Settings(constraint="sphere", margin=-0.1).problems() == []
    assert PROTOCOLS["jamming"].Settings(margin=-0.1).problems() != []
