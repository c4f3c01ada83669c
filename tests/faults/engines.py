"""The Docker Engine, by a proxy on its socket: restarted, hung, out of disk. Never the real one."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.proxy import Proxy
from tests.faults.registry import engine, fault
from tests.faults.world import World, announced, waits

HOW = "a proxy on the engine's socket"
FULL = json.dumps({"message": "mkdir /var/lib/docker/x: no space left on device"}).encode()


@fault("engine restarted", f"{HOW} cuts all connections and refuses new ones for a while", engine,
       sandbox="docker")  # fmt: skip
def restarted(world: World) -> None:
    with engine_behind(world) as proxy:
        process = world.start()
        for _ in range(2):
            done = sum(announced(world.home).values())
            world.until_committed(process, done + world.chance.randint(1, 6))
            proxy.down()
            time.sleep(world.chance.uniform(0.1, 2.0))
            proxy.up()
        world.ended(process)
        world.finish()


@fault("engine down for longer", f"{HOW} refuses all until waiting runs out; then someone resumes",
       engine, sandbox="docker", settings={"max_defers": "4"})  # fmt: skip
def down_for_longer(world: World) -> None:
    with engine_behind(world) as proxy:
        process = world.start()
        world.until_committed(process, world.chance.randint(1, 4))
        proxy.down()
        assert world.ended(process, 1) == 1
        proxy.up()
        world.finish()


@fault("engine out of disk", f"{HOW} refuses some containers: no space left on device", engine,
       sandbox="docker")  # fmt: skip
def out_of_disk(world: World) -> None:
    with engine_behind(world) as proxy:
        left = world.chance.randint(1, 4)

        def refuse(chunk: bytes) -> bytes | None:
            nonlocal left
            if left and chunk.startswith(b"POST ") and b"/containers/create" in chunk[:200]:
                left -= 1
                head = f"HTTP/1.1 500 Internal Server Error\r\nContent-Length: {len(FULL)}\r\n"
                kind = "Content-Type: application/json\r\nConnection: close\r\n\r\n"
                return (head + kind).encode() + FULL
            return None

        process = world.start()
        world.until_committed(process, world.chance.randint(1, 4))
        proxy.refuse = refuse
        world.ended(process)
        world.finish()


@fault("engine hung", f"{HOW} takes all and answers nothing until a machine waits", engine,
       sandbox="docker", is_long=True)  # fmt: skip
def hung(world: World) -> None:
    with engine_behind(world) as proxy:
        process = world.start()
        world.until_committed(process, world.chance.randint(1, 6))
        proxy.is_hung.set()
        try:
            world.until(lambda: waits(world), process)
        finally:
            proxy.is_hung.clear()
            proxy.cut()
        world.ended(process)
        world.finish()


@fault("kill -9 while a container runs", "killed after a random transition", engine,
       sandbox="docker")  # fmt: skip
def killed(world: World) -> None:
    for _ in range(2):
        process = world.start()
        done = sum(announced(world.home).values())
        world.until_committed(process, done + world.chance.randint(1, 4))
        world.kill(process, world.chance.uniform(0, 0.5))


@contextmanager
def engine_behind(world: World) -> Iterator[Proxy]:
    """The engine's socket behind a proxy, which the world's processes use."""
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    at = world.folder / "engine.sock"
    proxy = Proxy(host.removeprefix("unix://"), at)
    world.variables["DOCKER_HOST"] = f"unix://{at}"
    try:
        yield proxy
    finally:
        proxy.down()
