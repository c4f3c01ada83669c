"""Two schedulers on one database: started together, killed at random, stopped and woken."""

import signal
import time

from tests.faults.registry import fault
from tests.faults.world import STARTS, World

REFUSED = 2


@fault("two schedulers", "resumed at once, one or both killed or paused at random, again and again")
def two(world: World) -> None:
    first = world.start()
    world.until(world.is_begun, first)
    world.kill(first, world.chance.uniform(0, 0.5))
    for _ in range(3):
        if world.is_finished():
            return
        pair = [world.start("resume"), world.start("resume")]
        time.sleep(world.chance.uniform(0.5, 4.0))
        chosen = world.chance.choice(pair)
        if world.chance.random() < 0.5:
            chosen.send_signal(signal.SIGSTOP)
            third = world.start("resume")
            time.sleep(world.chance.uniform(0.1, 1.0))
            chosen.send_signal(signal.SIGCONT)
            pair.append(third)
        for process in world.chance.sample(pair, world.chance.randint(1, 2)):
            process.kill()
        for process in pair:
            world.ended(process, REFUSED, -signal.SIGKILL)


@fault("two schedulers, crowd", "six resumed at once, killed one by one", is_long=True)
def crowd(world: World) -> None:
    first = world.start()
    world.until(world.is_begun, first)
    world.kill(first)
    for _ in range(STARTS):
        if world.is_finished():
            return
        crowd = [world.start("resume") for _ in range(6)]
        for process in crowd[:5]:
            time.sleep(world.chance.uniform(0, 1.0))
            process.kill()
        for process in crowd:
            world.ended(process, REFUSED, -signal.SIGKILL)
