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
