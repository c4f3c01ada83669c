"""The chain of models: the next takes over, asks anew, and the evidence says who was asked."""

import pytest

from tests.steps.test_repairs import RIGHT, WRONG, World, events, world

__all__ = ["world"]

CHAIN = {"models": ("openai/local", "openai/larger"), "model_attempts": 2, "retry": "mixed"}
ANSWERS = [WRONG.replace("x + 2", f"x + {n}") for n in range(11, 14)]


def asked(world: World) -> list[str]:
    return [one["model"] for one in world.script.asked]


def test_the_next_model_takes_over_after_its_share_of_attempts(world: World) -> None:
    history = world.repair(*ANSWERS, RIGHT, **CHAIN)

    assert asked(world) == ["local", "local", "larger", "larger"]
    assert events(history)[-1] == "passed"
    retries = [past.evidence["model"] for past in history if past.event.value == "retry"]
    assert retries == ["openai/local", "openai/larger", "openai/larger"]


def test_the_next_model_is_asked_as_the_first_was(world: World) -> None:
    world.repair(*ANSWERS, RIGHT, **CHAIN)

    first, _, third, _ = world.script.asked
    assert third["temperature"] == first["temperature"] == 0
    assert third["seed"] == first["seed"] + 2
    ask = [one["messages"][1]["content"].partition("## Answer")[2] for one in (first, third)]
    assert ask[0].partition("FILE:")[2] == ask[1].partition("FILE:")[2]
    assert "## Earlier attempts" not in third["messages"][1]["content"]


@pytest.mark.parametrize("most", [None, 4])
def test_a_model_whose_share_is_all_makes_all(world: World, most: int | None) -> None:
    world.repair(*ANSWERS, RIGHT, **{**CHAIN, "model_attempts": most})

    assert set(asked(world)) == {"local"}


def test_the_last_of_the_chain_goes_on(world: World) -> None:
    world.repair(*ANSWERS, RIGHT, **{**CHAIN, "model_attempts": 1})

    assert asked(world) == ["local", "larger", "larger", "larger"]
