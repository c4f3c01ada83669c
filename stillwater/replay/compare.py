"""Where a replay differs from its record: the first difference of each machine, named."""

from dataclasses import dataclass

from stillwater.machine import State
from stillwater.plans import DEFAULT_ARM
from stillwater.replay.differ import difference
from stillwater.replay.record import Key, Record, is_mark, is_no_steps, key_of, without_defers
from stillwater.store import MachineRow, Store


def called(instance_id: str, arm: str) -> str:
    """The instance, and the arm where it has a name of its own."""
    return instance_id if arm == DEFAULT_ARM else f"{instance_id} ({arm})"


@dataclass(frozen=True)
class Difference:
    """The first thing of a machine that came otherwise than recorded: where, what, and both."""

    instance_id: str
    arm: str
    attempt: int
    state: State
    what: str
    recorded: str
    now: str

    @property
    def machine(self) -> str:
        """What the machine is called."""
        return called(self.instance_id, self.arm)


@dataclass(frozen=True)
class Short:
    """A machine that was replayed only as far as that state, without a difference, and why."""

    instance_id: str
    arm: str
    state: State
    why: str

    @property
    def machine(self) -> str:
        """What the machine is called."""
        return called(self.instance_id, self.arm)


@dataclass(frozen=True)
class Report:
    """What a replay came to. `transitions` are those that came as recorded.

    `ended` are machines whose record ends early; `not_replayed` those that the world, or whoever
    stopped the replay, kept from reaching the end of their record.
    """

    machines: int
    transitions: int
    differences: tuple[Difference, ...]
    ended: tuple[Short, ...]
    not_replayed: tuple[Short, ...]

    @property
    def same(self) -> bool:
        """All was replayed, and nothing differs."""
        return not self.differences and not self.not_replayed


def compare(record: Record, store: Store) -> Report:
    """Hold the replay that `store` has to its record."""
    found: list[Difference | Short | None] = []
    ended: list[Short] = []
    transitions = 0
    for row in store.machines(record.run.id):
        came, same = _machine(record, store, row)
        transitions += same
        found.append(came)
        ending = record.told(key_of(row)).ending
        if came is None and ending:
            ended.append(Short(*key_of(row), _standing(record, key_of(row)), ending))
    return Report(
        machines=len(found),
        transitions=transitions,
        differences=tuple(one for one in found if isinstance(one, Difference)),
        ended=tuple(ended),
        not_replayed=tuple(one for one in found if isinstance(one, Short)),
    )


def _machine(
    record: Record, store: Store, row: MachineRow
) -> tuple[Difference | Short | None, int]:
    """What is to be told of the machine, if anything, and how many transitions came as recorded."""
    key = key_of(row)
    told = record.told(key)
    past = without_defers(store.history(row.id))
    now = [one for one in past if not is_mark(one) and not is_no_steps(one)]
    for number, (old, new) in enumerate(zip(told.steps, now, strict=False)):
        found = difference(old, new, record.store, store)
        if found:
            where = Difference(*key, new.attempt, new.source, found.what, found.then, found.now)
            return where, number
    if len(now) >= len(told.steps):
        return None, len(told.steps)
    world = next((str(one.evidence.get("reason")) for one in past if is_no_steps(one)), None)
    state = now[-1].target if now else State.READ
    return Short(*key, state, world or "the replay was stopped"), len(now)


def _standing(record: Record, key: Key) -> State:
    steps = record.told(key).steps
    return steps[-1].target if steps else State.READ
