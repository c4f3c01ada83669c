"""Playing faults one after another: the same for CI and for a night."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import (  # noqa: F401
    answers,
    clones,
    databases,
    disks,
    engines,
    kills,
    machines,
    power,
    schedulers,
    signals,
)
from tests.faults.check import Told, Undisturbed, check, undisturbed
from tests.faults.model import Model
from tests.faults.registry import Fault
from tests.faults.world import World


@dataclass
class Campaign:
    """One scripted model, and the undisturbed runs that all others are compared with."""

    model: Model = field(default_factory=Model)
    _known: dict[str, Undisturbed] = field(default_factory=dict)

    def play(self, fault: Fault, seed: str) -> Told:
        """Play the fault and check what must hold; AssertionError says what doesn't."""
        self.model.reset()
        chance = random.Random(f"{seed} {fault.name}")
        sandbox = str(fault.options.get("sandbox", "local"))
        expected = self._undisturbed(sandbox)
        with folder() as place:
            world = World(place, self.model, chance, **fault.options)
            fault.play(world)
            self.model.faults = []
            return check(world, expected)

    def _undisturbed(self, sandbox: str) -> Undisturbed:
        if sandbox not in self._known:
            with folder() as place:
                world = World(place, self.model, random.Random(0), sandbox=sandbox)
                self._known[sandbox] = undisturbed(world)
            self.model.reset()
        return self._known[sandbox]


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for a world, gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="stillwater-fault-")).resolve()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
