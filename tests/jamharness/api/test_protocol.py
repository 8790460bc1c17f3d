"""Published values stand beside what they were published for."""

from jamharness_protocols.jamming.protocol import Jamming
from jamharness_protocols.margins.protocol import Margins
from jamharness_protocols.spectrum.protocol import Spectrum

from jamharness.api import Observable, applicable

HERE = {
    "dataset": "random", "activation": "relu", "normalise": True, "depth": 3, "width": 51, "minimiser": "adam"
}  # fmt: skip


def test_a_published_value_holds_under_its_conditions_alone():
    """Every condition on a setting that there is must be met; without a published value there is nothing to show."""
    observable = Observable(
        unit="", meaning="m", source="s", comparison="distribution", published="3", published_for={"depth": range(1, 9)}
    )
    assert applicable(observable, {"depth": 3})
    assert applicable(observable, {})
    assert not applicable(observable, {"depth": 0})
    assert not applicable(Observable(unit="", meaning="m", source="s", comparison="exact"), {})


def test_the_papers_threshold_is_that_of_random_data_and_relu():
    """≈ 3 stands beside no MNIST, tanh, linear function, other minimiser or small network; 3/4 beside MNIST alone."""
    threshold = Jamming.observables["critical_ratio"]
    assert applicable(threshold, HERE)
    for change in (
        {"dataset": "mnist"},
        {"activation": "tanh"},
        {"depth": 0},
        {"normalise": False},
        {"minimiser": "lm"},
        {"width": 10},
    ):
        assert not applicable(threshold, HERE | change)
    assert not applicable(Jamming.observables["scaling_exponent"], HERE)
    assert applicable(Jamming.observables["scaling_exponent"], HERE | {"dataset": "mnist"})
    assert not applicable(Margins.observables["theta"], HERE | {"dataset": "digits"})
    assert not applicable(Spectrum.observables["c0"], HERE | {"activation": "tanh"})
