"""What the model is asked, attempt by attempt: in which way, with what of a large file."""

import subprocess
import sys
from pathlib import Path

import pytest

from stillwater.estimate import tokens
from stillwater.grading.parsers import EXIT_TEST
from tests.steps.test_repairs import CODE, RIGHT, WRONG, World, answer, events, world

__all__ = ["world"]

FILE = "the WHOLE corrected file"


def grown(world: World, content: str) -> None:
    """The world with another code_.py at its base."""
    source = Path(world.row["repo_url"])
    (source / "code_.py").write_text(content)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("reset", "-q"), ("add", "code_.py"), (*identity, "commit", "-q", "-m", "more")):
        subprocess.run(["git", *words], cwd=source, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=source, check=True, capture_output=True, text=True
    )
    world.row["base_commit"] = head.stdout.strip()


def test_attempts_ask_in_turn_in_other_ways_the_first_time_without_chance(world: World) -> None:
    answers = [WRONG.replace("x + 2", f"x + {n}") for n in range(11, 16)]
    world.repair(*answers, RIGHT)
    asked = [prompt[prompt.index("## Answer") :] for prompt in world.prompts()]
    assert [FILE in one for one in asked] == [False, False, True] * 2
    assert ["explain it before" in one for one in asked] == [True, False, False] * 2
    assert [one["temperature"] for one in world.script.asked] == [0, 0, 0, 0.7, 0.7, 0.7]


def test_after_a_repeat_chance_decides(world: World) -> None:
    world.repair(WRONG, WRONG, RIGHT)
    assert [one["temperature"] for one in world.script.asked] == [0, 0, 0.7]


def test_a_whole_file_in_answer_repairs(world: World) -> None:
    whole = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x"
    text = f"FILE: code_.py\nLINES: 1-6\nREASONING: sum\n```python\n{whole}\n```\n"
    assert events(world.repair(WRONG, text))[-1] == "passed"


def test_a_file_longer_than_an_answer_is_never_asked_for_whole(world: World) -> None:
    grown(world, CODE + "x = 1\n" * 60)
    world.repair(WRONG, RIGHT, ways=("file",), max_tokens=128)
    assert [FILE in prompt for prompt in world.prompts()] == [False, False]


def test_mixed_attempts_ask_every_way_anew_and_then_tell_every_second(world: World) -> None:
    answers = [WRONG.replace("x + 2", f"x + {n}") for n in range(11, 16)]
    world.repair(*answers, RIGHT, retry="mixed")
    told = ["## Earlier attempts" in prompt for prompt in world.prompts()]
    assert told == [False, False, False, False, True, False]
    assert world.prompts()[4].count("Attempt ") == 4


def test_resampling_tells_nothing_of_earlier_attempts(world: World) -> None:
    world.repair(WRONG, RIGHT, retry="resample", ways=("definition",), find_suspects=False)
    one, two = world.prompts()
    assert one == two
    assert [asked["seed"] for asked in world.script.asked] == [0, 1]


def test_an_edit_of_a_file_shown_in_part_goes_where_its_definition_stands(world: World) -> None:
    steps = "".join(f"def step_{n}(a):\n    return a.moved({n})\n\n\n" for n in range(900))
    wrong = "def double(x):\n    return x + 1\n\n\n"
    triple = "def triple(x):\n    return 3 * x\n"
    grown(world, steps + wrong + triple)
    history = world.repair(RIGHT, num_ctx=8192)
    assert events(history)[-1] == "passed"
    (prompt,) = world.prompts()
    assert "### code_.py (parts of its 3606 lines)" in prompt
    assert "def double(x):\n    return x + 1\n" in prompt
    assert "are not shown: step_" in prompt


def test_the_oldest_attempts_are_left_out_where_the_context_ends(world: World) -> None:
    steps = "".join(f"def step_{n}(a):\n    return a.moved({n})\n\n\n" for n in range(900))
    grown(world, steps + CODE)
    words = "one and another, " * 20
    answers = [
        answer("def double(x):\n" + f"    kept = '{n} {words}'\n" * 8 + "    return x + 3")
        for n in range(5)
    ]
    world.script.prompt_tokens = 5000
    world.repair(*answers, RIGHT, num_ctx=8192, max_tokens=1024, retry="feedback")
    asked = [one["messages"] for one in world.script.asked]
    sizes = [sum(tokens(one["content"]) for one in messages) for messages in asked]
    assert max(sizes) <= 8192 - 1024
    last = world.prompts()[-1]
    assert "Attempt 5" in last
    assert "Attempt 1" not in last


def test_an_answer_may_be_as_long_as_an_edit_needs_and_no_longer(world: World) -> None:
    world.repair(WRONG, WRONG, RIGHT, max_tokens=4096)
    assert [asked["max_tokens"] < 500 for asked in world.script.asked] == [False, True, True]

    grown(world, "def double(x):\n" + "    x = x + 1\n" * 300 + "    return x\n")
    world.script.asked.clear()
    (world.folder / "s.db").unlink()
    world.repair(RIGHT, max_tokens=2048, num_ctx=16384)
    assert [asked["max_tokens"] for asked in world.script.asked] == [2048]


def test_a_model_that_thinks_may_do_so_besides_its_answer(world: World) -> None:
    world.repair(WRONG, RIGHT, max_tokens=4096)
    without = [asked["max_tokens"] for asked in world.script.asked]
    world.script.asked.clear()
    (world.folder / "s.db").unlink()
    thoughts = "<think>\nThree is wrong.\n</think>\n"
    history = world.repair(WRONG, thoughts + RIGHT, max_tokens=4096, thinking_tokens=3000)
    assert [asked["max_tokens"] for asked in world.script.asked] == [3000 + n for n in without]
    assert events(history)[-1] == "passed"


def test_a_model_that_thinks_is_shown_less_where_the_context_is_short(world: World) -> None:
    steps = "".join(f"def step_{n}(a):\n    return a.moved({n})\n\n\n" for n in range(900))
    grown(world, steps + CODE)
    world.script.prompt_tokens = 5000
    world.repair(RIGHT, num_ctx=8192, max_tokens=1024, thinking_tokens=4000)
    (asked,) = world.script.asked
    assert sum(tokens(one["content"]) for one in asked["messages"]) <= 8192 - 1024 - 4000


def test_no_failure_is_told_twice(world: World) -> None:
    other = WRONG.replace("x + 2", "2 + x")
    world.repair(WRONG, other, WRONG.replace("x + 2", "x + 1 + 0"), RIGHT, ways=("definition",))
    *_, last = world.prompts()
    assert last.count("assert 6 == 8") == 1
    assert "RESULT: The same as of attempt 1." in last
    assert "RESULT: The same failures as before any change." in last
    assert "+    return x + 2\n```" in last
    assert "triple" not in last[last.index("## Earlier attempts") :]


def test_what_an_answer_without_code_found_is_told_to_the_next(world: World) -> None:
    world.repair("REASONING: It adds where it should multiply,\nso `2 * x` is right.", RIGHT)
    assert (
        "It said: REASONING: It adds where it should multiply, so `2 * x` is right."
        in (world.prompts()[1])
    )


def test_the_model_reads_the_failing_test_itself_though_only_the_fix_brings_it(
    world: World,
) -> None:
    world.repair(WRONG, RIGHT)
    for prompt in world.prompts():
        failing = prompt.split("## Failing tests")[1]
        assert "### tests/test_hidden.py, lines " in failing
        assert "def test_double():" in failing


def test_later_attempts_are_sent_to_the_next_function_that_the_failing_tests_call(
    world: World,
) -> None:
    other = "def half(x):\n    return x // 2\n\n\n"
    body = "def double(x):\n    half(x)\n    y = x\n    return y + 1\n"
    grown(world, other + body + "\n\ndef triple(x):\n    return 3 * x\n")

    history = world.repair(WRONG, WRONG, WRONG)

    found = history[0].evidence["suspects"]
    assert isinstance(found, list)
    assert [(one["name"], one["failing"], one["passing"]) for one in found] == [
        ("double", 1, 0),
        ("half", 1, 0),
    ]
    asked = [prompt.rpartition("## Answer")[2] for prompt in world.prompts()]
    assert ["double of code_.py" in one for one in asked] == [False, True, False]
    assert ["half of code_.py" in one for one in asked] == [False, False, True]
    listed = "- double in code_.py, lines 5-8\n- half in code_.py, lines 1-2\n"
    listed += "\nCalls in the failing tests:\n- double(4) returned 5\n- half(4) returned 2\n"
    for prompt in world.prompts():
        assert listed in prompt


def test_without_the_failing_tests_nobody_is_suspect(world: World) -> None:
    for settings in ({"feedback": "visible"}, {"find_suspects": False}):
        world.folder = world.folder / "next"
        world.folder.mkdir()
        history = world.repair(WRONG, **settings)
        assert "suspects" not in history[0].evidence
    assert not any("likeliest cause" in prompt for prompt in world.prompts())


def test_an_exit_status_has_no_tests_whose_calls_could_be_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.row |= {"log_parser": "exit", "FAIL_TO_PASS": [EXIT_TEST], "PASS_TO_PASS": []}
    runs: list[str] = []
    monkeypatch.setattr(sys.modules["stillwater.steps.read"], "calls_of_tests", runs.append)
    assert events(world.repair(RIGHT))[-1] == "passed"
    assert not runs


def test_where_no_whole_file_fits_no_question_is_asked_twice(world: World) -> None:
    grown(world, CODE + "x = 1\n" * 60)
    answers = [WRONG.replace("x + 2", f"x + {n}") for n in (11, 12)]
    world.repair(*answers, RIGHT, retry="mixed", max_tokens=128, find_suspects=False)
    first, second, third = world.prompts()
    assert first != second
    assert first == third
    assert [one["temperature"] for one in world.script.asked] == [0, 0, 0.7]


@pytest.mark.slow
def test_a_loop_without_end_is_shown_and_repaired(world: World) -> None:
    looping = CODE.replace("    return x + 1\n", "    while x:\n        pass\n    return x\n")
    grown(world, looping)
    history = world.repair(RIGHT, test_timeout=10.0)

    assert events(history) == ["read", "proposed", "applied", "passed"]
    (prompt,) = world.prompts()
    assert "The test doesn't end: it loops or waits within `double` of code_.py." in prompt
    assert "- double in code_.py, lines 1-4" in prompt


def test_a_function_is_asked_for_anew_without_its_old_body(world: World) -> None:
    right = answer('def double(x):\n    """Twice x."""\n    return 2 * x')
    grown(world, CODE.replace("    return x + 1\n", '    """Twice x."""\n    return x + 1\n'))
    history = world.repair(right, ways=("anew",))

    assert events(history) == ["read", "proposed", "applied", "passed"]
    (prompt,) = world.prompts()
    files, _, asked = prompt.partition("## Answer")
    assert "    return x + 1\n" not in files.partition("## Failing tests")[0]
    assert '    """Twice x."""\n    ...  # left out: it was wrong\n' in files
    assert 'It begins:\n\n```python\ndef double(x):\n    """Twice x."""\n```' in asked
    assert "FILE: code_.py\nLINES: 1-3\n" in asked


def test_without_a_known_function_its_repair_is_asked_for(world: World) -> None:
    world.repair(RIGHT, ways=("anew",), find_suspects=False)

    (prompt,) = world.prompts()
    assert "the whole corrected function or method" in prompt
