import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.canonical import Json, canonical, digest
from stillwater.machine import Event
from stillwater.store import NewRung, Store
from stillwater.store.record import Record
from tests.holds import holds
from tests.store.raw import on_file, on_server, raw, refusal
from tests.store.stories import exhaust, fire_on, repair_at_second_attempt

APPEND_ONLY = "append only"
FORBIDDEN = [
    ("UPDATE transitions SET evidence = '{}'", APPEND_ONLY),
    ("DELETE FROM transitions", APPEND_ONLY),
    ("UPDATE artifacts SET kind = 'x'", APPEND_ONLY),
    ("DELETE FROM artifacts", APPEND_ONLY),
    ("UPDATE instances SET content = '{}'", APPEND_ONLY),
    ("DELETE FROM instances", APPEND_ONLY),
    ("DELETE FROM runs", APPEND_ONLY),
    ("UPDATE runs SET config = '{}'", "only finished_at is set, once"),
    ("UPDATE runs SET config = '{}', finished_at = created_at", "only finished_at"),
    ("DELETE FROM machines", APPEND_ONLY),
    ("UPDATE machines SET state = 'VERIFIED'", "target of its last transition"),
    ("UPDATE machines SET arm = 'x'", "keep their run, instance and arm"),
    ("UPDATE rungs SET holds = 1", APPEND_ONLY),
    ("DELETE FROM rungs", APPEND_ONLY),
]
REPLACED = {
    "transitions": f"{APPEND_ONLY}|starts from|names the digest",
    "artifacts": APPEND_ONLY,
    "instances": APPEND_ONLY,
    "runs": APPEND_ONLY,
    "machines": APPEND_ONLY,
    "rungs": f"{APPEND_ONLY}|names the digest",
}

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


def written(store: Store) -> None:
    """Something is in every table."""
    fire_on(store, 1, Event.READ, blobs={"log": "x"})
    store.add_rung(NewRung("run-1", 641, False, "0.1.0", {}))


@pytest.mark.parametrize(("statement", "message"), FORBIDDEN)
def test_whoever_asks_evidence_is_append_only(store: Store, statement: str, message: str) -> None:
    written(store)
    with raw(store.path) as client, pytest.raises(refusal(store.path), match=message):
        client.execute(statement)


@on_file
@pytest.mark.parametrize("recursive", [True, False])
@pytest.mark.parametrize("table", REPLACED)
def test_nothing_is_replaced(store: Store, table: str, recursive: bool) -> None:
    written(store)
    with raw(store.path) as client:
        client.execute(f"PRAGMA recursive_triggers = {recursive}")
        with pytest.raises(refusal(store.path), match=REPLACED[table]):
            client.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@on_server
@pytest.mark.parametrize("table", REPLACED)
def test_nothing_is_truncated_or_replaced_on_a_server(store: Store, table: str) -> None:
    written(store)
    key = "sha256" if table == "artifacts" else "id"
    with raw(store.path) as client:
        with pytest.raises(refusal(store.path), match=APPEND_ONLY):
            client.execute(f"TRUNCATE {table} CASCADE")
        replaced = f"ON CONFLICT ({key}) DO UPDATE SET {key} = EXCLUDED.{key}"
        with pytest.raises(refusal(store.path), match=REPLACED[table]):
            client.execute(f"INSERT INTO {table} SELECT * FROM {table} {replaced}")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, None),
        ({"seq": "seq + 2", "prev": "'" + "1" * 64 + "'"}, "digest of the one before"),
        ({"seq": "seq"}, APPEND_ONLY),
        ({"source": "'APPLY'"}, "starts from the state"),
        ({"target": "'TEST'"}, "ck_transitions_edge"),
        ({"event": "'wished'"}, "ck_transitions_e(vent|dge)"),
        ({"evidence": "'{'"}, "ck_transitions_evidence"),
    ],
)
def test_a_forged_transition_must_fit(
    store: Store, wrong: dict[str, str], message: str | None
) -> None:
    fire_on(store, 1, Event.READ)
    statement = TRANSITION.format(**{**FITTING, **wrong})
    with raw(store.path) as client:
        if message is None:
            client.execute(statement)
        else:
            with pytest.raises(refusal(store.path), match=message):
                client.execute(statement)
    assert holds(store.path) is (message is not None)


def test_finished_at_is_set_once(store: Store) -> None:
    store.finish_run("run-1")
    with raw(store.path) as client, pytest.raises(refusal(store.path), match="once"):
        client.execute("UPDATE runs SET finished_at = created_at")


def test_the_chain_runs_through_all_machines(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    exhaust(store, 2)
    assert holds(store.path)
    with raw(store.path) as client:
        rows = client.execute("SELECT id, prev_sha256, sha256 FROM transitions ORDER BY id")
        numbers, *columns = zip(*rows.fetchall(), strict=True)
    pairs = list(zip(*columns, strict=True))
    assert numbers == tuple(range(1, 13))
    assert [named for named, _ in pairs] == ["0" * 64] + [sha256 for _, sha256 in pairs[:-1]]


@on_file
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
    with raw(store.path) as client:
        rows = client.rows(
            "SELECT machine_id, run_id, instance_id, arm, seq, source, event, target, t.attempt, "
            "started_at, finished_at, evidence, prev_sha256, sha256 "
            "FROM transitions AS t JOIN machines AS m ON m.id = machine_id"
        )
    for row in rows:
        content = {**row, "evidence": json.loads(row["evidence"])}
        expected = content.pop("sha256")
        assert digest(canonical(content)) == expected
