"""A faulty plugin is a row with its reason, and nobody else suffers."""

from pathlib import Path

import pytest

from jamharness.api import BadInput, PluginError
from jamharness.plugins import Plugins


def only(plugins, name):
    (row,) = [row for row in plugins.rows if row.name == name]
    return row


def test_a_third_party_backend_is_listed_with_its_distribution(install, backend):
    """What a distribution offers is ready, under the name and version of that distribution."""
    install(
        "fast-net", backend("fast", "summary='quick', capabilities=frozenset({'jacobian'}), distributions=('numpy',)")
    )
    plugins = Plugins.load()
    row = only(plugins, "fast")
    assert (row.kind, row.state, row.distribution, row.version, row.api) == (
        "backend",
        "ready",
        "fast-net",
        "1.0",
        "1.0",
    )
    assert row.capabilities == ("jacobian",)
    assert row.summary == "quick"
    assert list(row.versions) == ["numpy"]
    spec = plugins.backend("fast")
    assert plugins.backends["fast"] is spec
    assert plugins.distribution_of(spec) == ("fast-net", "1.0")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise RuntimeError('half\\n a thought')", "RuntimeError: half a thought"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "It implements no hook"),
        ("def jamharness_backends():\n    return []", "not marked with @hookimpl"),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_backend():\n    return []",
            "did you mean 'jamharness_backends'?",
        ),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_backends(config):\n    return []",
            "jamharness_backends(config) takes arguments that the hook does not have",
        ),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_backends():\n    raise KeyError('x')",
            "jamharness_backends raised KeyError: 'x'",
        ),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_backends():\n    yield 1 / 0",
            "jamharness_backends raised ZeroDivisionError",
        ),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_backends():\n    pass",
            "jamharness_backends returned None",
        ),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_datasets():\n    return 'digits'",
            "jamharness_datasets returned a str",
        ),
        (
            "from jamharness.api import hookimpl, ProtocolSpec\n@hookimpl\ndef jamharness_backends():\n"
            "    return [ProtocolSpec(name='p', factory='a:B')]",
            "each must be a BackendSpec",
        ),
        (
            "from jamharness.api import hookimpl, BackendSpec\n@hookimpl\ndef jamharness_backends():\n"
            "    return [BackendSpec(name='My Backend', factory='a:B')]",
            "the name 'My Backend'",
        ),
        *[
            (
                "from jamharness.api import hookimpl, BackendSpec\n@hookimpl\ndef jamharness_backends():\n"
                f"    return [BackendSpec(name={name}, factory='a:B')]",
                "the name ",
            )
            for name in ("3", "None", "('a',)", "'x' * 300")
        ],
        ("import os\nos._exit(0)", "raised SystemExit: os._exit(0) while loading"),
        ("raise KeyboardInterrupt", "raised KeyboardInterrupt while loading"),
        ("raise GeneratorExit", "raised GeneratorExit while loading"),
        (
            "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_backends():\n    raise SystemExit(4)",
            "raised SystemExit: 4 while running jamharness_backends",
        ),
    ],
)
def test_a_faulty_plugin_is_one_row_with_its_reason(install, backend, source, reason):
    """Whatever is wrong with a plugin, it is one broken row, and its neighbours work."""
    install("bad", source)
    install("good", backend("sound"))
    plugins = Plugins.load()
    row = only(plugins, "bad")
    assert (row.kind, row.state, row.distribution) == ("plugin", "broken", "bad")
    assert reason in row.reason
    assert "\n" not in row.reason
    assert only(plugins, "sound").state == "ready"


def test_an_entry_point_that_names_nothing_is_a_row(install):
    """A missing module or attribute behind an entry point breaks that plugin only."""
    install("typo", "x = 1", target="typo_module:missing")
    assert "missing" in only(Plugins.load(), "typo").reason


def test_a_metadata_file_that_cannot_be_read_is_a_row(install, backend, tmp_path: Path):
    """A distribution whose list of entry points is garbage hides nobody else's."""
    install("sound", backend("sound"))
    install("torn", "x = 1")
    (file,) = tmp_path.glob("torn*/*/entry_points.txt")
    file.write_text("[jamharness]\nthis line has no equals sign\n", encoding="utf-8")
    plugins = Plugins.load()
    assert only(plugins, "sound").state == "ready"
    assert "entry_points.txt" in only(plugins, "torn").reason


def test_a_name_claimed_twice_belongs_to_nobody(install, backend):
    """Both claimants are refused, and the reason names both distributions and the way out."""
    install("first-one", backend("twin"))
    install("second-one", backend("twin"), version="2.5")
    plugins = Plugins.load()
    rows = [row for row in plugins.rows if row.name == "twin"]
    assert [row.state for row in rows] == ["broken", "broken"]
    for row in rows:
        assert "first-one 1.0" in row.reason
        assert "second-one 2.5" in row.reason
    assert "twin" not in plugins.backends
    with pytest.raises(BadInput, match="offered by both"):
        plugins.backend("twin")
    assert Plugins.load(disable=["second-one"]).backend("twin").name == "twin"


@pytest.mark.parametrize(
    ("api", "words"),
    [
        ("(2, 0)", "written for jamharness.api 2.0 and this is 1.0"),
        ("(0, 9)", "written for"),
        ("(1, 7)", "pip install --upgrade jamharness"),
        ("1", "pair of whole numbers"),
    ],
)
def test_another_api_is_refused_with_a_sentence(install, backend, api, words):
    """Another major version or a newer minor one is not guessed at."""
    install("other", backend("alien", f"api={api}"))
    plugins = Plugins.load()
    row = only(plugins, "alien")
    assert row.state == "broken"
    assert words in row.reason
    with pytest.raises(BadInput, match="Backend 'alien'"):
        plugins.backend("alien")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("factory='no colon'", "package.module:name"),
        ("capabilities={'hesian'}", "did you mean 'hessian'?"),
        ("capabilities='hessian'", "several texts"),
        ("distributions='torch'", "several texts"),
        ("environment={'A': 1}", "map texts to texts"),
        ("environment=3", "map texts to texts"),
        ("factory=3", "factory = 3 must read"),
        ("factory=None", "factory = None must read"),
        ("summary=3", "summary = 3 must be a text"),
        ("summary=None", "summary = None must be a text"),
        ("api=(1, '0')", "pair of whole numbers"),
        ("api=('a', 'b')", "pair of whole numbers"),
        ("api=(1, True)", "pair of whole numbers"),
        ("capabilities=3", "several texts"),
        ("capabilities=(3,)", "several texts"),
        ("distributions=(3,)", "several texts"),
        ("distributions=(('a',),)", "several texts"),
        ("distributions=('',)", "as pip does"),
        ("distributions=None", "several texts"),
        ("summary=type('Odd', (), {'__repr__': lambda self: 1 / 0})()", "summary = a Odd must be a text"),
        ("environment=type('Odd', (dict,), {'items': lambda self: 1 / 0})()", "cannot be read (ZeroDivisionError"),
    ],
)
def test_a_spec_with_a_wrong_field_is_refused(install, backend, fields, words):
    """A wrong field is found when plugins are listed, not hours later in a worker."""
    install("sloppy", backend("sloppy-one", fields))
    row = only(Plugins.load(), "sloppy-one")
    assert row.state == "broken"
    assert words in row.reason


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ("['a:b']", "must map names to 'package.module:function'"),
        ("{'Walk': 'a:b'}", "tasks has the name 'Walk'"),
        ("{'walk': 'a.b'}", "tasks['walk'] = 'a.b' must read"),
    ],
)
def test_wrong_tasks_are_refused(install, tasks, words):
    """Likewise; the sentence names the task."""
    source = f"""
        from jamharness.api import ProtocolSpec, hookimpl

        @hookimpl
        def jamharness_protocols():
            return [ProtocolSpec(name="strange", factory="a:B", tasks={tasks})]
    """
    install("strange", source)
    row = only(Plugins.load(), "strange")
    assert row.state == "broken"
    assert words in row.reason


def test_a_missing_library_names_the_command_that_helps(install, backend):
    """The row and the error say what to install; another interpreter may have it."""
    install("needy", backend("needs", "distributions=('no-such-framework', 'numpy')"))
    plugins = Plugins.load()
    row = only(plugins, "needs")
    assert row.state == "missing dependency"
    assert "no-such-framework is not installed here; run: pip install no-such-framework" in row.reason
    assert list(row.versions) == ["numpy"]
    with pytest.raises(BadInput, match="pip install no-such-framework"):
        plugins.backend("needs")
    assert plugins.backend("needs", elsewhere=True) is plugins.backends["needs"]


def test_disabling_skips_a_plugin_before_it_loads(install, tmp_path: Path):
    """A disabled plugin is listed and never imported."""
    install("noisy", f"open({str(tmp_path / 'loaded')!r}, 'w').close()")
    row = only(Plugins.load(disable=["noisy"]), "noisy")
    assert (row.state, row.reason) == ("disabled", "disabled by --disable noisy")
    assert not (tmp_path / "loaded").exists()


def test_the_environment_disables_too(install, backend, monkeypatch: pytest.MonkeyPatch):
    """JAMHARNESS_DISABLE takes names separated by commas."""
    install("one", backend("one-backend"))
    install("two", backend("two-backend"))
    monkeypatch.setenv("JAMHARNESS_DISABLE", "one, ,two-backend")
    plugins = Plugins.load()
    assert only(plugins, "one").state == "disabled"
    assert only(plugins, "two-backend").reason == "disabled by JAMHARNESS_DISABLE=two-backend"
    assert not {"one-backend", "two-backend"} & set(plugins.backends)
    with pytest.raises(BadInput, match="Backend 'two-backend' is disabled by JAMHARNESS_DISABLE"):
        plugins.backend("two-backend")
    assert plugins.unused() == ()


def test_disabling_what_does_not_exist_is_noticed():
    """A typo in --disable would otherwise leave the plugin on."""
    (sentence,) = Plugins.load(disable=["nunpy"]).unused()
    assert "did you mean 'numpy'?" in sentence


def test_strict_raises_for_all_broken_plugins(install):
    """With strict, every broken plugin is named in one error; without, none raises."""
    install("bad-one", "1 / 0")
    install("bad-two", "import no_such_library")
    with pytest.raises(PluginError) as raised:
        Plugins.load(strict=True)
    assert "ZeroDivisionError" in str(raised.value)
    assert "no_such_library" in str(raised.value)
    assert isinstance(raised.value.__cause__, Exception)


def test_an_unknown_name_gets_the_nearest():
    """Errors about names say what is allowed."""
    plugins = Plugins.load()
    with pytest.raises(BadInput, match=r"Unknown backend 'nunpy'.*did you mean 'numpy'\?"):
        plugins.backend("nunpy")
    with pytest.raises(BadInput, match=r"Unknown dataset 'digit'.*did you mean 'digits'\?"):
        plugins.dataset("digit")
    with pytest.raises(BadInput, match="Unknown protocol 'zzz'"):
        plugins.protocol("zzz")


def test_a_name_that_a_broken_plugin_may_offer_points_to_it(install):
    """When a plugin is broken, what it would have offered is not simply unknown."""
    install("wonder", "import no_such_library")
    plugins = Plugins.load()
    with pytest.raises(BadInput, match="no_such_library"):
        plugins.backend("wonder")
    with pytest.raises(BadInput, match="plugin 'wonder', which might offer it, is broken"):
        plugins.backend("qqqqqq")


def test_an_observer_that_raises_becomes_broken_and_others_are_called(install):
    """call() isolates plugins, and names each result by its plugin."""
    body = "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_describe_environment():\n    "
    install("sad", body + "raise OSError('no tracker')")
    install("glad", body + "return {'queue': 'short'}")
    plugins = Plugins.load()
    assert only(plugins, "glad").capabilities == ("jamharness_describe_environment",)
    assert plugins.call("jamharness_describe_environment") == {"glad (glad)": [{"queue": "short"}]}
    row = only(plugins, "sad")
    assert (row.state, row.reason) == ("broken", "jamharness_describe_environment raised OSError: no tracker")
    assert plugins.implementers("jamharness_describe_environment") == ("glad (glad)",)


def test_the_relay_is_pluggys(install):
    """The hook relay itself is there for those who want pluggy's own calls."""
    install(
        "plain",
        "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_describe_environment():\n    return {'a': 'b'}",
    )
    assert Plugins.load().hook.jamharness_describe_environment() == [{"a": "b"}]


def test_a_plugin_that_uses_pluggys_own_marker_is_taken(install):
    """jamharness.api.hookimpl and pluggy's marker mean the same."""
    install(
        "own-marker",
        "import pluggy\nfrom jamharness.api import DatasetSpec\nhookimpl = pluggy.HookimplMarker('jamharness')\n"
        "@hookimpl\ndef jamharness_datasets():\n    return (DatasetSpec(name='stars', factory='a.b:load'),)",
    )
    assert Plugins.load().dataset("stars").factory == "a.b:load"


def test_what_a_plugin_prints_does_not_reach_standard_output(install, capsys: pytest.CaptureFixture[str]):
    """Standard output belongs to the result."""
    install(
        "chatty",
        "print('hello')\nfrom jamharness.api import hookimpl\n"
        "@hookimpl\ndef jamharness_backends():\n    print('again')\n    return []",
    )
    Plugins.load()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "hello\nagain\n"


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("Protocol", "version=2", "version = 2 must be a text"),
        ("Protocol", "summary=['x']", "summary = ['x'] must be a text"),
        ("Protocol", "factory=print", "factory = <built-in function print> must read"),
        ("Protocol", "api=None", "pair of whole numbers"),
        ("Dataset", "distributions=3", "several texts"),
        ("Dataset", "summary=b'x'", "summary = b'x' must be a text"),
    ],
)
def test_protocols_and_data_sets_are_checked_likewise(install, kind, fields, words):
    """Before anybody uses a field of theirs, and whatever sorts or prints the rows goes on."""
    install(
        "sloppy",
        f"from jamharness.api import {kind}Spec, hookimpl\n@hookimpl\ndef jamharness_{kind.lower()}s():\n"
        f"    return [{kind}Spec(**{{**dict(name='sloppy-one', factory='a:B'), **dict({fields})}})]",
    )
    row = only(Plugins.load(), "sloppy-one")
    assert row.state == "broken"
    assert words in row.reason
    assert row.to_json()["summary"] == row.summary
