"""What follows from what: steps that need no model and no sandbox, taken again.

READ's choice of files and REFINE's feedback are not: they decide nothing that is claimed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from stillwater import __version__
from stillwater.audit import patches, readings, verdicts
from stillwater.audit.bases import Bases
from stillwater.audit.database import Scope, reading
from stillwater.audit.model import Broken, Violation
from stillwater.audit.past import Case, cases
from stillwater.audit.work import Workers
from stillwater.errors import StillwaterError
from stillwater.machine import Event

Check = Callable[[Case, Bases], str | None]


def _verdict(case: Case, _: Bases) -> str | None:
    return verdicts.check(case)


CHECKS: Mapping[Event, tuple[str, Check]] = {
    Event.READ: ("baselines", _verdict),
    Event.PROPOSED: ("completions", readings.check),
    Event.UNUSABLE: ("completions", readings.check),
    Event.APPLIED: ("patches", patches.check),
    Event.REJECTED: ("patches", patches.check),
    Event.PASSED: ("verdicts", _verdict),
    Event.FAILED: ("verdicts", _verdict),
    Event.REFUTED: ("verdicts", _verdict),
}
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""What steps raise where evidence isn't of the shape that they wrote."""
MACHINES = """
SELECT DISTINCT machine_id FROM transitions WHERE id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR
  machine_id IN (SELECT id FROM machines WHERE run_id = ?3)) ORDER BY machine_id
"""
AT_ONCE = 8
"""How many machines a process takes at a time."""


@dataclass
class Piece:
    """What came of some machines."""

    checked: Counter[str] = field(default_factory=Counter)
    underived: Counter[tuple[str, str]] = field(default_factory=Counter)
    violation: Violation | None = None


def check(connection: sqlite.Connection, scope: Scope, workers: Workers, home: Path) -> Piece:
    """Derive again what the transitions of the scope say; raises Broken.

    `home` is the folder of the database: its repositories' cache has the base files.
    """
    asked = (scope.anchor + 1, scope.last, scope.run)
    machines = [machine for (machine,) in connection.execute(MACHINES, asked)]
    shares = [machines[n : n + AT_ONCE] for n in range(0, len(machines), AT_ONCE)]
    whole = Piece()
    for piece in workers.map(look, [(scope, home, share) for share in shares]):
        if piece.violation:
            raise Broken(piece.violation.table, piece.violation.row, piece.violation.problem)
        whole.checked += piece.checked
        whole.underived += piece.underived
    return whole


def look(share: tuple[Scope, Path, Sequence[int]]) -> Piece:
    """Derive again what some machines' transitions say."""
    scope, home, machines = share
    piece = Piece()
    try:
        with reading(scope.db) as connection:
            for machine in machines:
                for case in cases(connection, scope, machine):
                    _derive(case, home, piece)
    except Broken as broken:
        piece.violation = broken.violation
    return piece


def _derive(case: Case, home: Path, piece: Piece) -> None:
    kind, check = CHECKS.get(case.now.event, (None, None))
    if kind is None or check is None:
        return
    why = _again(case, check, _bases(home, case.given.config.repo_url))
    if why is None:
        piece.checked[kind] += 1
    else:
        piece.underived[kind, why] += 1


def _again(case: Case, check: Check, bases: Bases) -> str | None:
    try:
        return check(case, bases)
    except Broken as broken:
        if case.version == __version__ or broken.violation.table != "transitions":
            raise
        return f"Stillwater {case.version} did it otherwise than {__version__}, or it was altered"
    except StillwaterError as error:
        return str(error)
    except MALFORMED as error:
        raise case.broken(f"its evidence is malformed: {type(error).__name__}: {error}") from error


_known: dict[tuple[Path, str], Bases] = {}


def _bases(home: Path, template: str) -> Bases:
    return _known.setdefault((home, template), Bases(home, template))
