"""Running tests in random order, without any plugin of the environment that they run in."""

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

from stillwater.injected import injected
from stillwater.sandbox.protocol import Job

FOLDER, SEED = "STILLWATER_ORDER", "STILLWATER_ORDER_SEED"
PLUGIN = "stillwater_order"
MARK = b"STILLWATER-ORDER "
SITE = f"""\
import os
known = [one for one in os.environ.get("PYTEST_PLUGINS", "").split(",") if one]
if "{PLUGIN}" not in known:
    os.environ["PYTEST_PLUGINS"] = ",".join(known + ["{PLUGIN}"])
"""
"""Python's sitecustomize: where Python finds it, it finds the plugin too."""


def in_order_of(seed: str) -> Callable[[Job], Job]:
    """What is to be changed in a job for pytest to run its tests in the order of `seed`.

    Other runners run them as always; `was_random` tells which it was. The seed is a plain word.
    """
    plugin = files(__package__).joinpath("shuffled.py").read_bytes()
    named = {"sitecustomize.py": SITE.encode(), f"{PLUGIN}.py": plugin}

    def change(job: Job) -> Job:
        return replace(job, command=injected(job.command, FOLDER, named, f"{SEED}={seed}"))

    return change


def was_random(log: bytes) -> bool:
    """Whether the tests that printed this log ran in an order of `in_order_of`."""
    return MARK in log
