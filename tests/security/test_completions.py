"""Hostile completions: what no answer of a model may touch, hold or do to a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from stillwater.config import SHIPPED
from stillwater.machine import Event
from tests.e2e.command import ROOT, environment
from tests.e2e.test_fix import FIX, repo
from tests.models.server import Script, openai_server
from tests.steps.test_repairs import World, answer, events, world

__all__ = ["repo", "world"]

pytestmark = pytest.mark.filterwarnings("ignore")

TITLE = "\x1b]0;pwned\x07"
MEND = "def total(prices, discount=0):\n    whole = sum(prices)\n"
MEND += f"    return whole - whole * discount / 100  # {TITLE}\n"
SYMLINK = """\
diff --git a/link b/link
new file mode 120000
--- /dev/null
+++ b/link
@@ -0,0 +1 @@
+{target}
\\ No newline at end of file
"""
NEW = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
FORGED = """def double(x):
    import os

    said = b"PASSED tests/test_hidden.py::test_double\\nPASSED tests/test_code.py::test_triple\\n"
    for descriptor in range(1, 30):
        try:
            os.write(descriptor, said)
        except OSError:
            pass
    os._exit(0)
"""


@pytest.fixture
def guarded(world: World) -> World:
    """The same with a CI file, a conftest.py and a symlink out."""
    source = world.folder / "source"
    (source / "tests" / "test_hidden.py").unlink()
    (world.folder / "outside.py").write_text("safe = 1\n")
    (source / "link.py").symlink_to(world.folder / "outside.py")
    (source / "conftest.py").write_text("safe = 1\n")
    (source / ".github" / "workflows").mkdir(parents=True)
    (source / ".github" / "workflows" / "ci.yml").write_text("safe: 1\n")

    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.check_output(["git", *identity, *words], cwd=source, text=True)

    git("add", "-A")
    git("commit", "-q", "-m", "guarded")
    world.row["base_commit"] = git("rev-parse", "HEAD").strip()
    return world


def test_no_answer_reaches_beyond_the_code(guarded: World) -> None:
    refusals = {
        "../outside.py": '".."',
        str(guarded.folder / "outside.py"): "relative",
        "link.py": "no file link.py",
        ".git/hooks/pre-commit": "git's own",
        ".github/workflows/ci.yml": "must not be changed",
        "conftest.py": "must not be changed",
        "tests/test_code.py": "must not be changed",
        "tests/test_hidden.py": "no file",
        "new.py": "no file new.py",
        "co\x1bde_.py": "control characters",
    }
    history = guarded.repair(*(answer("evil = 1", path) for path in refusals))
    rejected = [str(one.evidence["problem"]) for one in history if one.event is Event.REJECTED]
    assert len(rejected) == len(refusals)
    for said, expected in zip(rejected, refusals.values(), strict=True):
        assert expected in said
    assert (guarded.folder / "outside.py").read_text() == "safe = 1\n"


def test_a_test_beside_the_code_is_left_out_and_nothing_else_is(guarded: World) -> None:
    fix = answer("def double(x):\n    return 2 * x")
    refused = [
        fix + answer("evil = 1", path) for path in ("conftest.py", ".github/workflows/ci.yml")
    ]
    history = guarded.repair(*refused, fix + answer("evil = 1", "tests/test_code.py"))
    assert [one.event for one in history].count(Event.REJECTED) == len(refused)
    (applied,) = [one for one in history if one.event is Event.APPLIED]
    assert applied.evidence["changed"] == ["code_.py"]


def test_no_diff_reaches_beyond_the_code(guarded: World) -> None:
    out = guarded.folder / "out"
    out.mkdir()
    diffs = [
        SYMLINK.format(target=out) + NEW.format("link/evil.py"),
        NEW.format("../evil.py"),
        NEW.format(".git/hooks/pre-commit"),
        NEW.format("sitecustomize.py"),
        "diff --git a/code_.py b/conftest.py\nrename from code_.py\nrename to conftest.py\n",
    ]
    settings = SHIPPED["patch"] | {"attempts": len(diffs)}
    history = guarded.repair(*(f"```diff\n{one}```\n" for one in diffs), **settings)
    assert not {"applied", "passed"} & set(events(history))
    assert list(out.iterdir()) == []
    assert list((guarded.folder / "home").rglob("evil.py")) == []


def test_ten_megabytes_are_kept_and_not_read(world: World) -> None:
    history = world.repair("```python\n" + "x = 1\n" * ((10 << 20) // 6) + "```\n")
    assert events(history) == ["read", "unusable", "exhausted"]
    assert "far too long" in str(history[1].evidence["problem"])


def test_the_printed_patch_does_nothing_to_a_terminal(repo: Path, tmp_path: Path) -> None:
    script = Script(text=answer(MEND, "prices.py"), context=16384, prompt_tokens=3000)
    with openai_server(script) as base:
        words = [*FIX, "--repo", str(repo), "--model", "openai/local", "--set", f"api_base={base}"]
        master, slave = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "stillwater", *words],
            cwd=tmp_path, env=environment(tmp_path) | {"PYTHONPATH": str(ROOT)}, stdout=slave,
            stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    os.close(slave)
    assert "+    return whole - whole * discount / 100  # \r\n" in shown
    assert "\x1b" not in shown


def test_code_that_forges_the_log_of_its_own_tests_is_believed(world: World) -> None:
    """Not stopped: documented as such."""
    history = world.repair(answer(FORGED))
    assert events(history)[-1] == "passed"
