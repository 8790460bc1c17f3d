"""Plugins by strangers: wrong specs, crashes, hangs, prints, wrong shapes, and code that is edited between two runs."""

import shutil
from collections.abc import Callable, Sequence
from functools import partial

from catalogue import toy
from catalogue.attack import Attack
from catalogue.place import Place

HEAD = """
import ctypes, os, sys, time
from jamharness.api import BackendSpec, DatasetSpec, ProtocolSpec, hookimpl
"""


def _offer(kind: str, offer: str) -> str:
    return _hook(f"{kind}s()", f"return {offer}")


def _hook(signature: str, body: str) -> str:
    return f"{HEAD}\n@hookimpl\ndef jamharness_{signature}:\n    {body}\n"


def _does(deed: str) -> str:
    return f"{HEAD}\n{deed}\n\n@hookimpl\ndef jamharness_backends():\n    return []\n"


SPECS: dict[str, str] = {
    "name a number": _offer("backend", "[BackendSpec(name=3, factory='bad:x')]"),
    "name empty": _offer("backend", "[BackendSpec(name='', factory='bad:x')]"),
    "name None": _offer("protocol", "[ProtocolSpec(name=None, factory='bad:x')]"),
    "name a list": _offer("dataset", "[DatasetSpec(name=['x'], factory='bad:x')]"),
    "name of 10 000 characters": _offer("backend", "[BackendSpec(name='x' * 10_000, factory='bad:x')]"),
    "name with an escape": _offer("backend", "[BackendSpec(name='\\x1b[31m', factory='bad:x')]"),
    "factory a number": _offer("backend", "[BackendSpec(name='bad', factory=5)]"),
    "factory of a module that is not there": _offer("backend", "[BackendSpec(name='bad', factory='nowhere.at:All')]"),
    "factory of this module's nothing": _offer("protocol", "[ProtocolSpec(name='bad', factory='bad:Nothing')]"),
    "api of the future": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', api=(99, 0))]"),
    "api a text": _offer("dataset", "[DatasetSpec(name='bad', factory='bad:x', api='1.0')]"),
    "distributions a text": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', distributions='torch')]"),
    "distributions of numbers": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', distributions=(5,))]"),
    "distributions of nonsense": _offer(
        "backend", "[BackendSpec(name='bad', factory='bad:x', distributions=('>>>',))]"
    ),
    "capabilities a number": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', capabilities=3)]"),
    "environment of numbers": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', environment={'A': 5})]"),
    "environment with an equals sign": _offer(
        "backend", "[BackendSpec(name='bad', factory='bad:x', environment={'A=B': 'x', '': 'y'})]"
    ),
    "summary None": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', summary=None)]"),
    "summary a number": _offer("protocol", "[ProtocolSpec(name='bad', factory='bad:x', summary=5)]"),
    "summary of escapes": _offer(
        "backend", "[BackendSpec(name='bad', factory='bad:x', summary='\\x1b[31mred\\x07\\n\\n')]"
    ),
    "summary with markup": _offer("backend", "[BackendSpec(name='bad', factory='bad:x', summary='[red]x[/nothing]')]"),
    "version a number": _offer("protocol", "[ProtocolSpec(name='bad', factory='bad:x', version=2)]"),
    "nothing": _offer("backend", "None"),
    "a number": _offer("backend", "3"),
    "a class": _offer("protocol", "[ProtocolSpec]"),
    "a mapping": _offer("dataset", "{'bad': 'bad:x'}"),
    "a protocol as a backend": _offer("backend", "[ProtocolSpec(name='bad', factory='bad:x')]"),
    "without end": _offer("backend", "(BackendSpec(name=f'bad{n}', factory='bad:x') for n in iter(int, 1))"),
    "numpy once more": _offer("backend", "[BackendSpec(name='numpy', factory='bad:x')]"),
    "random once more": _offer("dataset", "[DatasetSpec(name='random', factory='bad:x')]"),
    "hook that does not exist": _hook("nothing()", "pass"),
    "hook with other arguments": _hook("backends(colour)", "return []"),
    "no hook": "x = 3\n",
    "no Python": "def (:\n",
    "a null character": "x = '\0'\n",
    "import that fails": _does("import nowhere_at_all"),
    "import that raises": _does("raise ValueError('\\x1b[31moops')"),
    "import that exits": _does("sys.exit(0)"),
    "import that interrupts": _does("raise KeyboardInterrupt"),
    "import that raises what is no error": _does("class Own(BaseException): pass\nraise Own('mine')"),
    "import that has no end of calls": _does("def f(): f()\nf()"),
    "import that prints": _does("print('{\"a stray\": \"print\"}')\nos.write(1, b'stray')"),
    "import that closes standard output": _does("sys.stdout = None"),
    "import that changes the folder": _does("os.chdir('/')"),
    "hook that exits": _hook("backends()", "sys.exit(0)"),
    "hook that raises what is no error": _hook("backends()", "raise GeneratorExit"),
    "command that is run": _hook("commands(app)", "@app.command()\n    def run(): print(1)"),
    "command that cannot be": (_hook("commands(app)", "@app.command()\n    def bad(x: object = 3): pass")),
    "command with an escape": (_hook("commands(app)", "@app.command('\\x1b[31mred')\n    def bad(): pass")),
    "commands that exit": _hook("commands(app)", "sys.exit(0)"),
    "commands that empty the list": (_hook("commands(app)", "app.registered_commands = None")),
    "environment that is none": _hook("describe_environment()", "return 3"),
    "environment that exits": _hook("describe_environment()", "sys.exit(0)"),
    "environment of objects": _hook("describe_environment()", "return {object(): object()}"),
}
"""Plugins beside a sound one: they may be broken, and nothing else is."""


def _beside(source: str, place: Place) -> None:
    codes = (0, 2) if source in (SPECS["numpy once more"], SPECS["random once more"]) else (0,)
    folder = toy.install(place.work.parent / "bad", "bad", {"bad": source}, {"bad": "bad"})
    place.run("plugins", "--json", path=[folder], codes=(0, 2))
    place.run("plugins", path=[folder], codes=(0, 2))
    place.run(*place.request(), path=[folder], codes=codes)


def _metadata(name: str, content: bytes, place: Place) -> None:
    folder = toy.install(place.work.parent / "bad", "bad", {"bad": HEAD}, {"bad": "bad"})
    (folder / "bad-1.0.dist-info" / name).write_bytes(content)
    place.run("plugins", "--json", path=[folder])
    place.run(*place.request(), path=[folder])


METADATA = {
    "entry points that are none": ("entry_points.txt", b"[jamharness\nbad"),
    "entry points of no text": ("entry_points.txt", b"\xff\xfe"),
    "entry point of nothing": ("entry_points.txt", b"[jamharness]\nbad = \n"),
    "entry point with an escape": ("entry_points.txt", b"[jamharness]\n\x1b[31mbad = nowhere\n"),
    "metadata that is empty": ("METADATA", b""),
    "metadata of no text": ("METADATA", b"\xff\xfe\x00"),
}

ANY = (0, 1, 2)
FAULTS: dict[str, Sequence[int]] = {
    **{
        f"measure:{how}": (0, 1, 2)
        for how in (
            "segfault",
            "exit",
            "exit3",
            "vanish",
            "raise",
            "interrupt",
            "own",
            "stop",
            "recursion",
            "unspeakable",
            "long",
            "escapes",
            "flood",
            "close",
            "closeall",
            "fork",
            "memory",
            "none",
            "values",
            "object",
            "keys",
            "objects",
            "notarray",
            "deep",
            "hang",
        )
    },
    **{f"measure:{how}": (0,) for how in ("print", "write", "chdir", "stdout")},
    **{
        f"data:{how}": (1, 2)
        for how in (
            "segfault",
            "exit",
            "exit3",
            "vanish",
            "raise",
            "interrupt",
            "own",
            "hang",
            "long",
            "escapes",
            "none",
            "pair",
            "nan",
            "labels",
            "short",
            "unequal",
            "text",
            "lists",
            "flat",
            "empty",
        )
    },
    "data:flood": ANY,  # 200 MB to read take more or less than the limit; with exit 0 the numbers are compared
    **{f"data:{how}": (0,) for how in ("print", "write")},
    "data import:segfault": (1, 2),
    "data import:exit": (1, 2),
    "data import:vanish": (1, 2),
    "data import:print": (0,),
    **{f"import:{how}": ANY for how in ("exit", "raise", "interrupt", "own", "recursion")},
    "import:print": (0,),
    "import:write": (0,),
    **{f"construct:{how}": ANY for how in ("exit", "raise", "own", "escapes")},
    "construct:print": (0,),
    **{
        f"plan:{how}": (1, 2)
        for how in ("exit", "raise", "own", "none", "texts", "number", "object", "foreign", "long")
    },
    "plan:twice": (0,),
    "plan:print": (0,),
    "plan:write": (0,),
    **{
        f"analyse:{how}": (1, 2)
        for how in (
            "exit",
            "raise",
            "own",
            "none",
            "text",
            "misspelt",
            "notestimates",
            "textvalue",
            "nottable",
            "objection",
            "escapes",
        )
    },
    "analyse:print": (0,),
    "analyse:mutate": ANY,
    "analyse:path": ANY,
    **{f"draw:{how}": (0, 1) for how in ("exit", "raise", "own", "none", "notfigures", "path", "escapes")},
    "draw:print": (0,),
    "draw:write": (0,),
    **{f"problems:{how}": ANY for how in ("exit", "raise", "own")},
    **{f"offer:{how}": ANY for how in ("exit", "raise", "own", "interrupt")},
    "offer:print": (0,),
    "offer:write": (0,),
    "plugin:write": (0,),
    **{f"describe:{how}": (0, 2) for how in ("exit", "raise", "own", "nan", "nothing", "number", "escapes")},
    "describe:print": (0,),
    "describe:write": (0,),
    **{
        f"finished:{how}": (0,)
        for how in (
            "exit",
            "exit3",
            "raise",
            "own",
            "print",
            "write",
            "mutate",
            "clear",
            "rename",
            "hang",
            "escapes",
            "interrupt",
        )
    },
}
"""Where the toy plugin misbehaves and how, with the codes that are right."""

BACKEND: dict[str, Sequence[int]] = {
    **{
        f"margins:{how}": (1, 2)
        for how in ("half", "column", "nan", "onenan", "inf", "complex", "objects", "text", "none", "scalar")
    },
    **{f"margins:{how}": ANY for how in ("list", "float32", "integers")},
    **{
        f"gradient:{how}": (1, 2)
        for how in (
            "short",
            "column",
            "nan",
            "lossnan",
            "lossinf",
            "lossarray",
            "losstext",
            "one",
            "none",
            "complex",
            "swapped",
        )
    },
    **{f"backend:{how}": (1, 2) for how in ("segfault", "exit", "vanish", "raise", "own", "escapes")},
    **{f"backend construct:{how}": (1, 2) for how in ("exit", "raise", "own")},
    **{f"backend describe:{how}": ANY for how in ("none", "object", "text", "exit")},
    **{f"synchronize:{how}": (1, 2) for how in ("exit", "raise", "segfault")},
    "backend:print": (0,),
    "backend:write": (0,),
}


def _request(place: Place, *more: str, store: str = "store") -> tuple[str, ...]:
    return (*place.request(*more, store=store), "--limit", "3")


def _faulty(fault: str, codes: Sequence[int], place: Place) -> None:
    """On a store that knows nothing, so that everything is really called; the finished one is not disturbed."""
    more = ("--set", "dataset=toy") if fault.startswith("data") else ()
    truth = place.computed(*more) if more else place.truth
    place.run(*_request(place, *more, store="new"), environment={"TOY_FAULT": fault}, codes=codes, truth=truth)
    place.run("plugins", "--json", environment={"TOY_FAULT": fault}, codes=ANY)
    after = place.run(*_request(place, *more, store="new"), truth=truth)
    assert after.code == 0


def _wrong_backend(fault: str, codes: Sequence[int], place: Place) -> None:
    """A backend's results are looked at before they become numbers."""
    arguments = [part if part != "numpy" else "toy" for part in _request(place, store="new")]
    place.run(*arguments, environment={"TOY_FAULT": fault}, codes=codes)
    place.run(*arguments)


def _once(how: str, place: Place) -> None:
    """What strikes once costs nothing: the cell is tried again."""
    variables = {"TOY_FAULT": f"measure:{how}", "TOY_ONCE": str(place.work.parent / "struck")}
    place.run(*place.request(store="new"), environment=variables)


def _edited(module: str, old: str, new: str, more: Sequence[str], place: Place) -> None:
    """Code that computes is edited between two runs: the second gives the new code's numbers."""
    place.plugins = place.work.parent / "own"
    shutil.copytree(place.ground.plugins, place.plugins)
    arguments = [part if "toy-backend" not in more or part != "numpy" else "toy" for part in place.request(store="own")]
    arguments += [part for part in more if part != "toy-backend"]
    before = place.run(*arguments, truth=None)
    file = place.plugins / f"{module}.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    fresh = place.run(*(part if part != "own" else "fresh" for part in arguments), truth=None)
    truth = {name: part["estimates"] for name, part in fresh.document["protocols"].items()}
    assert truth != {name: part["estimates"] for name, part in before.document["protocols"].items()}
    place.run(*arguments, truth=truth)
    place.plugins = place.ground.plugins


EDITED: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "protocol": ("toy_protocol", '"loss": SCALE', '"loss": 2 * SCALE', ()),
    "protocol's helper": ("toy_helper", "SCALE = 1.0", "SCALE = 2.0", ()),
    "backend": ("toy_backend", "SIGN * super()", "-SIGN * super()", ("toy-backend",)),
    "backend's helper": ("toy_backend_helper", "SIGN = 1.0", "SIGN = -1.0", ("toy-backend",)),
    "data set": ("toy_data", ")) / 2 + SHIFT", ")) / 4 + SHIFT", ("--set", "dataset=toy")),
    "data set's helper": ("toy_data_helper", "SHIFT = 0.0", "SHIFT = 0.5", ("--set", "dataset=toy")),
}


def _uninstalled(place: Place) -> None:
    """A run whose protocol is gone is told of, and is there again with it."""
    empty = place.work.parent / "nothing"
    empty.mkdir()
    place.plugins = empty
    place.run("runs", "--store", "store", "--json")
    place.run("show", "reference", "--store", "store", "--json", codes=(0, 1, 2))
    place.run("resume", "reference", "--store", "store", "--json", codes=(2,))
    place.plugins = place.ground.plugins


QUICK = {
    "spec: name a number", "spec: import that exits", "measure:segfault", "data:vanish",
    "finished:mutate", "margins:half", "edited protocol's helper",
}  # fmt: skip


def _attack(name: str, do: Callable[[Place], object], again: bool = True) -> Attack:
    return Attack(name=name, do=do, again=again, quick=name in QUICK)


ATTACKS = (
    *(_attack(f"spec: {name}", partial(_beside, source), again=False) for name, source in SPECS.items()),
    *(_attack(name, partial(_metadata, *arguments), again=False) for name, arguments in METADATA.items()),
    *(_attack(name, partial(_faulty, name, codes), again=False) for name, codes in FAULTS.items()),
    *(_attack(name, partial(_wrong_backend, name, codes), again=False) for name, codes in BACKEND.items()),
    *(_attack(f"once: {how}", partial(_once, how), again=False) for how in ("segfault", "vanish", "exit3", "closeall")),
    *(_attack(f"edited {name}", partial(_edited, *arguments), again=False) for name, arguments in EDITED.items()),
    _attack("uninstalled", _uninstalled),
)
