"""The model's server: down, busy, slow, silent, cut off, talking nonsense, without the model."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.registry import FAULTS, Fault, fault
from tests.faults.world import World, waits

FAILING = {
    "429": "the server answers 429",
    "500": "the server answers 500",
    "503": "the server answers 503, as while it loads the model",
    "closed": "the server closes the connection without an answer",
    "cut off": "the server closes the connection in the middle of its answer",
    "garbage": "the server answers with bytes that are no JSON",
    "10 MB of garbage": "the server answers with 10 MB that are no JSON",
    "no choices": "the server answers with JSON that holds no answer",
    "slow": "the answer comes byte by byte",
}
ASKED = 5
"""How often the undisturbed run asks."""


def mixed(world: World, name: str) -> list[str | None]:
    """One to three such faults, somewhere among the questions."""
    many = world.chance.randint(1, 3)
    faults = [name] * many + [None] * (ASKED - many)
    world.chance.shuffle(faults)
    return faults


def failing(name: str, world: World) -> None:
    """The server does this to some questions; the run sits it out."""
    world.model.faults = mixed(world, name)
    world.ended(world.start())
    assert world.model.met[name]


for _name, _how in FAILING.items():
    _fault = f"model: {_name}"
    FAULTS[_fault] = Fault(_fault, _how, partial(failing, _name), is_long=True)


@fault("model: each of these in turn", "all of the above in one run, in an order of chance")
def each(world: World) -> None:
    world.model.faults = [None, *world.chance.sample(list(FAILING), len(FAILING))]
    world.ended(world.start())
    assert set(world.model.met) == set(FAILING)


@contextmanager
def without_server(world: World) -> Iterator["subprocess.Popen[bytes]"]:
    """A run whose server is stopped once it has been asked; it listens again in the end."""
    world.model.faults = [None]
    process = world.start()
    world.until(lambda: world.model.asked > 0, process)
    world.model.down()
    try:
        yield process
    finally:
        world.model.up()


@fault("model: down", "the server is stopped in the run, and started once a machine waits")
def down(world: World) -> None:
    with without_server(world) as process:
        world.until(lambda: waits(world), process)
    world.ended(process)


@fault("model: down for longer", "it stays down until waiting runs out; then someone resumes",
       settings={"max_defers": "4"})  # fmt: skip
def down_for_longer(world: World) -> None:
    with without_server(world) as process:
        assert world.ended(process, 1) == 1
        assert world.ended(world.start(), 1) == 1  # nobody has seen to it yet


@fault("model: silent", "the server keeps the connection and says nothing until the deadline",
       settings={"model_timeout": "6"})  # fmt: skip
def silent(world: World) -> None:
    world.model.faults = ["silent"]
    world.ended(world.start())
    world.model.release()
    assert world.model.met["silent"]


@fault("model: 10 MB answer", "the model thinks aloud for 10 MB before its edits", same="nothing")
def long_answer(world: World) -> None:
    failing("10 MB answer", world)
    # Each costs its attempt, and which attempts those are is chance.
    refused = world.read(
        "SELECT count(*) FROM transitions WHERE event = 'unusable'"
        " AND evidence ->> '$.problem' LIKE '%far too long%'"
    )
    assert refused == [(world.model.met["10 MB answer"],)]


@fault("model: refused key, wrong model", "the server answers 401, then 404, until someone resumes")
def refused(world: World) -> None:
    # The second meets the question that the first one refused: no other may be left by then.
    for status, faults in (("401", [None, "401"]), ("404", ["404"])):
        world.model.faults = list(faults)
        assert world.ended(world.start(), 1) == 1
        assert world.model.met[status]


@fault("model: context exceeded", "the server refuses one prompt as too long", same="nothing")
def context(world: World) -> None:
    world.model.faults = ["context"]
    world.ended(world.start())
    aborted = world.read("SELECT evidence ->> '$.reason' FROM transitions WHERE event = 'abort'")
    assert len(aborted) == 1
    assert "context" in aborted[0][0]
    verified = world.read("SELECT count(*) FROM machines WHERE state = 'VERIFIED'")
    assert verified[0][0] >= 1
