"""Settings: everything that is wrong is said at once, one sentence each."""

from dataclasses import dataclass

import pytest

from jamharness.api import BadInput, SystemChoice, setting, unknown_name
from jamharness.settings import build_settings, describe_settings, parse_assignments, presets_of, system_options


@dataclass(frozen=True, kw_only=True)
class Settings:
    width: int | tuple[int, ...] = setting(12, help="Units of each layer.", source="arXiv 1809.09349, Methods")
    margin: float = setting(1.0, help="The margin.")
    bias: bool = setting(True, help="Whether layers have biases.")
    minimiser: str = setting("lm", help="What minimises.", choices=("lm", "adam", "fire"))
    patterns: tuple[int, ...] | None = setting(None, help="P.")

    def __post_init__(self) -> None:
        if self.margin <= 0:
            raise BadInput(f"margin = {self.margin}: it must be positive.")

    def problems(self) -> list[str]:
        return [f"width = {self.width}: it must be positive."] if self.width == 0 else []


PRESETS = {"paper": {"minimiser": "adam", "width": 30}, "odd": {"minimser": "adam"}}


def wrong(values, preset=None, presets=PRESETS, kind=Settings):
    with pytest.raises(BadInput) as raised:
        build_settings("toy", kind, values, preset, presets)
    return raised.value.problems


def test_defaults_then_preset_then_what_was_given():
    """Each layer wins over the one below."""
    assert build_settings("toy", Settings, {}) == Settings()
    assert build_settings("toy", Settings, {}, "paper", PRESETS) == Settings(minimiser="adam", width=30)
    built = build_settings("toy", Settings, {"width": "8,9", "patterns": [100]}, "paper", PRESETS)
    assert built == Settings(minimiser="adam", width=(8, 9), patterns=(100,))


def test_an_unknown_setting_gets_the_nearest_name():
    """The sentence names the setting, all that exist, and the nearest."""
    (sentence,) = wrong({"widht": 3})
    assert sentence == (
        "Unknown setting of toy 'widht' (allowed: bias, margin, minimiser, patterns, width); did you mean 'width'?"
    )


def test_all_problems_come_at_once():
    """A wrong preset, an unknown name, wrong types, a wrong choice, NaN: five sentences."""
    problems = wrong({"widht": 3, "width": "wide", "margin": "nan", "minimiser": "amad", "bias": 3}, preset="papr")
    assert [sentence.partition(" ")[0] for sentence in problems] == [
        "Unknown", "Unknown", "width", "margin", "bias", "Unknown",
    ]  # fmt: skip
    assert "did you mean 'paper'?" in problems[0]
    assert (
        problems[2] == "width = 'wide': it must be a whole number or whole numbers separated by commas, as in width=12."
    )
    assert problems[3] == "margin = 'nan': it must be a finite number, as in margin=1."
    assert problems[5] == "Unknown minimiser 'amad' (allowed: adam, fire, lm); did you mean 'adam'?"


def test_the_settings_own_objections_come_with_unknown_names():
    """A typo in a name does not hide what is wrong with a value."""
    problems = wrong({"widht": 3, "width": 0})
    assert problems[1] == "width = 0: it must be positive."


def test_the_constructor_may_object():
    """BadInput from __post_init__ is passed on."""
    assert wrong({"margin": -1}) == ("margin = -1.0: it must be positive.",)


def test_any_objection_of_the_constructor_is_a_sentence():
    """A ValueError from somebody's __post_init__ is bad input too."""

    @dataclass(frozen=True, kw_only=True)
    class Picky:
        x: int = 0

        def __post_init__(self) -> None:
            if self.x:
                raise ValueError("x must stay zero")

    assert wrong({"x": 1}, kind=Picky) == ("Settings of toy: x must stay zero.",)


def test_a_preset_without_presets_is_refused():
    """A protocol without presets says so."""
    assert wrong({}, preset="quick", presets={}) == ("Preset 'quick': toy has no presets; leave it out.",)


def test_a_wrong_preset_of_the_protocol_itself_is_found():
    """Presets pass through the same checks."""
    assert "did you mean 'minimiser'?" in wrong({}, preset="odd")[0]


def test_a_setting_without_default_must_be_given():
    """The sentence says what it means."""

    @dataclass(frozen=True, kw_only=True)
    class Needy:
        folder: str = setting(help="Where the data lie")

    assert wrong({}, kind=Needy) == ("Setting of toy 'folder' has no default; give it: Where the data lie.",)


def test_assignments_are_split_at_the_first_equals_sign():
    """Values may hold anything; a protocol's name before a dot keeps a setting to that protocol."""
    assert parse_assignments(["width=12", "a = b=c ", "jamming.width=8,9", "jamming.x="]) == {
        "width": "12",
        "a": "b=c",
        "jamming": {"width": "8,9", "x": ""},
    }


def test_wrong_assignments_are_named_all_at_once():
    """No equals sign, no key, the same key twice, a setting that is also a protocol."""
    with pytest.raises(BadInput) as raised:
        parse_assignments(["width", "=3", "a=1", "a=2", ".x=1", "a.b=1"])
    assert len(raised.value.problems) == 5
    assert raised.value.problems[0] == "--set 'width' must read KEY=VALUE, as in --set width=12."


def test_settings_are_described_with_their_sources():
    """One row each: what to type, what is allowed, what it means, where the default comes from."""
    rows = describe_settings(Settings)
    assert [row.name for row in rows] == ["width", "margin", "bias", "minimiser", "patterns"]
    assert (rows[0].default, rows[0].source) == ("12", "arXiv 1809.09349, Methods")
    assert rows[3].allowed == "lm | adam | fire"
    assert rows[4].default == "none"
    # The default that is shown can be typed.
    assert build_settings("toy", Settings, {row.name: row.default for row in rows}) == Settings()


def test_presets_are_copies():
    """Whoever changes them changes nothing of the protocol."""

    class Toy:
        presets = PRESETS

    presets_of(Toy)["paper"]["width"] = 0
    assert PRESETS["paper"]["width"] == 30
    assert presets_of(object) == {}


@dataclass(frozen=True, kw_only=True)
class Box:
    """A system with settings of its own, one of which the protocol has too."""

    particles: int = 8
    aspect: float = 1.5
    width: int = 3


@dataclass(frozen=True, kw_only=True)
class OfSystems:
    """Settings with a system."""

    system: SystemChoice = setting(SystemChoice("network"), help="What is measured.")  # noqa: RUF009
    width: int = setting(12, help="Units of each layer.")


def systems(name):
    """The class of one system."""
    if name != "box":
        raise BadInput(unknown_name("system", name, ("box", "network")))
    return Box


@pytest.mark.parametrize(
    "values",
    [
        {"system": "box", "particles": "64", "aspect": 2},
        {"system": "box(particles=64, aspect=2)"},
        {"system": " box(aspect=2) ", "particles": 64},
        {"system": SystemChoice("box", Box(particles=64, aspect=2.0))},
    ],
)
def test_a_system_takes_its_own_settings_from_beside_it_or_from_its_text(values):
    """However it is given, it is the same system, and its text reads back."""
    settings = build_settings("toy", OfSystems, values, systems=systems)
    assert settings.system == SystemChoice("box", Box(particles=64, aspect=2.0))
    assert str(settings.system) == "box(particles=64,aspect=2.0,width=3)"
    assert build_settings("toy", OfSystems, {"system": str(settings.system)}, systems=systems) == settings


def test_a_record_of_all_settings_reads_back():
    """A setting that both have stands in the system's text and beside it, each with a value of its own."""
    record = {"system": "box(particles=64,aspect=2.0,width=3)", "width": "7"}
    settings = build_settings("toy", OfSystems, record, systems=systems)
    assert (settings.width, settings.system.value.width) == (7, 3)


def test_a_setting_that_the_system_has_too_goes_to_both():
    """As the number of inputs of a network and of a committee."""
    settings = build_settings("toy", OfSystems, {"system": "box", "width": "5"}, systems=systems)
    assert (settings.width, settings.system.value.width) == (5, 5)


def test_without_a_system_nothing_changes():
    """The default is described by the other settings."""
    assert build_settings("toy", OfSystems, {"width": 4}, systems=systems) == OfSystems(width=4)
    assert build_settings("toy", OfSystems, {"system": "network"}, systems=systems) == OfSystems()
    assert system_options(OfSystems, {"system": "box"}, systems) == {"particles", "aspect", "width"}
    for other in ({}, {"system": "network"}, {"system": "bux"}, {"system": "box(("}):
        assert system_options(OfSystems, other, systems) == set()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"system": "bix"}, "'bix'"),
        ({"system": "box(particles=64)", "particles": "8"}, "particles is given beside it too; give it once"),
        ({"system": "box", "particles": "many"}, "particles = 'many': it must be a whole number"),
        ({"system": "box(particle=3)"}, "'particle'"),
        ({"system": "box("}, "system = 'box(': it must be the name of a system"),
        ({"system": "box(particles)"}, "system = 'box(particles)'"),
        ({"system": "network(width=3)"}, "give width as a setting of its own"),
        ({"particles": "3"}, "'particles'"),
    ],
)
def test_what_is_wrong_with_a_system_is_one_sentence(values, words):
    """It names the value."""
    with pytest.raises(BadInput) as caught:
        build_settings("toy", OfSystems, values, systems=systems)
    (problem,) = caught.value.problems
    assert words in problem
