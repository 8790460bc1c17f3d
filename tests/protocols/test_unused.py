"""A setting has an effect, or the protocol says that it has none: nothing that somebody gives is ignored in silence."""

from dataclasses import asdict, fields
from functools import partial

import pytest

from jamharness.api import BadInput
from jamharness.plugins import Plugins, load_object, system_class
from jamharness.running.experiments import Problems, make_experiments
from jamharness.settings import build_settings
from jamharness.values import as_text

OTHER = {
    "width": "5", "depth": "3", "inputs": "7", "activation": "tanh", "bias": "false", "dataset": "mnist5k",
    "normalise": "no", "labels": "random", "projection": "plain", "fit": "pooled", "test_fraction": "0.3",
    "folder": "there", "classes": "0/1", "label_column": "kind", "margin": "0.5", "seeds": "3", "seed": "1",
    "minimiser": "adam", "initial": "uniform", "budget": "777", "constraint": "layers", "start_ratio": "2.5",
    "highest_ratio": "9", "resolution": "0.3", "growth": "1.4", "start_margin": "0.3", "both_sides": "yes",
    "jammed": "1e-12", "scan": "width", "patterns": "60", "loads": "1.5,2.5", "highest_width": "40",
    "threshold": "2.5", "relative": "0.8,1.1", "smallest_gap": "1e-2", "compressions": "0.02", "method": "lanczos",
    "probes": "2", "steps": "20", "learning_rate": "0.002", "records": "30", "load": "1.5", "widths": "5,7",
    "factors": "1,2", "networks": "2", "loss": "hinge", "effective": "yes", "beside": "no", "momentum": "0.3",
    "batch": "7", "temperature": "0.2", "dt": "0.02", "waits": "5", "first_wait": "12", "per_decade": "4",
    "kept": "900", "noise_batches": "5", "flat_steps": "8", "flat_threshold": "0.1", "flat_probes": "2",
    "flat_patterns": "50", "sizes": "16,32", "energy_times": "3", "scales": "0.1,10", "jamming_scales": "0.3",
    "parametrisation": "mean_field", "units": "code", "sharpness": "30", "stop_margin": "0.1", "tolerance": "0.01",
    "tests": "50", "kernel_tests": "20", "system": "committee",
    "stopped": "yes", "limit_widths": "16", "side_by_side": "yes",
}  # fmt: skip
"""Of each setting another value than its default."""
SECOND = {"minimiser": ("sgd",), "loss": ("cross_entropy",), "bias": ("true",), "projection": ("whitened",)}
"""Of those that are some protocol's default, another one."""
INERT = {"width", "activation", "learning_rate"}
"""Settings that may stand in a cell where nothing looks at them: a network without hidden layers has a width too."""
LATER = {
    "jamming": {"resolution", "growth", "highest_width"},
    "spectrum": {"resolution", "growth", "relative", "compressions", "method", "probes", "steps"},
    "margins": {"resolution", "growth", "relative", "smallest_gap"},
    "avalanches": set(),
    "ageing": {"flat_threshold"},
    "generalisation": {"factors", "effective", "networks", "highest_width"},
    "scaling": {"highest_width"},
    "regimes": {"resolution", "highest_width", "units"},
}
"""Settings that act after the first plan: where a search goes on, what follows it, and how numbers are stated."""
BASES = [
    ("jamming", {}),
    ("jamming", {"scan": "width"}),
    ("jamming", {"dataset": "digits", "patterns": "1000"}),
    ("jamming", {"constraint": "sphere"}),
    ("jamming", {"loads": "2,3"}),
    ("jamming", {"depth": "0", "inputs": "9"}),
    ("jamming", {"system": "spheres(particles=12)"}),
    ("jamming", {"system": "perceptron(dimension=12)", "scan": "margin"}),
    ("jamming", {"system": "perceptron(dimension=12)"}),
    ("spectrum", {}),
    ("spectrum", {"constraint": "none"}),
    ("spectrum", {"constraint": "none", "threshold": "3"}),
    ("spectrum", {"system": "spheres(particles=12)"}),
    ("margins", {}),
    ("margins", {"constraint": "none"}),
    ("avalanches", {}),
    ("avalanches", {"minimiser": "flow"}),
    ("ageing", {}),
    ("ageing", {"flat_steps": "9"}),
    ("ageing", {"minimiser": "langevin"}),
    ("ageing", {"system": "p_spin"}),
    ("ageing", {"system": "toy", "dataset": "mnist5k", "patterns": "40"}),
    ("generalisation", {}),
    ("generalisation", {"stopped": "yes"}),
    ("generalisation", {"minimiser": "adam"}),
    ("generalisation", {"minimiser": "adam", "loss": "cross_entropy"}),
    ("generalisation", {"widths": "4,8"}),
    ("scaling", {}),
    ("scaling", {"labels": "random"}),
    ("regimes", {}),
    ("regimes", {"method": "chebyshev"}),
    ("regimes", {"loss": "hinge"}),
    ("regimes", {"loss": "cross_entropy"}),
]


def described(cell, unused):
    """What the cell's numbers depend on: of its data, which are asked for with everything, what the data set uses."""
    data = (
        {} if cell.dataset is None else {key: value for key, value in asdict(cell.dataset).items() if key not in unused}
    )
    needs = [described(need, unused) for need in cell.needs]
    at = {key: value for key, value in cell.coordinates.items() if key not in INERT & {*unused}}
    return repr((cell.task, cell.system, cell.loss, at, data, needs))


@pytest.fixture(scope="module")
def plugins():
    """What is installed."""
    return Plugins.load()


@pytest.mark.parametrize(
    ("name", "base"), BASES, ids=lambda value: value if isinstance(value, str) else str([*value.values()])
)
def test_a_setting_changes_the_plan_or_is_called_unused(name, base, plugins):
    """What is called unused changes nothing; what changes nothing is called unused, or acts later."""
    protocol = load_object(plugins.protocol(name).factory)()
    systems = partial(system_class, plugins)

    def planned(values):
        settings = build_settings(name, protocol.Settings, values, systems=systems)
        return settings, [described(cell, settings.unused()) for cell in protocol.plan(settings, [])]

    settings, expected = planned(base)
    unused, silent = settings.unused(), []
    for field in fields(protocol.Settings):
        if field.name in base:
            continue
        default = as_text(field.default)
        other = next(each for each in (OTHER[field.name], *SECOND.get(field.name, ())) if each != default)
        if "depth" in base and field.name in INERT:
            continue
        try:
            _, plan = planned({**base, field.name: other})
        except BadInput:
            continue  # refused for another reason, aloud
        if field.name in unused:
            assert plan == expected, field.name
        elif plan == expected and field.name not in LATER[name]:
            silent.append(field.name)
    assert silent == []
    assert {*unused} <= {field.name for field in fields(protocol.Settings)}


def told(plugins, protocols, **values):
    problems = Problems()
    make_experiments(plugins, protocols, values, None, None, problems)
    return problems


def test_who_gives_what_has_no_effect_is_told(plugins):
    """In one sentence each, with what was given and why; a value that happens to be the default too."""
    assert told(plugins, "jamming", system="spheres", width="8", dataset="random") == [
        "width = 8: spheres has none; its own settings are listed by 'jamharness systems spheres'; leave it out.",
        "dataset = random: spheres has no patterns; leave it out.",
    ]
    assert told(plugins, "jamming", constraint="sphere", scan="patterns") == [
        "scan = patterns: jamming of a fixed |w| is approached in κ (scan=margin); leave it out."
    ]


def test_all_that_is_wrong_is_told_at_once(plugins):
    """What cannot be, and what has no effect."""
    problems = told(plugins, "regimes", dataset="random", sharpness="3", loss="hinge")
    assert [sentence.partition(" =")[0] for sentence in problems] == ["dataset", "sharpness"]


def test_what_one_of_several_protocols_uses_is_used(plugins):
    """Free networks of jamming have a search, networks at fixed |w| have none; given for these alone it is refused."""
    assert told(plugins, ["jamming", "margins"], resolution="0.3", jammed="1e-12") == []
    assert len(told(plugins, ["jamming", "margins"], margins={"resolution": "0.3"})) == 1


def test_a_record_gives_every_setting(plugins):
    """Whether it is used or not: a run of before is opened and resumed."""
    (experiment,) = make_experiments(plugins, "jamming", {"system": "spheres"}, None, None, Problems())
    assert told(plugins, "jamming", jamming=experiment.plain()) == []


def test_what_the_system_has_too_is_the_systems(plugins):
    """``inputs`` of a committee is its own."""
    assert told(plugins, "jamming", system="committee", inputs="20") == []
