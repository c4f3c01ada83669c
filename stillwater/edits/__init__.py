"""From a model's answer to new texts of files, and to the patch that says the same.

- `read` (read.py): the edits of an answer, forgiving what can be repaired with certainty.
- `read_strictly`, `apply_strictly`, `read_diff` (strict.py): the same without forgiving anything,
  and an answer that is only a diff, for comparison.
- `after_thinking` (read.py): what an answer says once its thinking has ended.
- `apply` (apply.py): all edits on the base texts, or none; place.py decides where each belongs.
- `diff`, `brief`, `normalised` (patch.py): the patch, its changed lines alone, and what of it tells
  one patch from another.
- `functions` (syntax.py): the functions and methods of a file, as text.
- `is_test`, `is_protected` (paths.py): which files no edit may touch.

Everything here is a pure function of texts.
"""

from stillwater.edits.apply import apply
from stillwater.edits.model import Applied, Edit, EditError, Placement, Reading
from stillwater.edits.patch import brief, diff, normalised
from stillwater.edits.paths import is_protected, is_test
from stillwater.edits.read import after_thinking, read
from stillwater.edits.source import Source, Texts
from stillwater.edits.strict import apply_strictly, read_diff, read_strictly
from stillwater.edits.syntax import functions

__all__ = [
    "Applied",
    "Edit",
    "EditError",
    "Placement",
    "Reading",
    "Source",
    "Texts",
    "after_thinking",
    "apply",
    "apply_strictly",
    "brief",
    "diff",
    "functions",
    "is_protected",
    "is_test",
    "normalised",
    "read",
    "read_diff",
    "read_strictly",
]
