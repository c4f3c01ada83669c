"""With feedback = "visible", nothing of the hidden tests ever reaches a prompt."""

import json
import subprocess
from pathlib import Path

import pytest

from stillwater.snapshot import Past
from stillwater.store import Store
from tests.steps.test_repairs import World, answer, events, world

__all__ = ["world"]

MARK = "Zanzibar"
OLD = "def test_double():\n    from code_ import double\n\n    assert double(1) == 2\n"
CHANGED = f'''

def test_double():
    """{MARK} changed."""
    from code_ import double

    print("{MARK} printed")
    assert double(4) == 8, "{MARK} failed"  # {MARK}
'''
ADDED = f'''"""{MARK} added."""


def test_{MARK.lower()}():
    from code_ import double

    assert double(4) == 8, "{MARK} failed"  # {MARK}
'''
BOTH_WRONG = (
    "FILE: code_.py\nLINES: 1-6\nREASONING: both\n```python\n"
    "def double(x):\n    return x + 2\n\n\ndef triple(x):\n    return 4 * x\n```\n"
)


@pytest.fixture
def hiding(world: World) -> World:
    """A bug whose test_patch adds a file, and changes a test that passes before it."""
    source = world.folder / "source"
    seen, hidden = source / "tests" / "test_code.py", source / "tests" / f"test_{MARK}.py"
    visible = seen.read_text() + "\n\n" + OLD

    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=source, check=True, capture_output=True, text=True
        )
        return done.stdout

    git("reset", "-q", "--hard")
    seen.write_text(visible)
    git("add", "-A")
    git("commit", "-q", "-m", "more")
    seen.write_text(seen.read_text().replace("\n\n" + OLD, CHANGED))
    hidden.write_text(ADDED)
    git("add", "-A")
    world.row |= {
        "base_commit": git("rev-parse", "HEAD").strip(),
        "test_patch": git("diff", "--cached"),
        "FAIL_TO_PASS": [
            "tests/test_code.py::test_double",
            f"tests/test_{MARK}.py::test_{MARK.lower()}",
        ],
    }
    return world


def told(world: World, history: tuple[Past, ...]) -> list[str]:
    """Every prompt that was sent, and every artifact that a later prompt may be made of."""
    with Store.open(world.folder / "s.db", read_only=True) as store:
        kept = [
            store.artifact(sha256).decode()
            for past in history
            for name, sha256 in past.artifacts.items()
            if name in {"prompt", "failing", "feedback", "patch", "edits"}
        ]
    return [json.dumps(asked["messages"]) for asked in world.script.asked] + kept


ANSWERS = {
    "refuted": [BOTH_WRONG, "no edit", answer("def double(x):\n    return x + 2")],
    "passed": [
        BOTH_WRONG,
        answer("x = 1", "nowhere.py"),
        answer("def double(x):\n    return 2 * x"),
    ],
    "exhausted": [BOTH_WRONG, BOTH_WRONG, answer("def double(x):\n    raise SystemExit(3)") * 2],
}


@pytest.mark.parametrize("end", ANSWERS)
def test_no_byte_of_a_hidden_test_reaches_a_prompt(hiding: World, end: str) -> None:
    history = hiding.repair(*ANSWERS[end], feedback="visible")
    assert end in events(history) or end == "exhausted"
    texts = told(hiding, history)
    assert len(texts) > 5
    for text in texts:
        assert MARK.lower() not in text.lower()


def test_the_same_marks_do_reach_it_with_feedback_tests(hiding: World) -> None:
    history = hiding.repair(BOTH_WRONG, feedback="tests")
    assert any(MARK in text for text in told(hiding, history))


def test_a_visible_test_of_fail_to_pass_is_not_told_of_either(hiding: World) -> None:
    hiding.repair(BOTH_WRONG, "no edit", feedback="visible")
    first, second = hiding.prompts()
    added = "\n".join(set(second.splitlines()) - set(first.splitlines()))
    assert "test_triple" in added
    assert "test_double" not in added


def test_the_marks_are_where_they_should_be(hiding: World) -> None:
    added = [line for line in hiding.row["test_patch"].splitlines() if line.startswith("+")]
    assert sum(MARK in line for line in added) >= 6
    base = (hiding.folder / "source").rglob("*.py")
    assert any(MARK in Path(path).read_text() for path in base)
