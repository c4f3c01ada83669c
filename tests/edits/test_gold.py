"""Right patches, written as a model would and damaged, come back as the right files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from stillwater import datasets
from stillwater.edits import Texts, apply, read
from stillwater.repository import Repositories, touched
from tests.edits.gold import DAMAGES, answers

SAMPLES = {one.instance_id: one for one in datasets.load("samples").instances}


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Repositories:
    return Repositories(tmp_path_factory.mktemp("gold"), "")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_right_patch_survives_every_damage(name: str, repositories: Repositories) -> None:
    instance = SAMPLES[name]
    store = repositories.ensure(instance)
    paths = repositories.paths(store, instance.base_commit)
    wanted = {path: paths[path] for path in touched(instance.patch)}
    old = repositories.texts(store, wanted)
    new = repositories.patched(old, instance.patch)
    found = {kind: _applied(answer, old) for kind, answer in answers(old, new)}

    assert found == dict.fromkeys(found, new)
    assert found.keys() >= DAMAGES.keys() - {"unfenced", "unlined", "search"}


def _applied(answer: str, old: Mapping[str, str]) -> Mapping[str, str] | str:
    reading = read(answer)
    if reading.problem:
        return reading.problem
    return dict(apply(reading.edits, Texts(old), shown=tuple(old)).files)


def test_the_damages_are_what_they_say(tmp_path: Path) -> None:
    old = {"a.py": "class A:\n    def f(self):\n        return 1\n"}
    new = {"a.py": "class A:\n    def f(self):\n        return 2\n"}
    made = dict(answers(old, new))

    assert made["none"] == (
        "FILE: a.py\nLINES: 2-3\nREASONING: It is wrong.\n"
        "```python\n    def f(self):\n        return 2\n```\n"
    )
    assert "   2|    def f(self):" in made["numbered"]
    assert "\ndef f(self):\n    return 2\n" in made["dedented"]
    assert "LINES: 5-6" in made["off"]
    assert "```" not in made["unfenced"]
    assert len(set(made.values())) == len(DAMAGES)
