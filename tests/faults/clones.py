"""The repository's clone: cut off, stalled, killed in the middle."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.check import no_process
from tests.faults.proxy import Proxy
from tests.faults.registry import fault, git_daemon
from tests.faults.world import World
from tests.patience import DEADLINE

HOW = "git daemon behind a proxy"


@fault("clone cut off", f"{HOW} that cuts some connections after some bytes", git_daemon)
def cut_off(world: World) -> None:
    with served(world) as proxy:
        proxy.cut_after = [world.chance.randrange(2000) for _ in range(world.chance.randint(2, 6))]
        world.ended(world.start())
        assert proxy.connections


@fault("kill -9 in a clone", f"{HOW} that stalls; the run is killed, with or without its git",
       git_daemon)  # fmt: skip
def killed(world: World) -> None:
    with served(world) as proxy:
        for also_git in (True, False):
            process = _in_a_clone(world, proxy)
            if also_git:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            world.ended(process, -signal.SIGKILL)
            if not also_git:
                no_process(world)
            proxy.cut()
        proxy.stalls, proxy.cut_after = False, []
        world.finish()


@fault("a signal in a clone", f"{HOW} that stalls; SIGTERM, once or twice", git_daemon)
def stopped(world: World) -> None:
    with served(world) as proxy:
        process = _in_a_clone(world, proxy)
        for _ in range(world.chance.randint(1, 2)):
            process.terminate()
            time.sleep(world.chance.uniform(0, 0.5))
        world.ended(process, 128 + signal.SIGTERM)
        no_process(world)
        proxy.stalls, proxy.cut_after = False, []
        proxy.cut()
        world.finish()


def _in_a_clone(world: World, proxy: Proxy) -> "subprocess.Popen[bytes]":
    """A run whose clone has stalled somewhere."""
    proxy.stalls = True
    proxy.cut_after = [world.chance.randrange(1200) for _ in range(4)]
    before = proxy.stalled
    process = world.start()
    world.until(lambda: proxy.stalled > before, process)
    return process


@contextmanager
def served(world: World) -> Iterator[Proxy]:
    """The world's repository behind git's server, behind a proxy."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = subprocess.Popen(
        ["git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}",
         f"--base-path={world.folder}", str(world.folder)],
        cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    proxy = Proxy(("127.0.0.1", port))
    world.repo_url = f"git://127.0.0.1:{proxy.port}/shop"
    try:
        _wait_for(port)
        yield proxy
    finally:
        proxy.down()
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait(DEADLINE)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with socket.socket() as knocking:
            if knocking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("git daemon never answered")
