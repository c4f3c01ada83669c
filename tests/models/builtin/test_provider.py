"""`builtin/mutate` through litellm."""

import asyncio
import warnings

import pytest

from stillwater.models.client import load_litellm
from stillwater.prompt import ShownFile, build

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm = load_litellm()
    from stillwater.models.builtin import provider

CODE = "def clamp(x, low, high):\n    return max(low, max(x, high))\n"
MESSAGES = list(build("clamp() returns too much", [ShownFile("a.py", CODE)], "", []))

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def test_it_answers_with_usage_whatever_the_sampling() -> None:
    provider.register()
    provider.register()
    assert sum(one["provider"] == "builtin" for one in litellm.custom_provider_map) == 1
    answers = [
        litellm.completion(
            model="builtin/mutate", messages=MESSAGES, temperature=heat, seed=seed, max_tokens=50
        )
        for heat, seed in ((0.0, 0), (1.0, 7))
    ]
    assert answers[0].choices[0].message.content == answers[1].choices[0].message.content
    assert answers[0].choices[0].message.content.startswith("FILE: a.py\nLINES: 1-2\n")
    assert answers[0].choices[0].finish_reason == "stop"
    usage = answers[0].usage
    assert usage.prompt_tokens > usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_it_answers_asynchronously() -> None:
    provider.register()
    response = asyncio.run(litellm.acompletion(model="builtin/mutate", messages=MESSAGES))
    assert response.choices[0].message.content.startswith("FILE: a.py\n")


def test_another_builtin_name_is_refused_with_a_sentence() -> None:
    provider.register()
    with pytest.raises(litellm.exceptions.NotFoundError, match="no builtin model 'other'"):
        litellm.completion(model="builtin/other", messages=MESSAGES)
