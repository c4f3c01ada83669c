"""Kinds of bugs, by the size of the fix that the dataset knows. Only reports ask; no step does."""

import re

HUNK = re.compile(r"^@@ ", re.MULTILINE)
FILE = re.compile(r"^\+\+\+ ", re.MULTILINE)
ADDED = re.compile(r"^\+(?!\+\+ )", re.MULTILINE)
REMOVED = re.compile(r"^-(?!-- )", re.MULTILINE)

UNKNOWN = "fix unknown"


def kind(patch: object) -> str:
    """`one line`, `one place`, `several places` or `several files`, by a row's `patch`."""
    if not isinstance(patch, str) or not HUNK.search(patch):
        return UNKNOWN
    if len(FILE.findall(patch)) > 1:
        return "several files"
    if len(HUNK.findall(patch)) > 1:
        return "several places"
    is_short = max(len(ADDED.findall(patch)), len(REMOVED.findall(patch))) <= 1
    return "one line" if is_short else "one place"
