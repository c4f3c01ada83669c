import json
from pathlib import Path

from stillwater.canonical import Json
from stillwater.cli.export import file_names
from stillwater.machine import Event
from stillwater.store import Store

from .conftest import PATCH, Bench, Cli, create

MODEL = "stillwater-0.1.0+builtin/mutate+tests-feedback"


def test_predictions_are_one_line_an_instance(cli: Cli, db: Path) -> None:
    lines = cli.out("export", "predictions", "--db", db).splitlines()
    made = [json.loads(line) for line in lines]
    assert made == [
        {"instance_id": "ledger__ledger-101", "model_name_or_path": MODEL, "model_patch": PATCH},
        {"instance_id": "ledger__ledger-102", "model_name_or_path": MODEL, "model_patch": ""},
        {"instance_id": "waypost__way-7", "model_name_or_path": MODEL, "model_patch": ""},
    ]


def test_the_last_patch_of_unverified_machines_on_request(cli: Cli, db: Path) -> None:
    lines = cli.out("export", "predictions", "--last", "--db", db).splitlines()
    patches = [json.loads(line)["model_patch"] for line in lines]
    assert patches == [PATCH, "--- a/y\n+++ b/y\n", ""]


def test_visible_feedback_leaves_the_model_name_as_it_is(cli: Cli, tmp_path: Path) -> None:
    db = tmp_path / "visible.db"
    with Store.open(db) as store:
        (machine,) = create(store, "run-1", ("a__a-1",), feedback="visible")
        bench = Bench(store)
        bench.read(machine)
        bench.verify(machine)
    (line,) = cli.out("export", "predictions", "--db", db).splitlines()
    assert json.loads(line)["model_name_or_path"] == "stillwater-0.1.0+builtin/mutate"


def test_a_json_file_holds_one_object_by_instance(cli: Cli, db: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "preds.json"
    out.parent.mkdir()
    out.write_text("older")
    cli.out("export", "predictions", "--out", out, "--db", db)
    made = json.loads(out.read_text())
    assert made["ledger__ledger-101"]["model_patch"] == PATCH
    assert list(out.parent.iterdir()) == [out]


def test_a_file_that_cannot_be_written_is_refused(cli: Cli, db: Path, tmp_path: Path) -> None:
    out = tmp_path / "no" / "such" / "folder.jsonl"
    assert "can't be written" in cli.refuses("export", "predictions", "--out", out, "--db", db)


def test_patches_are_one_file_for_each_verified_instance(
    cli: Cli, db: Path, tmp_path: Path
) -> None:
    out = tmp_path / "patches"
    cli.out("export", "patches", "--out", out, "--db", db)
    assert [path.name for path in out.iterdir()] == ["ledger__ledger-101.patch"]
    assert (out / "ledger__ledger-101.patch").read_bytes() == PATCH.encode()


def test_a_folder_that_holds_something_is_left_alone_unless_forced(
    cli: Cli, db: Path, tmp_path: Path
) -> None:
    out = tmp_path / "patches"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    assert "--force" in cli.refuses("export", "patches", "--out", out, "--db", db)
    cli.out("export", "patches", "--out", out, "--force", "--db", db)
    assert (out / "mine.txt").read_text() == "keep"
    assert (out / "ledger__ledger-101.patch").exists()


def test_no_instance_id_can_leave_the_folder_hide_or_collide() -> None:
    ids = ["../../etc/passwd", ".hidden", "a/b", "a_b", "A_B", "..", "x" * 400]
    names = file_names(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    for name in names.values():
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) < 200


def test_a_run_of_several_arms_asks_which(cli: Cli, tmp_path: Path) -> None:
    db = tmp_path / "arms.db"
    with Store.open(db) as store:
        store.create_run(
            run_id="run-1",
            dataset="samples",
            dataset_sha256="b" * 64,
            config={},
            version="0.1.0",
            rows=[{"instance_id": "a__a-1"}],
            arms={"default": "m", "long": "m"},
        )
        for row in store.machines("run-1"):
            Bench(store).go(row.id, Event.ABORT, {"reason": "cancelled"})
    assert "--arm" in cli.refuses("export", "predictions", "--db", db)
    assert "--arm" in cli.refuses("show", "a__a-1", "--db", db)
    assert len(cli.out("export", "predictions", "--arm", "long", "--db", db).splitlines()) == 1


def test_what_is_not_finished_is_no_empty_answer(cli: Cli, unfinished: Path) -> None:
    result = cli("export", "predictions", "--db", unfinished)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 of 2 instances are left out" in result.stderr
    assert "stillwater resume run-new" in result.stderr


def test_the_predictions_of_a_chain_have_one_name(cli: Cli, tmp_path: Path) -> None:
    db = tmp_path / "chain.db"
    chain: list[Json] = ["openai/a", "openai/b"]
    with Store.open(db) as store:
        machines = create(store, "run-1", ("a__a-1", "a__a-2"), models=chain, model_attempts=1)
        bench = Bench(store)
        for machine in machines:
            bench.read(machine)
            bench.verify(machine)
    made = map(json.loads, cli.out("export", "predictions", "--db", db).splitlines())
    assert {one["model_name_or_path"] for one in made} == {
        "stillwater-0.1.0+openai/a+openai/b+tests-feedback"
    }
