"""Rules that hold in all of the package's source."""

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "stillwater"


def test_python_is_parsed_in_one_place() -> None:
    parsing = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "packages" not in path.parts and re.search(r"\bast\.parse\(", path.read_text("utf-8"))
    }
    assert parsing == {"edits/syntax.py"}


def test_no_marks_of_a_merge_are_left() -> None:
    root = PACKAGE.parent
    told = [*root.glob("*.md"), *root.glob("docs/**/*.md"), root / "Makefile"]
    marks = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
    assert [path.name for path in told if marks.search(path.read_text("utf-8"))] == []
