"""Activations as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.api import ACTIVATIONS, Activation, BadInput


@pytest.mark.parametrize(
    ("text", "name", "beta", "canonical"),
    [
        ("relu", "relu", 1.0, "relu"),
        (" Tanh ", "tanh", 1.0, "tanh"),
        ("linear", "linear", 1.0, "linear"),
        ("gelu", "gelu", 1.0, "gelu"),
        ("gelu(1)", "gelu", 1.0, "gelu"),
        ("gelu( 4 )", "gelu", 4.0, "gelu(4)"),
        ("softplus(0.5)", "softplus", 0.5, "softplus(0.5)"),
        ("softplus(1e3)", "softplus", 1000.0, "softplus(1000)"),
    ],
)
def test_valid_texts(text, name, beta, canonical):
    """Name, sharpness, and the one way to write them."""
    activation = Activation.parse(text)
    assert (activation.name, activation.beta, str(activation)) == (name, beta, canonical)


@given(name=st.sampled_from(["gelu", "softplus"]), beta=st.floats(1e-6, 1e6).map(lambda b: float(f"{b:g}")))
def test_a_text_comes_back_as_it_was(name, beta):
    """Parsing what is printed gives the same activation, for sharpnesses of six digits."""
    activation = Activation(name=name, beta=beta)
    assert Activation.parse(str(activation)) == activation


@given(name=st.sampled_from(["gelu", "softplus"]), beta=st.floats(1e-6, 1e6))
def test_no_digit_of_a_sharpness_is_lost(name, beta):
    """The text of an activation identifies it: a network keeps its activation as text, and a store key holds it."""
    activation = Activation(name=name, beta=beta)
    assert Activation.parse(str(activation)) == activation


@pytest.mark.parametrize("text", ["gelu(0)", "gelu(-1)", "gelu(nan)", "gelu(inf)", "softplus(x)", "gelu(1,2)"])
def test_a_sharpness_must_be_a_positive_number(text):
    """One sentence with the text and an example."""
    with pytest.raises(BadInput, match="the sharpness must be a positive number, as in"):
        Activation.parse(text)


@pytest.mark.parametrize("text", ["relu(2)", "tanh(1)", "linear(3)"])
def test_a_sharpness_where_there_is_none_is_refused(text):
    """One sentence that says how to write it."""
    with pytest.raises(BadInput, match="takes no sharpness; write"):
        Activation.parse(text)


@pytest.mark.parametrize(
    ("text", "near"), [("rellu", "relu"), ("tan", "tanh"), ("gellu", "gelu"), ("sofplus", "softplus")]
)
def test_an_unknown_name_suggests_the_nearest(text, near):
    """One sentence with the value, all names, and the nearest."""
    with pytest.raises(BadInput, match=rf"Unknown activation '{text}'.*relu.*did you mean '{near}"):
        Activation.parse(text)


@pytest.mark.parametrize("text", ["", "gelu(", "gelu()", "1", "relu tanh", "gelu(2)(3)"])
def test_rubbish_is_refused(text):
    """Never a traceback of another kind."""
    with pytest.raises(BadInput):
        Activation.parse(text)


def test_only_relu_is_not_smooth():
    """It alone has a kink."""
    assert [name for name in ACTIVATIONS if not Activation(name=name).smooth] == ["relu"]
