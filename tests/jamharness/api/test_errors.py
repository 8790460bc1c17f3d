"""Sentences for people."""

import pickle

from jamharness.api import BadInput, JamharnessError, unknown_name


def test_an_unknown_name_lists_what_is_allowed_and_the_nearest():
    """Value, allowed names in order, suggestion."""
    sentence = unknown_name("backend", "tourch", ["torch", "numpy"])
    assert sentence == "Unknown backend 'tourch' (allowed: numpy, torch); did you mean 'torch'?"


def test_the_case_of_letters_does_not_matter_to_a_suggestion():
    """TORCH is near torch."""
    assert "did you mean 'torch'" in unknown_name("backend", "TORCH", ["torch", "numpy"])


def test_nothing_near_is_not_suggested():
    """A guess that helps nobody is not made."""
    assert unknown_name("backend", "qqq", ["torch"]) == "Unknown backend 'qqq' (allowed: torch)."


def test_no_names_at_all():
    """Where nothing is installed the sentence says so."""
    assert unknown_name("protocol", "x", []) == "Unknown protocol 'x' (allowed: none is installed)."


def test_bad_input_keeps_its_sentences_across_processes():
    """It can be pickled, as a worker's answer is; its text has one line for each sentence."""
    error = pickle.loads(pickle.dumps(BadInput("One.", "Two.")))
    assert error.problems == ("One.", "Two.")
    assert str(error) == "One.\nTwo."
    assert isinstance(error, JamharnessError)
