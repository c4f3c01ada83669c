import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from stillwater.store import SchedulerLease, Store

from .conftest import Cli, create


def test_runs_are_listed_newest_first(cli: Cli, unfinished: Path) -> None:
    lines = cli.out("status", "--db", unfinished).splitlines()
    assert lines[1].startswith("run-new")
    assert "unfinished" in lines[1]
    assert lines[2].startswith("run-old")
    assert "3: 2 FAILED, 1 VERIFIED" in lines[2]
    assert "builtin/mutate" in lines[2]


def test_the_unfinished_run_says_what_each_machine_does(cli: Cli, unfinished: Path) -> None:
    shown = cli.out("status", "--db", unfinished)
    assert "ledger__ledger-101  APPLY" in shown
    assert "proposed: builtin/mutate, 1200+80 tokens" in shown
    assert "1 not begun" in shown
    assert f"stillwater resume run-new --db {unfinished}" in shown


def test_a_living_scheduler_is_named(cli: Cli, unfinished: Path) -> None:
    with SchedulerLease.acquire(unfinished, "run-new"):
        shown = cli.out("status", "--db", unfinished)
    assert f"A scheduler works on it: pid {os.getpid()} on {socket.gethostname()}" in shown
    assert "resume" not in shown


def test_a_dead_scheduler_is_told_from_a_living_one(cli: Cli, unfinished: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock = unfinished.with_name(unfinished.name + ".lock")
    lock.write_text(json.dumps({"pid": ended.pid, "host": socket.gethostname()}))
    assert "is gone. Go on with: stillwater resume run-new" in cli.out("status", "--db", unfinished)


def test_a_process_of_another_boot_is_no_scheduler(cli: Cli, unfinished: Path) -> None:
    lock = unfinished.with_name(unfinished.name + ".lock")
    names = {"pid": os.getpid(), "host": socket.gethostname(), "boot_id": "another"}
    lock.write_text(json.dumps(names))
    assert "is gone. Go on with: stillwater resume run-new" in cli.out("status", "--db", unfinished)


def test_each_unfinished_run_is_told_and_the_one_that_is_driven_named(
    cli: Cli, unfinished: Path
) -> None:
    with Store.open(unfinished) as store:
        create(store, "run-newest", ("ledger__ledger-101",))
    lock = unfinished.with_name(unfinished.name + ".lock")
    names = {"pid": os.getpid(), "host": socket.gethostname(), "run": "run-new", "boot_id": "x"}
    lock.write_text(json.dumps(names))
    shown = cli.out("status", "--db", unfinished)
    assert f"stillwater resume run-new --db {unfinished}" in shown
    assert "ledger__ledger-101  APPLY" in shown
    assert "Run run-newest:\n1 not begun" in shown


def test_a_scheduler_elsewhere_is_not_declared_dead(cli: Cli, unfinished: Path) -> None:
    lock = unfinished.with_name(unfinished.name + ".lock")
    lock.write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    assert "can't be seen from here" in cli.out("status", "--db", unfinished)


def test_without_a_database_it_says_how_to_begin(cli: Cli, tmp_path: Path) -> None:
    assert "`stillwater run`" in cli.refuses("status", "--db", tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_without_a_run_it_says_how_to_begin(cli: Cli, tmp_path: Path) -> None:
    Store.open(tmp_path / "empty.db").close()
    assert "holds no run yet" in cli.refuses("status", "--db", tmp_path / "empty.db")


def test_reading_commands_import_neither_litellm_nor_docker(unfinished: Path) -> None:
    script = """
import sys, typer
from typer.testing import CliRunner
from stillwater.cli import doctor, export, progress, report, results, show, status
app = typer.Typer()
for command in (status, show, report, doctor):
    app.command(command.__name__.rpartition(".")[2])(command.command)
app.command("predictions")(export.predictions)
assert CliRunner().invoke(app, ["--help"]).exit_code == 0
for words in (["status"], ["show", "ledger-101"], ["report", "--json"], ["predictions"]):
    assert CliRunner().invoke(app, [*words, "--db", sys.argv[1]]).exit_code == 0, words
heavy = {"litellm", "docker", "alembic", "pyarrow", "datasets", "ray"} & set(sys.modules)
sys.exit(" ".join(sorted(heavy)) or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(unfinished)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
