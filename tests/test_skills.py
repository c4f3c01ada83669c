"""Skills: where their texts come from, and what of them reaches the model and the evidence."""

from pathlib import Path

import pytest

from stillwater.canonical import digest
from stillwater.config import ConfigError, differences, frozen, load, stored
from stillwater.skills import with_texts
from tests.steps.test_repairs import RIGHT, WRONG, World, world

__all__ = ["world"]

TEXT = "Look at the smallest input first."


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "skills"
    folder.mkdir()
    (folder / "smallest.md").write_text(TEXT + "\n")
    return folder


def test_a_run_is_frozen_with_the_text(own: Path) -> None:
    config = with_texts(load({"skills": "smallest"} | {"skills": ("smallest",)}), own)
    (own / "smallest.md").write_text("changed since")
    assert frozen(stored(config)).skill_texts == {"smallest": TEXT}
    assert with_texts(config, own).skill_texts == {"smallest": TEXT}


def test_no_skills_change_nothing(own: Path) -> None:
    config = load()
    assert differences(config, with_texts(config, own)) == {}


@pytest.mark.parametrize(
    ("skills", "told"),
    [
        (("smalest",), "there is no skill smalest; did you mean smallest?"),
        (("../smallest",), "is no name of a skill"),
        (("smallest", "long"), "take .* tokens together, more than skill_tokens = 600"),
        (("latin",), "can't be read"),
    ],
)
def test_what_can_t_be_used_is_one_sentence(own: Path, skills: tuple[str, ...], told: str) -> None:
    (own / "long.md").write_text("word " * 2000)
    (own / "latin.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=told):
        with_texts(load({"skills": skills}), own)


def test_they_join_the_instruction_of_every_attempt_and_the_evidence(world: World) -> None:
    texts = {"a": TEXT, "b": "Then at the largest."}
    history = world.repair(WRONG, RIGHT, skills=("b", "a"), skill_texts=texts)

    systems = [asked["messages"][0]["content"] for asked in world.script.asked]
    assert len(systems) == 2
    assert systems[0] == systems[1]
    assert systems[0].endswith(f"\n\nThen at the largest.\n\n{TEXT}")
    told = [past.evidence["skills"] for past in history if past.source.value == "GENERATE"]
    assert told == [{name: digest(text.encode()) for name, text in texts.items()}] * 2
