"""Which files, and which parts of them, the model reads.

- `choose` (choose.py): ranks a repository's files for an issue and packs them into a budget.
- worth.py: which passages of those files are likely to change; excerpt.py: what they cost.
- `choose_snippets` (snippets.py): what a usual retrieval would show, for comparison.
- clues.py: what an issue and failing tests name: paths, modules, frames, identifiers, words.
- files.py: which files can be chosen, and what each defines and holds.
"""

from stillwater.context.choose import Choice, Chosen, Skipped, choose, tokens
from stillwater.context.clues import Query
from stillwater.context.snippets import choose_snippets
from stillwater.edits.source import Source

__all__ = ["Choice", "Chosen", "Query", "Skipped", "Source", "choose", "choose_snippets", "tokens"]
