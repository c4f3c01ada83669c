"""Which whole files the model reads.

- `choose` (choose.py): ranks a repository's files for an issue and packs them into a budget.
- clues.py: what an issue and failing tests name: paths, modules, frames, identifiers, words.
- files.py: which files can be chosen, and what each defines and holds.
"""

from stillwater.context.choose import Choice, Chosen, Skipped, choose, tokens
from stillwater.context.clues import Query
from stillwater.edits.source import Source

__all__ = ["Choice", "Chosen", "Query", "Skipped", "Source", "choose", "tokens"]
