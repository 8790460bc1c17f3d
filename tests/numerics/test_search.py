"""The search along one axis, against oracles with a hidden threshold."""

from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.search import Axis, bracket, next_value, trials_left


@st.composite
def axes(draw):
    """Any axis whose ends are multiples of its step, with a resolution of at least one step."""
    step = draw(st.integers(1, 3))
    lowest = step * draw(st.integers(1, 5))
    highest = lowest + step * draw(st.integers(0, 300))
    return Axis(
        start=draw(st.integers(1, 2 * highest)),
        lowest=lowest,
        highest=highest,
        step=step,
        resolution=step * draw(st.integers(1, 20)),
        growth=draw(st.floats(1.01, 4)),
        harder_up=draw(st.booleans()),
    )


def satisfiable(axis, threshold, value):
    """Whether a value lies on the easy side of the threshold (the hardest value that can be satisfied)."""
    return value <= threshold if axis.harder_up else value >= threshold


def run(axis, threshold, undecided=frozenset()):
    """Try what the search proposes until it ends; every proposal is new, on the axis and a multiple of the step."""
    tried = {}
    while (value := next_value(axis, tried)) is not None:
        assert value not in tried
        assert axis.lowest <= value <= axis.highest
        assert value % axis.step == 0
        outcome = "satisfied" if satisfiable(axis, threshold, value) else "minimum"
        tried[value] = "undecided" if value in undecided else outcome
        assert len(tried) <= 400
    return tried


def contains(axis, interval, threshold):
    """Every known end lies on its side of the threshold."""
    easy = interval.satisfied is None or satisfiable(axis, threshold, interval.satisfied)
    return easy and (interval.unsatisfied is None or not satisfiable(axis, threshold, interval.unsatisfied))


@given(axis=axes(), place=st.floats(-0.1, 1.1))
def test_the_search_ends_with_a_narrow_bracket_around_the_threshold(axis, place):
    """Both ends are found and lie within the resolution, unless the threshold lies beyond an end of the axis."""
    threshold = axis.lowest + place * (axis.highest - axis.lowest)
    tried = run(axis, threshold)
    interval = bracket(axis, tried)
    assert contains(axis, interval, threshold)
    assert interval.undecided == ()
    easiest, hardest = (axis.lowest, axis.highest) if axis.harder_up else (axis.highest, axis.lowest)
    if interval.satisfied is None:
        assert tried[easiest] == "minimum"
    elif interval.unsatisfied is None:
        assert tried[hardest] == "satisfied"
    else:
        assert abs(interval.unsatisfied - interval.satisfied) <= axis.resolution


@given(axis=axes(), place=st.floats(0, 1), data=st.data())
def test_undecided_values_are_never_ends(axis, place, data):
    """With any undecided values the bracket contains the threshold, its ends are decided, and it is closed in on."""
    threshold = axis.lowest + place * (axis.highest - axis.lowest)
    values = st.integers(axis.lowest // axis.step, axis.highest // axis.step)
    undecided = {axis.step * v for v in data.draw(st.sets(values, max_size=60))}
    tried = run(axis, threshold, undecided)
    interval = bracket(axis, tried)
    assert contains(axis, interval, threshold)
    assert not {interval.satisfied, interval.unsatisfied} & undecided
    assert set(interval.undecided) <= undecided
    if interval.satisfied is not None and interval.unsatisfied is not None:
        low, high = sorted((interval.satisfied, interval.unsatisfied))
        assert set(interval.undecided) == {v for v in tried if low < v < high}
        known = sorted({low, high, *interval.undecided})
        assert known[1] - known[0] <= axis.resolution
        assert known[-1] - known[-2] <= axis.resolution


@given(axis=axes(), place=st.floats(0, 1), data=st.data())
def test_a_failed_trial_counts_as_undecided(axis, place, data):
    """Whatever word but satisfied and minimum: the value is not an end and is not tried again."""
    threshold = axis.lowest + place * (axis.highest - axis.lowest)
    tried = run(axis, threshold)
    renamed = {v: data.draw(st.sampled_from(["failed", "undecided", o])) for v, o in tried.items()}
    interval = bracket(axis, renamed)
    ends = {interval.satisfied: "satisfied", interval.unsatisfied: "minimum"}
    assert all(renamed[v] == outcome for v, outcome in ends.items() if v is not None)
    assert next_value(axis, renamed) not in renamed


def test_the_bracket_ignores_minima_on_the_easy_side():
    """A minimiser may fail below the threshold: the hardest satisfied value counts, and the first minimum beyond it."""
    axis = Axis(start=10, lowest=2, highest=100, step=2, resolution=2, growth=1.5, harder_up=True)
    interval = bracket(
        axis, {10: "satisfied", 12: "minimum", 14: "satisfied", 16: "undecided", 20: "minimum", 30: "minimum"}
    )
    assert (interval.satisfied, interval.unsatisfied, interval.undecided) == (14, 20, (16,))


@given(axis=axes(), fraction=st.floats(0, 1))
def test_the_trials_that_a_bracketed_search_needs_are_foreseen(axis, fraction):
    """From the first bracket on the number lies within what was said; before, there is no telling without others."""
    threshold = axis.lowest + fraction * (axis.highest - axis.lowest)
    outcomes = run(axis, threshold)
    order, tried = list(outcomes), {}
    for number, value in enumerate(order):
        tried[value] = outcomes[value]
        fewest, most = trials_left(axis, tried, ())
        left = len(order) - number - 1
        interval = bracket(axis, tried)
        if left and (interval.satisfied is None or interval.unsatisfied is None):
            assert (fewest, most) == (1, None)
        else:
            assert fewest <= left <= most


def test_without_a_bracket_a_search_is_taken_to_need_what_others_did():
    """The fewest and the most of them, less what it has tried, and never nothing."""
    axis = Axis(start=100, lowest=2, highest=1000, step=1, resolution=5, growth=1.25, harder_up=True)
    tried = {100: "satisfied", 125: "satisfied"}
    assert trials_left(axis, tried, (5, 9, 7)) == (3, 7)
    assert trials_left(axis, tried, (2, 2)) == (1, 1)


@settings(deadline=None)
@given(axis=axes(), place=st.floats(0, 1))
def test_beyond_the_hardest_satisfied_value_three_undecided_ones_are_enough(axis, place):
    """The most expensive runs are those that nothing decides; a harder value would not be decided either."""
    threshold = axis.lowest + place * (axis.highest - axis.lowest)
    tried = {}
    while (value := next_value(axis, tried)) is not None:
        tried[value] = "satisfied" if satisfiable(axis, threshold, value) else "undecided"
    assert bracket(axis, tried).unsatisfied is None
    if satisfiable(axis, threshold, axis.rounded(axis.start)):
        assert list(tried.values()).count("undecided") <= 3


def test_a_run_that_diverges_ends_a_bracket_as_a_minimum_does():
    """Both leave patterns unsatisfied for good."""
    axis = Axis(start=10, lowest=2, highest=100, step=2, resolution=2, growth=1.5, harder_up=True)
    interval = bracket(axis, {10: "satisfied", 12: "undecided", 14: "diverging", 20: "minimum"})
    assert (interval.satisfied, interval.unsatisfied, interval.undecided) == (10, 14, (12,))
