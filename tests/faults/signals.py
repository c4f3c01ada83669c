"""SIGINT, SIGTERM and SIGHUP: once, twice, in a commit, before anything is written."""

import signal
import time
from functools import partial
from pathlib import Path

from tests.faults.inject import SYNCS, traced
from tests.faults.registry import fault, strace
from tests.faults.world import World

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def code(signum: signal.Signals) -> int:
    """What a process that was stopped by it ends with."""
    return 128 + signum


@fault("SIGINT, SIGTERM and SIGHUP", "each once, after a random transition")
def once(world: World) -> None:
    for signum in world.chance.sample(SIGNALS, 3):
        process = world.start()
        done = sum(world.announced.values())
        if world.until_committed(process, done + world.chance.randint(1, 4)):
            time.sleep(world.chance.uniform(0, 0.3))
        process.send_signal(signum)
        world.ended(process, code(signum))


@fault("a signal twice", "two signals within half a second, while the model is silent")
def twice(world: World) -> None:
    world.model.faults = [None, "silent"]
    first, second = world.chance.choices(SIGNALS, k=2)
    process = world.start()
    world.until(lambda: world.model.met["silent"] > 0, process)
    process.send_signal(first)
    time.sleep(world.chance.uniform(0, 0.5))
    process.send_signal(second)
    world.ended(process, code(first), code(second))
    world.model.release()


@fault("a signal in a commit", "strace sends it at some fsync of the database", strace)
def in_a_commit(world: World) -> None:
    for signum in world.chance.sample(SIGNALS, 2):
        number = world.chance.randint(1, 4)
        what = f"signal={signum.name}:when={number}"
        before = traced(world, SYNCS, what)
        # Until the run is written nothing is to be saved, so it may just die.
        world.ended(world.start(before=before), code(signum), -signum, 1)


@fault("a signal at the start", "at a random moment of the first second and a half")
def at_the_start(world: World) -> None:
    for signum in world.chance.sample(SIGNALS, 3):
        process = world.start()
        # What Python itself says while it starts isn't ours.
        world.until(partial(_has_begun, process.pid), process)
        time.sleep(world.chance.uniform(0.0, 1.5))
        process.send_signal(signum)
        world.ended(process, code(signum), -signum, 1)


def _has_begun(pid: int) -> bool:
    """Whether the process imports what Stillwater needs, or is past that."""
    try:
        return b"site-packages" in Path(f"/proc/{pid}/maps").read_bytes()
    except OSError:
        return False
