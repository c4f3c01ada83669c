"""Answers that Qwen2.5-Coder-1.5B (Q4_K_M) gave about the bundled bugs, and what becomes of each.

real/answers.jsonl: the instance, the files that were shown, the answer, why it ended, and either
the `patch` that the forgiving hand makes of it or the sentence that it is `refused` with. They were
looked through by eye when they were taken in: the patch is what the answer means, however wrong
that is as a repair.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stillwater import edits
from stillwater.datasets import Instance, load
from stillwater.repository import Repositories, touched

ANSWERS = [
    json.loads(line)
    for line in (Path(__file__).parent / "real" / "answers.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Instance], Mapping[str, str]]:
    repositories = Repositories(tmp_path_factory.mktemp("home"), "")
    known: dict[str, Mapping[str, str]] = {}

    def texts(instance: Instance) -> Mapping[str, str]:
        if instance.instance_id not in known:
            store = repositories.ensure(instance)
            paths = repositories.paths(store, instance.base_commit)
            python = {path: blob for path, blob in paths.items() if path.endswith(".py")}
            known[instance.instance_id] = repositories.texts(store, python)
        return known[instance.instance_id]

    return texts


INSTANCES = {one.instance_id: one for one in load("samples").instances}


@pytest.mark.parametrize(
    "told", ANSWERS, ids=[f"{n}-{one['instance']}" for n, one in enumerate(ANSWERS)]
)
def test_it_becomes_what_it_means(
    told: dict[str, Any], base: Callable[[Instance], Mapping[str, str]]
) -> None:
    instance = INSTANCES[told["instance"]]
    texts = base(instance)
    hidden = touched(instance.test_patch)

    def protected(path: str) -> bool:
        return path in hidden or edits.is_protected(path)

    assert becomes(told, texts, protected) == (told.get("patch"), told.get("refused"))


def becomes(
    told: dict[str, Any], texts: Mapping[str, str], protected: Callable[[str], bool]
) -> tuple[str | None, str | None]:
    """The patch that the answer makes, or the sentence that refuses it."""
    reading = edits.read(told["answer"], told["finish_reason"])
    if reading.problem:
        return None, reading.problem
    try:
        applied = edits.apply(reading.edits, texts, protected=protected, shown=told["shown"])
    except edits.EditError as error:
        return None, str(error)
    return edits.diff({path: texts[path] for path in applied.files}, applied.files), None


def test_the_corpus_holds_both_kinds() -> None:
    assert sum("patch" in one for one in ANSWERS) >= 10
    assert sum("refused" in one for one in ANSWERS) >= 10
