"""Patches that git takes, and their essence."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwater.edits import brief, diff, normalised

LINE = st.sampled_from(
    ["a", "b", "", "  c", "d\r", "\x0c", "é\u2028", "-- x", "++ y", "@@ -1 +1 @@"]
)
TEXT = st.tuples(st.lists(LINE, max_size=12).map("\n".join), st.sampled_from(["", "\n"])).map(
    "".join
)
NAME = st.sampled_from(["a.py", "b c.py", "pkg/é.py", "pkg/x.txt", 'q"u.py', "t\tab.py"])


def git_applied(folder: Path, base: Mapping[str, str], patch: str) -> dict[str, str]:
    """The files after `git apply`."""
    for path, text in base.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    if patch:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=folder,
            input=patch.encode(),
            check=True,
            capture_output=True,
            env={"GIT_CEILING_DIRECTORIES": str(folder.parent), "PATH": "/usr/bin:/bin"},
        )
    return {path: (folder / path).read_bytes().decode() for path in base}


@given(base=st.dictionaries(NAME, TEXT, min_size=1, max_size=3), data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_makes_of_the_base_what_the_patch_says(
    tmp_path_factory: pytest.TempPathFactory, base: dict[str, str], data: st.DataObject
) -> None:
    new = {path: data.draw(TEXT) for path in base}

    patch = diff(base, new)

    assert git_applied(tmp_path_factory.mktemp("tree"), base, patch) == new


def test_a_patch_is_in_the_order_of_the_paths_and_leaves_out_what_is_the_same() -> None:
    base = {"b.py": "1\n", "a.py": "1\n", "c.py": "1\n"}

    patch = diff(base, {"b.py": "2\n", "a.py": "2", "c.py": "1\n"})

    assert patch == (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n+2\n"
        "\\ No newline at end of file\n"
        "diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-1\n+2\n"
    )


def test_a_new_file_is_one() -> None:
    patch = diff({}, {"a.py": "x\n"})

    assert "new file mode 100644\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x\n" in patch


BASE = "def f(a):\n    x = 1\n    return a\n"


def change(new: str, base: str = BASE) -> str:
    return normalised(diff({"a.py": base}, {"a.py": new}))


@pytest.mark.parametrize(
    "new",
    [
        "def f(a):\n    x = 2  # two\n    return a\n",
        "def f(a):\n    # why\n    x = 2\n    return a\n",
        "def f(a):\n    x =  2\n\n    return a\n",
        "def f(a):\n    x = 2   \n    return a   # a\n",
    ],
)
def test_the_same_change_otherwise_spaced_and_commented_is_a_repeat(new: str) -> None:
    assert change(new) == change("def f(a):\n    x = 2\n    return a\n")


@pytest.mark.parametrize(
    "new",
    [
        "def f(a):\n    x = 3\n    return a\n",
        "def f(a):\n    x = 2\n  return a\n",
        'def f(a):\n    x = "2  #"\n    return a\n',
    ],
)
def test_another_change_is_no_repeat(new: str) -> None:
    assert change(new) != change("def f(a):\n    x = 2\n    return a\n")


LOOP = "def f(items):\n    out = []\n\n    for i in items:\n        out.append(i)\n    return out\n"
SORTED = "    items = sorted(items)\n"


def test_the_same_lines_in_another_place_are_another_change() -> None:
    before, after = (LOOP.replace(one, SORTED + one) for one in ("    for", "    return"))
    assert change(before, LOOP) != change(after, LOOP)
    twins = LOOP + LOOP.replace("def f", "def g")
    head, _, tail = twins.partition("    return out\n")
    in_f = head + SORTED + "    return out\n" + tail
    in_g = head + "    return out\n" + tail.replace("    return", SORTED + "    return")
    assert change(in_f, twins) != change(in_g, twins)


def test_the_same_line_before_or_after_a_blank_one_is_a_repeat() -> None:
    early = LOOP.replace("[]\n", "[]\n" + SORTED)
    late = LOOP.replace("    for", SORTED + "    for")
    assert early != late
    assert change(early, LOOP) == change(late, LOOP)


def test_a_change_of_white_space_within_a_string_counts() -> None:
    assert change('def f(a):\n    x = "a b"\n    return a\n') != change(
        'def f(a):\n    x = "a  b"\n    return a\n'
    )


def test_a_change_of_comments_alone_is_nothing() -> None:
    assert change("def f(a):\n    x = 1  # one\n    return a\n") == ""


def test_a_brief_patch_has_its_changes_without_what_is_around_them() -> None:
    old = "".join(f"{n}\n" for n in range(40))
    base = {"x.py": old, "y.py": "-- a\nb\n"}
    new = {
        "x.py": old.replace("\n5\n", "\nfive\nsix\n").replace("\n30\n", "\n"),
        "y.py": "++ a\nb\n",
    }
    told = [
        "+++ b/x.py", "@@ -6 +6 @@", "-5", "+five", "+six", "@@ -31 +32 @@", "-30",
        "+++ b/y.py", "@@ -1 +1 @@", "--- a", "+++ a",
    ]  # fmt: skip

    assert brief(diff(base, new)).splitlines() == told
    assert brief(diff(base, new), 2).splitlines() == [
        *told[:4], "+++ b/y.py", "… and 4 more changed lines"
    ]  # fmt: skip
