"""kill -9: at every commit, in the middle of writes and of effects, at any moment."""

import signal
import time
from functools import partial
from pathlib import Path

from tests.faults.inject import SYNCS, heads, traced
from tests.faults.registry import fault, strace
from tests.faults.world import STARTS, World, children

KILL = "signal=KILL:when={}"


@fault(
    "kill -9 at every commit", "strace kills each process at the first fsync that gets on", strace
)
def every_commit(world: World) -> None:
    number, before = 0, (False, 0)
    # One start a transition, and some for what else is synced.
    for _ in range(4 * STARTS):
        if world.is_finished():
            return
        # Not every sync is of a transition: where dying at one gets nowhere, the next is tried.
        now = world.is_begun(), len(world.rows())
        if now[0] != before[0]:
            number = 1
        elif now == before:
            number += 1
        before = now
        words = traced(world, SYNCS, KILL.format(number))
        if world.ended(world.start(before=words), -signal.SIGKILL) == 0:
            return
    raise AssertionError("it never came to its end")


@fault("kill -9 in the middle of a commit", "strace, at some write to the database or log", strace)
def middle_of_a_commit(world: World) -> None:
    for _ in range(3):
        number = world.chance.randint(1, 40)
        before = traced(world, "pwrite64", KILL.format(number))
        if world.ended(world.start(before=before), -signal.SIGKILL) == 0:
            return


@fault("kill -9 while a head is kept", "strace, at some write or fsync of the heads file", strace)
def keeping_a_head(world: World) -> None:
    for calls in world.chance.sample((SYNCS, "pwrite64", "ftruncate"), 2):
        number = world.chance.randint(1, 3)
        before = traced(world, calls, KILL.format(number), heads(world), threads=True)
        if world.ended(world.start(before=before), -signal.SIGKILL) == 0:
            return


@fault("kill -9 at any moment", "four times in a row, after a random time")
def any_moment(world: World) -> None:
    for _ in range(4):
        if not world.kill(world.start(), world.chance.uniform(0.1, 4.0)):
            return


@fault("kill -9 while the model thinks", "while the scripted server holds back its answer")
def model_call(world: World) -> None:
    world.model.faults = [None, "silent"]
    process = world.start()
    world.until(lambda: world.model.met["silent"] > 0, process)
    world.kill(process)
    world.model.release()


@fault("kill -9 while tests run", "while a process of the sandbox is seen")
def tests_run(world: World) -> None:
    for _ in range(2):
        process = world.start()
        if world.until(partial(_runs_sandbox, process.pid), process):
            time.sleep(world.chance.uniform(0, 0.2))
        world.kill(process)


@fault(
    "kill -9 while an environment is made",
    "while setup_command's environment is there, but not ready",
    fields={"setup_command": "python -c 'import time; time.sleep(0.5)'"},
)
def setup(world: World) -> None:
    process = world.start()

    def is_half_made() -> bool:
        found = list(world.home.glob("environments/*/"))
        return any(not (folder / "ready.json").exists() for folder in found)

    if world.until(is_half_made, process):
        time.sleep(world.chance.uniform(0, 1.0))
    world.kill(process)


def _runs_sandbox(pid: int) -> bool:
    for child in children(pid):
        try:
            if b"launcher.py" in Path(f"/proc/{child}/cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False
