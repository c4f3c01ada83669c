"""The machine itself: out of memory, its clock set forth and back."""

import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.faults.answers import mixed
from tests.faults.registry import fault
from tests.faults.world import World, announced

DIED_OF_IT = (1, -signal.SIGSEGV, -signal.SIGABRT)
"""CPython 3.11 dies where a new thread finds no memory: to a run that is a kill like any other."""
JUMPS = (-400 * 86400, -2 * 86400, -3600, -20, 600, 30 * 86400)
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long jump(void) {
    long long seconds = 0;
    FILE *file = fopen(getenv("CLOCK_JUMP"), "r");
    if (file) { if (fscanf(file, "%lld", &seconds) != 1) seconds = 0; fclose(file); }
    return seconds;
}
int clock_gettime(clockid_t id, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, id, at);
    if (!failed && id == CLOCK_REALTIME) at->tv_sec += jump();
    return failed;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
"""A clock that is ahead or behind by what a file says; the monotonic one stays."""


def compiler() -> str | None:
    """Needs a C compiler."""
    return None if shutil.which("cc") else "there is no C compiler"


def prlimit() -> str | None:
    """Needs to be allowed to limit another process."""
    return None if hasattr(resource, "prlimit") else "prlimit is Linux's"


@fault("out of memory", "prlimit: no more address space after a random transition, for a while",
       prlimit)  # fmt: skip
def memory(world: World) -> None:
    process = world.start()
    world.until_committed(process, world.chance.randint(1, 8))
    before = resource.prlimit(process.pid, resource.RLIMIT_AS)
    try:
        size = _size(process.pid) + (world.chance.randint(0, 8) << 20)
        resource.prlimit(process.pid, resource.RLIMIT_AS, (size, before[1]))
        time.sleep(world.chance.uniform(2.0, 5.0))
        resource.prlimit(process.pid, resource.RLIMIT_AS, before)
    except (ProcessLookupError, FileNotFoundError):
        pass
    world.ended(process, *DIED_OF_IT)


@fault("clock jumps", "a preloaded clock: days forth and back, while machines wait", compiler)
def clock(world: World) -> None:
    source, library = world.folder / "clock.c", world.folder / "clock.so"
    source.write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    jump = world.folder / "jump"
    _set(jump, 0)
    world.model.faults = mixed(world, "503") + mixed(world, "429")
    variables = {"LD_PRELOAD": str(library), "CLOCK_JUMP": str(jump)}
    process = world.start(variables=variables)
    for seconds in world.chance.sample(JUMPS, 3):
        done = sum(announced(world.home).values())
        world.until_committed(process, done + world.chance.randint(1, 6))
        _set(jump, seconds)
    world.ended(process)


def _set(jump: Path, seconds: int) -> None:
    new = jump.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(jump)


def _size(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()
