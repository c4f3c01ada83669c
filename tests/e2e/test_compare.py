"""`stillwater compare` as a person uses it: interleaved, killed, resumed, audited, reported."""

import json
from pathlib import Path

import pytest

from tests.e2e.audit import audited, check_paths, result
from tests.e2e.command import killed, started, stillwater
from tests.patience import DEADLINE

COMPARE = (
    "compare", "samples", "--instance", "*-1?", "--limit", "2", "--model", "builtin/mutate",
    "--sandbox", "local", "--set", "sandbox_slots=2",
)  # fmt: skip
ARMS = ("--arm", "once", "--arm", "twice")
TOML = """
[arms.once]
attempts = 1
feedback = "visible"
[arms.twice]
attempts = 2
retry = "resample"
"""


def test_arms_are_compared_in_one_run_that_survives_kills(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    for folder in (undisturbed, disturbed):
        folder.mkdir()
        (folder / "stillwater.toml").write_text(TOML)
    words = (*COMPARE, *ARMS)
    done = stillwater(undisturbed, *words)
    assert done.returncode == 0, done.stderr
    assert "Pairs of arms" in done.stdout
    assert "Final: once 0/2 (0%), twice 0/2 (0%)" in done.stdout
    told = json.loads(stillwater(undisturbed, "report", "--json").stdout)
    arms = {one["arm"]: one for one in told["comparison"]["arms"]}
    assert {name: (one["attempts"], one["feedback"]) for name, one in arms.items()} == {
        "once": (1, "visible"), "twice": (2, "tests"),
    }  # fmt: skip
    assert (arms["once"]["calls"], arms["twice"]["calls"]) == (2, 4)
    by_machine = [(one["instance_id"], one["arm"]) for one in told["machines"]]
    assert [arm for _, arm in by_machine] == ["once", "twice", "twice", "once"]

    process = started(disturbed, *words)
    for after in (3.0, 2.0, 4.0):
        if not killed(process, after):
            break
        begun = (disturbed / "stillwater.db").exists() and any_run(disturbed)
        process = started(disturbed, *(("resume",) if begun else words))
    process.wait(DEADLINE)
    assert stillwater(disturbed, "resume").returncode == 0
    assert result(disturbed / "stillwater.db") == result(undisturbed / "stillwater.db")
    for folder in (undisturbed, disturbed):
        check_paths(folder / "stillwater.db")
        audited(folder)
    replayed = stillwater(disturbed, "replay")
    assert "Replayed 4 machines" in replayed.stdout, replayed.stdout + replayed.stderr
    assert "no difference" in replayed.stdout
    shown = stillwater(undisturbed, "show", by_machine[0][0], "--arm", "once").stdout
    assert "feedback = visible" in shown


def any_run(folder: Path) -> bool:
    return "run " in stillwater(folder, "report").stdout


def test_attempts_on_the_command_line_give_all_arms_as_many_calls(tmp_path: Path) -> None:
    words = (*COMPARE, "--limit", "1", "--arm", "direct", "--arm", "resample", "--attempts", "2")
    done = stillwater(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(stillwater(tmp_path, "report", "--json").stdout)["comparison"]
    assert [one["calls"] for one in told["arms"]] == [2, 2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--arm", "direct"), "--arm direct alone can't be compared"),
        (("--arm", "direct", "--arm", "direct"), "--arm direct is given twice"),
        (("--arm", "direct", "--arm", "dirct"), "there is no arm dirct; did you mean direct?"),
        (("--arm", "direct", "--arm", "wide"), r"[arms.wide] sets model_slots, which the arms"),
        (("--arm", "direct", "--arm", "odd"), "[arms.odd]: 'atempts' is no setting"),
    ],
)
def test_what_can_t_be_compared_is_refused(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "stillwater.toml").write_text(
        "[arms.wide]\nmodel_slots = 2\n[arms.odd]\natempts = 2\n"
    )
    done = stillwater(tmp_path, "compare", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "stillwater.db").exists()
