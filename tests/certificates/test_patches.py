"""Which patches may be run: those that Stillwater could have written, and that hold no test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.certificates.patches import Foreign, changed, forbidden
from stillwater.edits import diff

ONE = diff({"a.py": "x = 1\n"}, {"a.py": "x = 2\n"})
PATHS = st.from_regex(r"[a-zé][a-z é.]{0,5}[a-z](/[a-z]{1,4}){0,2}", fullmatch=True)
TEXTS = st.text(st.sampled_from("ab-+@ \\\n\r\t\x0c"), max_size=40)


@given(st.dictionaries(PATHS, st.tuples(st.none() | TEXTS, TEXTS), max_size=3))
def test_every_patch_of_ours_is_read(files: dict[str, tuple[str | None, str]]) -> None:
    base = {path: old for path, (old, _) in files.items() if old is not None}
    new = {path: text for path, (_, text) in files.items()}
    expected = sorted(path for path in new if base.get(path) != new[path])
    assert list(changed(diff(base, new))) == expected


@pytest.mark.parametrize(
    "patch",
    [
        "no patch at all\n",
        "a line before\n" + ONE,
        ONE + "a line after\n",
        ONE.removesuffix("\n"),
        ONE.replace("b/a.py", "b/tests/a.py"),
        ONE.replace("+++ b/a.py", "+++ b/conftest.py"),
        ONE.replace("--- a/a.py", "--- a/conftest.py"),
        ONE.replace("@@ -1 +1 @@", "@@ -1,2 +1 @@"),
        ONE.replace("@@ -1 +1 @@", "@@ -1 +1,0 @@"),
        ONE.replace("@@ -1 +1 @@", "@@ -1 +1 @@ tail"),
        ONE.replace("--- a/a.py", "old mode 100644\nnew mode 100755\n--- a/a.py"),
        "diff --git a/conftest.py b/b.py\nrename from conftest.py\nrename to b.py\n",
        "diff --git a/conftest.py b/conftest.py\ndeleted file mode 100644\n"
        "--- a/conftest.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
        "diff --git a/a b/a\nnew file mode 120000\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+/etc\n",
        ONE
        + "*** conftest.py\n--- conftest.py\n***************\n*** 1 ****\n! a\n--- 1 ----\n! b\n",
        'diff --git "a/\\164ests/a.py" "b/\\164ests/a.py"\n--- "a/\\164ests/a.py"\n',
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n",
        "diff --git a/a.py b/a.py\n",
    ],
)
def test_no_other_patch_is(patch: str) -> None:
    with pytest.raises(Foreign):
        list(changed(patch))
    assert "none that Stillwater writes" in str(forbidden(patch, ""))


@pytest.mark.parametrize(
    "path", ["tests/test_a.py", "conftest.py", "pkg/conftest.py", "pytest.ini", "held/out.py"]
)
def test_what_judges_the_patch_may_not_be_in_it(path: str) -> None:
    test_patch = diff({}, {"held/out.py": "x\n"})
    patch = ONE + diff({}, {path: "x\n"})
    assert f"changes {path}" in str(forbidden(patch, test_patch))
    assert forbidden(ONE, test_patch) is None


def test_a_patch_that_changes_nothing_is_none() -> None:
    assert forbidden("", "") == "the patch changes nothing"
