from pathlib import Path

import pytest

from .conftest import PATCH, Cli


def test_the_timeline_tells_every_step_and_the_verified_patch(cli: Cli, db: Path) -> None:
    shown = cli.out("show", "ledger__ledger-101", "--db", db)
    assert "ledger__ledger-101  verified  attempt 2  run run-old" in shown
    assert "READ --read--> GENERATE" in shown
    assert "ledger/money.py; before: 1 passed, 1 failed" in shown
    assert "builtin/mutate, 1200+80 tokens (600 cached)" in shown
    assert "ledger/money.py:1-1 (exact)" in shown
    assert "TEST --failed--> REFINE" in shown
    assert "tests still fail" in shown
    assert "The verified patch:\n--- a/ledger/money.py" in shown
    assert "not a SWE-bench score" in shown


@pytest.mark.parametrize("kind", ["--completion", "--log", "--feedback"])
def test_no_escape_of_a_model_or_a_test_reaches_the_terminal(cli: Cli, db: Path, kind: str) -> None:
    shown = cli.out("show", "ledger__ledger-101", kind, "--attempt", "1", "--db", db)
    assert shown.rstrip().endswith("red bell [bold]not markup[/bold]")
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_the_timeline_itself_is_free_of_escapes_and_markup(cli: Cli, db: Path) -> None:
    shown = cli.out("show", "ledger__ledger-102", "--db", db)
    assert "only prose red bell [bold]not markup[/bold]" in shown
    assert "\x1b" not in shown
    assert "model down; waits 2 s" in shown


def test_a_piped_patch_keeps_every_byte(cli: Cli, db: Path) -> None:
    result = cli("show", "ledger__ledger-101", "--patch", "--db", db)
    assert result.stdout_bytes == PATCH.encode()


def test_an_artifact_is_that_of_the_last_attempt_that_has_one(cli: Cli, db: Path) -> None:
    def show(*words: str) -> str:
        return cli.out("show", "ledger__ledger-101", *words, "--db", db)

    assert show("--log") == "all passed\n"
    assert show("--log", "--attempt", "0") == "baseline log\n"
    assert show("--feedback", "--attempt", "0") == "t::a fails\n"
    assert show("--completion") == "an answer\n"
    assert show("--prompt").startswith("[user]\n")
    assert show("--prompt", "--raw").startswith('[{"content"')


def test_a_missing_artifact_says_which_attempts_have_it(cli: Cli, db: Path) -> None:
    refused = cli.refuses("show", "ledger__ledger-102", "--patch", "--attempt", "2", "--db", db)
    assert refused == "ledger__ledger-102 has no patch of attempt 2; attempts that have one: 1"
    refused = cli.refuses("show", "waypost", "--patch", "--db", db)
    assert refused == "waypost__way-7 has no patch in any attempt"


def test_two_artifacts_at_once_are_refused(cli: Cli, db: Path) -> None:
    assert "one of them at a time" in cli.refuses("show", "way", "--log", "--patch", "--db", db)


def test_an_instance_may_be_named_by_a_part_only_it_has(cli: Cli, db: Path) -> None:
    assert "waypost__way-7  failed" in cli.out("show", "way-7", "--db", db)
    assert "the tests can't run (exit code 4)" in cli.out("show", "WAYPOST", "--db", db)


def test_an_ambiguous_name_lists_those_it_may_mean(cli: Cli, db: Path) -> None:
    refused = cli.refuses("show", "ledger", "--db", db)
    assert "ledger__ledger-101, ledger__ledger-102" in refused


def test_an_unknown_name_suggests_the_nearest(cli: Cli, db: Path) -> None:
    refused = cli.refuses("show", "ledgre__ledger-102", "--db", db)
    assert "did you mean ledger__ledger-102" in refused


def test_the_newest_run_that_has_the_instance_is_shown(cli: Cli, unfinished: Path) -> None:
    assert "run run-new" in cli.out("show", "ledger__ledger-101", "--db", unfinished)
    assert "run run-old" in cli.out("show", "way-7", "--db", unfinished)
    old = cli.out("show", "ledger__ledger-101", "--run", "run-o", "--db", unfinished)
    assert "run run-old" in old


def test_a_machine_without_steps_says_so(cli: Cli, unfinished: Path) -> None:
    assert "No step has ended yet." in cli.out("show", "ledger-102", "--db", unfinished)
