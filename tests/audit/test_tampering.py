"""Whatever is done to a database, past its triggers and with the chain made anew, is found."""

from pathlib import Path

import pytest

from stillwater.audit.database import reading
from stillwater.audit.evidence import artifact
from stillwater.audit.model import AuditError, Violation
from stillwater.audit.whole import audit
from stillwater.canonical import Json
from tests.audit.world import ANSWER, RIGHT, World

ALTERED = "doesn't have the digest"


def found(world: World, **more: object) -> Violation:
    violation = world.audit(**more).violation
    assert violation is not None, "nothing was found"
    return violation


def test_an_untouched_database_holds(whole: World) -> None:
    report = whole.audit()
    assert report.violation is None
    (transitions,) = whole.ask("SELECT count(*) FROM transitions")[0]
    (artifacts,) = whole.ask("SELECT count(*) FROM artifacts")[0]
    checked = report.checked
    assert checked["transitions"] == checked["evidence"] == transitions
    assert (checked["artifacts"], checked["machines"], checked["runs"]) == (artifacts, 7, 4)
    assert (checked["baselines"], checked["verdicts"]) == (7, 8)
    assert (checked["completions"], checked["patches"]) == (13, 9)
    assert not report.underived
    assert checked["heads"] >= 2
    assert report.head is not None
    assert report.head.id == transitions


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("evidence = replace(evidence, 'code_.py', 'c0de_.py')", ALTERED),
        ("evidence = CAST(x'7bff7d' AS TEXT)", ALTERED),
        ("finished_at = replace(finished_at, '2', '3')", ALTERED),
        ("attempt = attempt + 1", ALTERED),
        ("seq = seq + 100", ALTERED),
        ("sha256 = prev_sha256", ALTERED),
        ("prev_sha256 = sha256", "doesn't name the digest"),
        ("machine_id = 99", "machine 99 is not there"),
    ],
)
def test_a_changed_transition_is_named(world: World, change: str, problem: str) -> None:
    number = world.id("told", "long", "applied")
    world.tamper(f"UPDATE transitions SET {change} WHERE id = {number}")
    violation = found(world)
    assert (violation.table, violation.row) == ("transitions", number)
    assert problem in violation.problem


@pytest.mark.parametrize("column", ["run_id", "instance_id", "arm"])
def test_a_machine_that_became_another_breaks_its_transitions(world: World, column: str) -> None:
    machine = world.machine("told", "never")
    world.tamper(f"UPDATE machines SET {column} = {column} || 'x' WHERE id = {machine}")
    (first,) = world.ask("SELECT min(id) FROM transitions WHERE machine_id = ?", machine)[0]
    assert (found(world).table, found(world).row) == ("transitions", first)


def test_a_deleted_transition_is_missed(world: World) -> None:
    number = world.id("told", "long", "applied")
    world.tamper(f"DELETE FROM transitions WHERE id = {number}")
    violation = found(world)
    assert (violation.row, violation.problem) == (
        number + 1,
        "it doesn't name the digest of the one before it",
    )


def test_transitions_that_changed_places_are_found(world: World) -> None:
    world.tamper(
        "UPDATE transitions SET id = 1000 WHERE id = 7",
        "UPDATE transitions SET id = 7 WHERE id = 8",
        "UPDATE transitions SET id = 8 WHERE id = 1000",
    )
    assert (found(world).table, found(world).row) == ("transitions", 7)


def test_a_cut_tail_is_found_by_the_heads_beside(world: World) -> None:
    last = world.id("hidden", "never", "refuted")
    world.tamper(
        f"DELETE FROM transitions WHERE id >= {last}",
        "UPDATE machines SET state = coalesce((SELECT target FROM transitions "
        "WHERE machine_id = machines.id ORDER BY seq DESC LIMIT 1), 'READ')",
        "UPDATE runs SET finished_at = NULL",
    )
    violation = found(world)
    assert violation.table == str(world.heads)
    assert "its last rows are gone" in violation.problem
    world.heads.unlink()
    assert world.audit(home=None).checked["transitions"] == last - 1


def test_a_cut_tail_leaves_machines_where_no_transition_leads(world: World) -> None:
    world.heads.unlink()
    last = world.id("hidden", "never", "refuted")
    world.tamper(f"DELETE FROM transitions WHERE id >= {last}")
    violation = found(world)
    assert violation.table == "machines"
    assert "but its transitions lead to" in violation.problem


@pytest.mark.parametrize(
    ("statement", "table", "problem"),
    [
        ("UPDATE machines SET state = 'VERIFIED'", "machines", "its transitions lead to FAILED"),
        ("UPDATE machines SET attempt = 9", "machines", "it is at attempt 9"),
        ("UPDATE machines SET model = 'anthropic/other'", "machines", "made its patch"),
        (
            "UPDATE runs SET config = json_set(config, '$.attempts', 2)",
            "machines",
            "attempt 4 of 2",
        ),
        ("UPDATE runs SET config = '{'", "runs", "not JSON"),
        ("DELETE FROM runs WHERE id = 'hidden'", "machines", "its run hidden is not there"),
        ("DELETE FROM instances", "machines", "its instance a__"),
        ("DELETE FROM artifacts WHERE kind = 'patch'", "transitions", "its patch, the artifact"),
        ("UPDATE artifacts SET content = x'00' WHERE kind = 'log'", "artifacts", "decompressed"),
        ("UPDATE artifacts SET size = size + 1 WHERE kind = 'log'", "artifacts", "bytes, not"),
    ],
)
def test_other_rows_are_held_against_the_chain(
    world: World, statement: str, table: str, problem: str
) -> None:
    world.tamper(statement)
    assert found(world).table == table
    assert problem in found(world).problem


def test_a_byte_of_an_artifact_is_found(world: World) -> None:
    (log, packed) = world.ask("SELECT sha256, content FROM artifacts WHERE kind = 'log'")[0]
    flipped = packed[:-1] + bytes([packed[-1] ^ 1])
    world.tamper(("UPDATE artifacts SET content = ? WHERE sha256 = ?", (flipped, log)))
    assert (found(world).table, found(world).row) == ("artifacts", log)


def test_an_artifact_that_nothing_names_is_found(world: World) -> None:
    world.tamper("INSERT INTO artifacts VALUES (printf('%064d', 7), 'log', 't', 0, x'')")
    assert found(world).problem == "no transition names it"


FORGERIES = [
    ("UPDATE transitions SET target = 'VERIFIED' WHERE id = {failed}", "not an edge"),
    ("UPDATE transitions SET seq = seq + 1 WHERE id = {passed}", "was to have"),
    ("UPDATE transitions SET attempt = 2 WHERE id = {failed}", "was at 1"),
    ("UPDATE transitions SET source = 'READ', event = 'defer', target = 'READ' WHERE id = {failed}",
     "was in TEST"),
    ("UPDATE transitions SET evidence = replace(evidence, ':', ': ') WHERE id = {failed}",
     "not canonical JSON"),
    ("UPDATE transitions SET evidence = '[]' WHERE id = {failed}", "names no artifacts"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "problem"), FORGERIES)
def test_a_chain_made_anew_must_still_tell_a_possible_story(
    world: World, statement: str, problem: str
) -> None:
    ids = {
        "failed": world.id("told", "never", "failed"),
        "passed": world.id("told", "long", "passed", 4),
    }
    world.heads.unlink()
    world.tamper(statement.format(**ids), rechain=True)
    assert found(world).table == "transitions"
    assert problem in found(world).problem


def test_a_machine_that_leaves_a_final_state_is_found(world: World) -> None:
    number = world.id("told", "long", "passed", 4)
    world.heads.unlink()
    world.tamper(
        "INSERT INTO transitions SELECT (SELECT max(id) + 1 FROM transitions), machine_id, "
        "seq + 1, 'REFINE', 'retry', 'GENERATE', attempt, started_at, finished_at, '{}', sha256, "
        "sha256 "
        f"FROM transitions WHERE id = {number}",
        rechain=True,
    )
    assert "leaves VERIFIED, which is final" in found(world).problem


def as_passed(world: World, number: int) -> tuple[str, ...]:
    """What makes a failed transition a passed one, and its machine verified, all else gone."""
    machine = f"(SELECT machine_id FROM transitions WHERE id = {number})"
    return (
        f"DELETE FROM transitions WHERE machine_id = {machine} AND id > {number}",
        f"UPDATE machines SET state = 'VERIFIED', attempt = 1 WHERE id = {machine}",
        f"UPDATE transitions SET event = 'passed', target = 'VERIFIED' WHERE id = {number}",
    )


def test_a_forged_verdict_does_not_follow_from_its_log(world: World) -> None:
    number = world.id("told", "never", "failed")
    told = world.evidence(number)
    told |= {
        "tests": dict.fromkeys(told["tests"], "PASSED"), "exit_code": 0,
        "fail_to_pass": {"failed": [], "passed": list(told["fail_to_pass"]["failed"])},
    }  # fmt: skip
    world.forge(number, told, *as_passed(world, number))
    assert found(world).table == str(world.heads)
    world.heads.unlink()
    violation = found(world)
    assert (violation.table, violation.row) == ("transitions", number)
    assert violation.problem == "it says passed, but its log says failed"


def test_a_verdict_with_another_log_is_found(world: World) -> None:
    number = world.id("told", "long", "passed", 4)
    world.heads.unlink()
    log = world.evidence(world.id("told", "never", "failed"))["artifacts"]["log"]
    artifacts = world.evidence(number)["artifacts"] | {"log": log}
    world.forge(number, {"artifacts": artifacts, "exit_code": 1})
    assert found(world).problem == "it says passed, but its log says failed"


@pytest.mark.parametrize(
    ("run", "name", "event", "told", "problem"),
    [
        ("told", "never", "failed", {"tests": {}}, "its tests don't follow from its log"),
        ("told", "never", "failed", {"fail_to_pass": {"failed": [], "passed": []}},
         "its fail_to_pass don't follow from its log"),
        ("told", "never", "failed", {"exit_code": 0, "problem": "made up"},
         "its problem doesn't follow from its log"),
        ("hidden", "never", "refuted", {"pass_to_pass": {"failed": [], "passed_count": 7}},
         "its pass_to_pass don't follow from its log"),
        ("hidden", "breaks", "failed", {"tests": {}}, "its tests don't follow from its log"),
        ("hidden", "never", "read", {"visible": {}}, "calls visible"),
        ("told", "never", "read", {"baseline": {"tests": {}}}, "its tests don't follow"),
        ("told", "never", "read", {"baseline": 7}, "tells of no baseline"),
        ("told", "never", "read", {"feedback": "visible"}, "its feedback is not that of its run"),
        ("told", "long", "rejected", {"problem": "made up"}, "its problem should be"),
        ("told", "long", "unusable", {"problem": "made up"}, "the problem of its completion"),
        ("told", "never", "applied", {"essence": "0" * 64}, "the essence it names"),
        ("told", "never", "applied", {"changed": ["other.py"]}, "changes other files"),
        ("told", "never", "applied", {"placed": []}, "its placed should be"),
        ("told", "never", "applied", {"made": "up"}, "its made should be None"),
        ("told", "long", "proposed", {"repairs": ["x"]}, "the repairs it names"),
        ("told", "long", "proposed", {"finish_reason": "length"}, "completion is unusable"),
        ("told", "long", "applied", {"artifacts": {}}, "its evidence names no patch"),
        ("told", "never", "failed", {"artifacts": {}}, "its evidence names no log"),
    ],
)  # fmt: skip
def test_evidence_that_does_not_follow_is_found(
    world: World, run: str, name: str, event: str, told: dict[str, Json], problem: str
) -> None:
    number = world.id(run, name, event, {"rejected": 3, "unusable": 2}.get(event, 1))
    world.heads.unlink()
    world.forge(number, told)
    assert found(world).row == number
    assert problem in found(world).problem


@pytest.mark.parametrize(
    ("event", "attempt", "name", "content", "problem"),
    [
        ("proposed", 1, "completion", ANSWER.format("return x + 7"), "its edits don't follow"),
        ("proposed", 1, "completion", "prose", "it says proposed, but its completion is unusable"),
        ("unusable", 2, "completion", ANSWER.format(RIGHT), "says unusable, but its completion"),
        ("unusable", 2, "completion", "", "the problem of its completion is another"),
        ("proposed", 1, "edits", "[]", "its edits don't follow from its completion"),
        ("applied", 1, "patch", "", "the essence it names is not its patch's"),
    ],
)
def test_an_artifact_put_in_place_of_another_is_found(
    world: World, event: str, attempt: int, name: str, content: str, problem: str
) -> None:
    number = world.id("told", "long", event, attempt)
    world.heads.unlink()
    world.forge(number, {}, name=name, content=content.encode())
    assert found(world).row == number
    assert problem in found(world).problem


def test_a_run_relabelled_as_one_that_hid_the_tests_is_found(world: World) -> None:
    world.tamper("UPDATE runs SET config = json_set(config, '$.feedback', 'visible')")
    assert "its feedback is not that of its run" in found(world).problem


def test_a_patch_with_other_lines_around_the_same_change_is_found(world: World) -> None:
    number = world.id("told", "long", "applied", 4)
    patch = world.evidence(number)["artifacts"]["patch"]
    world.heads.unlink()
    with reading(world.db) as connection:
        content = artifact(connection, number, "patch", patch)
    changed = content.replace(b" def f(x):", b" def F(x):")
    world.forge(number, {}, name="patch", content=changed)
    assert found(world).problem == "its patch doesn't follow from its edits and the base files"


def test_edits_that_were_rejected_though_they_fit_are_found(world: World) -> None:
    number = world.id("told", "long", "applied", 4)
    machine = world.machine("told", "long")
    world.heads.unlink()
    world.tamper(
        f"DELETE FROM transitions WHERE machine_id = {machine} AND id > {number}",
        f"UPDATE machines SET state = 'REFINE' WHERE id = {machine}",
        "UPDATE runs SET finished_at = NULL",
    )
    world.forge(
        number,
        {"problem": "made up", "artifacts": {}},
        f"UPDATE transitions SET event = 'rejected', target = 'REFINE' WHERE id = {number}",
    )
    assert found(world).problem == "it says rejected, but its edits are applied"


def test_damaged_pages_are_a_violation_not_a_traceback(world: World) -> None:
    content = bytearray(world.db.read_bytes())
    for at in range(8192, len(content), 4096):
        content[at : at + 64] = b"\xff" * 64
    world.db.write_bytes(content)
    assert found(world).table == "database"


def test_what_is_no_database_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database\n" * 500)
    for name in ("none.db", "text.db"):
        with pytest.raises(AuditError, match=name):
            audit(tmp_path / name)


def test_what_a_newer_version_wrote_is_not_judged(world: World) -> None:
    world.tamper("PRAGMA user_version = 99000000")
    with pytest.raises(AuditError, match="a newer Stillwater"):
        world.audit()
