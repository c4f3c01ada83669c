"""What the `swebench` package knows of its older rows, which don't say it themselves.

Of the rows before version 5 it still knows the log parser, the eval_type and the image's name, by
repository and instance; their test commands it no longer has. Imported when used.
"""

import importlib
import warnings
from typing import Any

from stillwater.datasets.instance import Instance

LANGUAGES = {
    "python": "PY", "javascript": "JS", "c": "C", "go": "GO", "java": "JAVA", "php": "PHP",
    "ruby": "RUBY", "rust": "RUST",
}  # fmt: skip


def complete(instance: Instance) -> Instance:
    """The instance with what the package knows of it, where the row leaves it out.

    ImportError if the package isn't installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from swebench.harness.constants import FAIL_ONLY_REPOS, EvalType
        from swebench.task.checks import expected_image
    usual = EvalType.FAIL_ONLY if instance.repo in FAIL_ONLY_REPOS else EvalType.PASS_AND_FAIL
    known: dict[str, Any] = {
        "image": instance.image or expected_image(instance.instance_id),
        "log_parser": instance.log_parser or _parsers().get(instance.repo),
        "eval_type": instance.eval_type or usual.value,
    }
    return instance.model_copy(update=known)


def _parsers() -> dict[str, str]:
    """The official parser's name for every repository."""
    found: dict[str, str] = {}
    for module, suffix in LANGUAGES.items():
        loaded = importlib.import_module(f"swebench.harness.log_parsers.{module}")
        table = getattr(loaded, f"MAP_REPO_TO_PARSER_{suffix}", {})
        found |= {repo: parser.__name__ for repo, parser in table.items()}
    return found
