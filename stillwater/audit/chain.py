"""The chain: every transition's digest, and that it follows from the one before and its machine's.

The bytes that a digest is computed from are put together in SQL, from the row and its machine, in
the order of RFC 8785: the evidence is canonical text already (`evidence.py` checks that), and
SQLite's json_quote writes text as RFC 8785 does (a test holds them against each other).

Where a machine stands is one integer, its seq, attempt and state side by side: a step is then an
addition, and following a comparison. That is what makes a walk of 400,000 rows a matter of seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import pysqlite3.dbapi2 as sqlite

from stillwater.audit.database import Scope, reading
from stillwater.audit.model import Broken, Violation
from stillwater.audit.work import Workers
from stillwater.machine import FINAL, Event, State, edges

STATES = tuple(State)
SEQ, ATTEMPT = 32, 8
"""The bits where each of them begins."""
MOST_SEQ, MOST_ATTEMPT = (1 << 31) - 1, (1 << 24) - 1
"""What is larger counts as this, and so fits nowhere."""


def spot(seq: int, attempt: int, state: State) -> int:
    """A machine's place: the seq, the attempt and the source that its next transition must have."""
    return (seq << SEQ) + (attempt << ATTEMPT) + STATES.index(state)


def told(place: int) -> tuple[int, int, State]:
    """The seq, the attempt and the state of a place."""
    return place >> SEQ, (place >> ATTEMPT) & MOST_ATTEMPT, STATES[place & 0xFF]


START = spot(1, 1, State.READ)
EDGES: Mapping[str, tuple[int, int]] = {
    f"{source} {event} {target}": (
        STATES.index(source),
        spot(1, int(event is Event.RETRY), target),
    )
    for source, event, target in edges()
}
"""Each edge of the graph: its source, and what is added to seq and attempt for the next place."""

ROWS = f"""
SELECT t.prev_sha256, t.sha256, t.machine_id,
  (min(t.seq, {MOST_SEQ}) << {SEQ}) + (min(t.attempt, {MOST_ATTEMPT}) << {ATTEMPT}),
  concat(t.source, ' ', t.event, ' ', t.target),
  CAST(concat('{{"arm":', json_quote(m.arm), ',"attempt":', t.attempt, ',"event":"', t.event,
    '","evidence":', t.evidence, ',"finished_at":"', t.finished_at,
    '","instance_id":', json_quote(m.instance_id), ',"machine_id":', t.machine_id,
    ',"prev_sha256":"', t.prev_sha256, '","run_id":', json_quote(m.run_id), ',"seq":', t.seq,
    ',"source":"', t.source, '","started_at":"', t.started_at, '","target":"', t.target, '"}}'
  ) AS BLOB)
FROM transitions AS t LEFT JOIN machines AS m ON m.id = t.machine_id
WHERE t.id BETWEEN ? AND ? ORDER BY t.id
"""
NUMBER = "SELECT id FROM transitions WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?"
BEFORE = """
SELECT machine_id, max(seq), attempt, event, target FROM transitions WHERE id <= ?
GROUP BY machine_id
"""
UNLINKED = "it doesn't name the digest of the one before it"
ALTERED = "its content doesn't have the digest that it was stored with"


@dataclass
class Piece:
    """A part of the chain, walked by itself.

    `named` is the digest that its first transition names, `head` its last one's; `begins` is the
    place that each machine's first transition in it has, and the how manieth of the piece that is;
    `places` where each machine stands after its last.
    """

    rows: int = 0
    named: str | None = None
    head: str = ""
    begins: dict[int, tuple[int, int]] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    wrong: tuple[int, str] | None = None
    """The how manieth transition is wrong, and what of it."""
    violation: Violation | None = None
    """What kept the piece from being read."""


def check(
    connection: sqlite.Connection, scope: Scope, workers: Workers
) -> tuple[dict[int, int], int]:
    """Walk the chain from the anchor on: where each machine stands at its end, and how many rows.

    Raises:
        Broken: the first transition that doesn't follow.
    """
    head, places, rows = scope.digest, _standing(connection, scope.anchor), 0
    ranges = workers.ranges(scope.anchor + 1, scope.last)
    pieces = workers.map(walk, [(scope, *one) for one in ranges])
    for (first, last), piece in zip(ranges, pieces, strict=True):
        wrong = [one for one in (_seam(piece, head, places), piece.wrong) if one is not None]
        if wrong:
            nth, problem = min(wrong)
            (number,) = connection.execute(NUMBER, (first, last, nth)).fetchone()
            raise Broken("transitions", number, problem)
        if piece.violation is not None:
            raise Broken(piece.violation.table, piece.violation.row, piece.violation.problem)
        head = piece.head or head
        places.update(piece.places)
        rows += piece.rows
    return places, rows


def walk(share: tuple[Scope, int, int]) -> Piece:
    """The transitions of a range of ids, in their order, up to the first that is wrong."""
    scope, first, last = share
    piece = Piece()
    try:
        with reading(scope.db) as connection:
            _walk(connection, piece, first, last)
    except Broken as broken:
        piece.violation = broken.violation
    return piece


def _walk(connection: sqlite.Connection, piece: Piece, first: int, last: int) -> None:
    places, nth, head = piece.places, 0, None
    at, edge_of = places.get, EDGES.get
    rows = connection.execute(ROWS, (first, last))
    for named, stored, machine, numbers, edge, record in rows:
        if head is None:
            piece.named = head = named
        if named != head:
            piece.wrong = nth, UNLINKED
            break
        if sha256(record).hexdigest() != stored:
            piece.wrong = nth, _altered(connection, machine)
            break
        found = edge_of(edge)
        if found is None:
            piece.wrong = nth, f"{edge} is not an edge of the graph"
            break
        source, step = found
        place = numbers + source
        expected = at(machine)
        if expected is None:
            piece.begins[machine] = nth, place
        elif place != expected:
            piece.wrong = nth, _misplaced(machine, place, expected)
            break
        places[machine] = numbers + step
        head = stored
        nth += 1
    piece.rows, piece.head = nth, head or ""


def _seam(piece: Piece, head: str, places: Mapping[int, int]) -> tuple[int, str] | None:
    """What is wrong where a piece joins those before it, if anything."""
    if piece.named is not None and piece.named != head:
        return 0, UNLINKED
    for machine, (nth, place) in piece.begins.items():
        expected = places.get(machine, START)
        if place != expected:
            return nth, _misplaced(machine, place, expected)
    return None


def _altered(connection: sqlite.Connection, machine: int) -> str:
    found = connection.execute("SELECT 1 FROM machines WHERE id = ?", (machine,)).fetchone()
    return ALTERED if found else f"its machine {machine} is not there"


def _misplaced(machine: int, place: int, expected: int) -> str:
    (seq, attempt, source), (next_seq, next_attempt, state) = told(place), told(expected)
    if seq != next_seq:
        return f"it has seq {seq}, where machine {machine} was to have {next_seq}"
    if state in FINAL:
        return f"it leaves {state}, which is final, of machine {machine}"
    if source != state:
        return f"it starts from {source}, but machine {machine} was in {state}"
    return f"it is of attempt {attempt}, but machine {machine} was at {next_attempt}"


def _standing(connection: sqlite.Connection, anchor: int) -> dict[int, int]:
    """Where each machine stood at the anchor, as the rows up to it say."""
    if not anchor:
        return {}
    return {
        machine: spot(seq + 1, attempt + (event == Event.RETRY), State(target))
        for machine, seq, attempt, event, target in connection.execute(BEFORE, (anchor,))
    }
