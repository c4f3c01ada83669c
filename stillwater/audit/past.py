"""A machine's history as rows tell it, and the snapshot that each of its steps was given."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pysqlite3.dbapi2 as sqlite

from stillwater.audit.database import Scope
from stillwater.audit.evidence import artifact
from stillwater.audit.model import Broken
from stillwater.config import Config, frozen
from stillwater.datasets import Instance, instance_of
from stillwater.machine import Event, State
from stillwater.snapshot import Past, Snapshot

MACHINE = """
SELECT m.instance_id, m.arm, r.id, r.version, r.config, i.content
FROM machines AS m JOIN runs AS r ON r.id = m.run_id
LEFT JOIN instances AS i ON i.dataset_sha256 = r.dataset_sha256 AND i.instance_id = m.instance_id
WHERE m.id = ?
"""
HISTORY = """
SELECT id, seq, source, event, target, attempt, evidence FROM transitions
WHERE machine_id = ? AND id <= ? ORDER BY seq
"""


@dataclass(frozen=True)
class Case:
    """One transition, what its step was given, and the version of Stillwater that ran it."""

    number: int
    now: Past
    given: Snapshot
    version: str

    @property
    def facts(self) -> dict[str, object]:
        """The evidence without the names of its artifacts."""
        return {name: value for name, value in self.now.evidence.items() if name != "artifacts"}

    def content(self, name: str) -> bytes:
        """The artifact of that name; Broken if the evidence names none."""
        if name not in self.now.artifacts:
            raise self.broken(f"its evidence names no {name}")
        return self.given.blobs[self.now.artifacts[name]]

    def text(self, name: str) -> str:
        """The same as text."""
        return self.content(name).decode("utf-8", "replace")

    def broken(self, problem: str) -> Broken:
        """What to raise where the transition doesn't follow."""
        return Broken("transitions", self.number, problem)


class _Blobs(Mapping[str, bytes]):
    """Artifacts by their digest, read when they are asked for."""

    def __init__(self, connection: sqlite.Connection, number: int) -> None:
        self._connection, self._number = connection, number

    def __getitem__(self, digest: str) -> bytes:
        return artifact(self._connection, self._number, "artifact", digest)

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError


def cases(connection: sqlite.Connection, scope: Scope, machine: int) -> Iterator[Case]:
    """The transitions of a machine that are in the scope, in their order."""
    instance_id, arm, run, version, config, content = connection.execute(
        MACHINE, (machine,)
    ).fetchone()
    if content is None:
        raise Broken("machines", machine, f"its instance {instance_id} is not there")
    settings, instance = _settings(run, config, arm), _instance(machine, content)
    past: list[Past] = []
    for row in connection.execute(HISTORY, (machine, scope.last)).fetchall():
        number, seq, source, event, target, attempt, evidence = row
        now = Past(seq, State(source), Event(event), State(target), attempt, json.loads(evidence))
        if number > scope.anchor:
            given = Snapshot(
                run, machine, arm, instance, settings, now.source, attempt, "", tuple(past),
                _Blobs(connection, number),
            )  # fmt: skip
            yield Case(number, now, given, version)
        past.append(now)


def _settings(run: str, config: str, arm: str) -> Config:
    try:
        return frozen(json.loads(config), arm)
    except (ValueError, TypeError, AttributeError) as error:
        raise Broken("runs", run, f"its configuration can't be read: {error}") from error


def _instance(machine: int, content: str) -> Instance:
    try:
        return instance_of(json.loads(content))
    except (ValueError, TypeError) as error:
        raise Broken("machines", machine, f"its instance can't be read: {error}") from error
