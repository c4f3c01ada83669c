import json
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.canonical import Json, canonical, digest
from stillwater.machine import Event
from stillwater.store import NewRung, Store
from stillwater.store.record import Record
from tests.holds import holds
from tests.store.stories import exhaust, fire_on, repair_at_second_attempt

APPEND_ONLY = "append only"
FORBIDDEN = [
    ("UPDATE transitions SET evidence = '{}'", APPEND_ONLY),
    ("DELETE FROM transitions", APPEND_ONLY),
    ("INSERT OR REPLACE INTO transitions SELECT * FROM transitions", f"{APPEND_ONLY}|starts from"),
    ("UPDATE artifacts SET kind = 'x'", APPEND_ONLY),
    ("DELETE FROM artifacts", APPEND_ONLY),
    ("INSERT OR REPLACE INTO artifacts SELECT * FROM artifacts", APPEND_ONLY),
    ("UPDATE instances SET content = '{}'", APPEND_ONLY),
    ("DELETE FROM instances", APPEND_ONLY),
    ("INSERT OR REPLACE INTO instances SELECT * FROM instances", APPEND_ONLY),
    ("DELETE FROM runs", APPEND_ONLY),
    ("INSERT OR REPLACE INTO runs SELECT * FROM runs", APPEND_ONLY),
    ("UPDATE runs SET config = '{}'", "only finished_at is set, once"),
    ("UPDATE runs SET config = '{}', finished_at = created_at", "only finished_at"),
    ("DELETE FROM machines", APPEND_ONLY),
    ("INSERT OR REPLACE INTO machines SELECT * FROM machines", APPEND_ONLY),
    ("UPDATE machines SET state = 'VERIFIED'", "target of its last transition"),
    ("UPDATE machines SET arm = 'x'", "keep their run, instance and arm"),
    ("UPDATE rungs SET holds = 1", APPEND_ONLY),
    ("DELETE FROM rungs", APPEND_ONLY),
    ("INSERT OR REPLACE INTO rungs SELECT * FROM rungs", f"{APPEND_ONLY}|names the digest"),
]

TRANSITION = (
    "INSERT INTO transitions (machine_id, seq, source, event, target, attempt, started_at, "
    "finished_at, evidence, prev_sha256, sha256) SELECT machine_id, {seq}, {source}, {event}, "
    "{target}, 1, started_at, finished_at, {evidence}, {prev}, sha256 "
    "FROM transitions WHERE machine_id = 1 ORDER BY seq DESC LIMIT 1"
)
FITTING = {
    "seq": "seq + 1",
    "source": "'GENERATE'",
    "event": "'proposed'",
    "target": "'APPLY'",
    "evidence": "'{}'",
    "prev": "sha256",
}


@pytest.mark.parametrize("recursive", [True, False])
@pytest.mark.parametrize(("statement", "message"), FORBIDDEN)
def test_whoever_asks_evidence_is_append_only(
    store: Store, statement: str, message: str, recursive: bool
) -> None:
    fire_on(store, 1, Event.READ, blobs={"log": "x"})
    store.add_rung(NewRung("run-1", 641, False, "0.1.0", {}))
    raw = sqlite.connect(store.path, isolation_level=None)
    raw.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(sqlite.IntegrityError, match=message):
        raw.execute(statement)
    raw.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, None),
        ({"seq": "seq + 2", "prev": "'" + "1" * 64 + "'"}, "digest of the one before"),
        ({"seq": "seq"}, APPEND_ONLY),
        ({"source": "'APPLY'"}, "starts from the state"),
        ({"target": "'TEST'"}, "ck_transitions_edge"),
        ({"event": "'wished'"}, "ck_transitions_event"),
        ({"evidence": "'{'"}, "ck_transitions_evidence"),
    ],
)
def test_a_forged_transition_must_fit(
    store: Store, wrong: dict[str, str], message: str | None
) -> None:
    fire_on(store, 1, Event.READ)
    raw = sqlite.connect(store.path, isolation_level=None)
    statement = TRANSITION.format(**{**FITTING, **wrong})
    if message is None:
        raw.execute(statement)
    else:
        with pytest.raises(sqlite.IntegrityError, match=message):
            raw.execute(statement)
    raw.close()
    assert holds(store.path) is (message is not None)


def test_finished_at_is_set_once(store: Store) -> None:
    store.finish_run("run-1")
    raw = sqlite.connect(store.path, isolation_level=None)
    with pytest.raises(sqlite.IntegrityError, match="once"):
        raw.execute("UPDATE runs SET finished_at = created_at")
    raw.close()


def test_the_chain_runs_through_all_machines(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    exhaust(store, 2)
    assert holds(store.path)
    rows = sqlite.connect(store.path).execute("SELECT prev_sha256, sha256 FROM transitions")
    pairs = rows.fetchall()
    assert len(pairs) == 12
    assert [named for named, _ in pairs] == ["0" * 64] + [sha256 for _, sha256 in pairs[:-1]]


def test_a_flipped_bit_in_the_file_is_found(db: Path, store: Store) -> None:
    fire_on(store, 1, Event.READ, {"note": "unmistakable"})
    store.close()
    content = bytearray(db.read_bytes())
    content[content.index(b"unmistakable")] ^= 1
    db.write_bytes(content)
    assert not holds(db)


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    texts, texts, texts, st.integers(1, 2**53 - 1), st.dictionaries(texts, texts | st.floats(0, 1))
)
def test_the_digest_is_that_of_one_canonical_object(
    run: str, instance: str, arm: str, number: int, evidence: dict[str, Json]
) -> None:
    fields: dict[str, str | int] = {
        "machine_id": number,
        "run_id": run,
        "instance_id": instance,
        "arm": arm,
        "seq": number,
        "source": "READ",
        "event": "read",
        "target": "GENERATE",
        "attempt": 1,
        "started_at": "2026-11-23T12:00:00.000000Z",
        "finished_at": "2026-11-23T12:00:00.000001Z",
        "prev_sha256": "0" * 64,
    }
    record = Record(evidence=canonical(evidence), **fields)  # type: ignore[arg-type]
    assert record.sha256 == digest(canonical({**fields, "evidence": evidence}))


def test_anyone_can_recompute_a_digest_from_the_stored_row(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    raw = sqlite.connect(store.path)
    raw.row_factory = sqlite.Row
    rows = raw.execute(
        "SELECT machine_id, run_id, instance_id, arm, seq, source, event, target, t.attempt, "
        "started_at, finished_at, evidence, prev_sha256, sha256 "
        "FROM transitions AS t JOIN machines AS m ON m.id = machine_id"
    ).fetchall()
    raw.close()
    for row in rows:
        content = {**dict(row), "evidence": json.loads(row["evidence"])}
        expected = content.pop("sha256")
        assert digest(canonical(content)) == expected
