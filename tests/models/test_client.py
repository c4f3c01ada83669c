"""Models through litellm, against a real HTTP server that speaks the OpenAI API."""

import threading
from dataclasses import replace

import pytest

from stillwater.config import load
from stillwater.models.chain import NoModel, choose_model
from stillwater.models.client import LitellmClient, PromptTooLong
from stillwater.models.protocol import BadRequest, Message, ModelError, ModelRefused, Request
from stillwater.models.reach import reach
from tests.models.server import Script, openai_server

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]


def request(prompt: str = "repair this", seconds: float = 30.0) -> Request:
    messages = (Message(role="system", content="s"), Message(role="user", content=prompt))
    return Request(
        "openai/local", messages, temperature=0.5, seed=3, max_tokens=99, seconds=seconds
    )


def test_an_answer_comes_back_with_its_usage_and_the_request_arrives_whole() -> None:
    script = Script(text="FILE: a.py")
    with openai_server(script) as base:
        completion = LitellmClient(base).complete(request())
    assert completion.text == "FILE: a.py"
    assert completion.finish_reason == "stop"
    counted = (completion.prompt_tokens, completion.completion_tokens, completion.cached_tokens)
    assert counted == (100, 7, 64)
    (asked,) = script.asked
    assert asked["messages"][1]["content"] == "repair this"
    assert (asked["seed"], asked["temperature"], asked["max_tokens"]) == (3, 0.5, 99)


def test_an_answer_cut_at_the_token_limit_says_so() -> None:
    with openai_server(Script(finish_reason="length")) as base:
        assert LitellmClient(base).complete(request()).finish_reason == "length"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (Script(text="FILE: a.py", thought="Hm."), "<think>\nHm.\n</think>\nFILE: a.py"),
        (Script(text="<think>Hm.</think>FILE: a.py"), "<think>\nHm.\n</think>\nFILE: a.py"),
        (Script(text="", thought="Hm", finish_reason="length"), "<think>\nHm\n"),
        (Script(text="FIL", thought="Hm", finish_reason="length"), "<think>\nHm\n</think>\nFIL"),
    ],
)
def test_what_a_model_thought_is_part_of_its_answer(script: Script, said: str) -> None:
    with openai_server(script) as base:
        assert LitellmClient(base).complete(request()).text == said


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_will_not_serve_us_needs_a_person(status: int) -> None:
    with openai_server(Script(status=status)) as base, pytest.raises(ModelRefused) as told:
        LitellmClient(base).complete(request())
    assert told.value.needs_a_person


def test_a_request_that_the_server_calls_wrong_is_soon_given_up() -> None:
    script = Script(status=400, error="temperature must be 1")
    with openai_server(script) as base, pytest.raises(BadRequest, match="temperature") as told:
        LitellmClient(base).complete(request())
    assert told.value.most_in_a_row == 3


def test_a_provider_that_litellm_does_not_know_is_out_of_reach() -> None:
    found = reach("nosuch/model")
    assert found.problem is not None
    assert "provider" in found.problem


def test_half_a_character_in_an_answer_is_a_question_mark() -> None:
    with openai_server(Script(text="x = '\ud83d'")) as base:
        assert LitellmClient(base).complete(request()).text == "x = '?'"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failing_server_is_the_worlds_failure_and_is_asked_once(status: int) -> None:
    script = Script(status=status)
    with openai_server(script) as base, pytest.raises(ModelError, match="gives no answer"):
        LitellmClient(base).complete(request())
    assert len(script.asked) == 1


@pytest.mark.parametrize("model", ["openai/local", "ollama_chat/local", "hosted_vllm/local"])
def test_a_dead_server_is_the_worlds_failure(model: str) -> None:
    with openai_server(Script()) as base:
        pass
    with pytest.raises(ModelError, match=model):
        LitellmClient(base).complete(replace(request(), model=model))


def test_a_silent_server_is_given_up_at_the_deadline() -> None:
    with (
        openai_server(Script(hang=threading.Event())) as base,
        pytest.raises(ModelError, match=r"gives no answer|within"),
    ):
        LitellmClient(base).complete(request(seconds=1.0))


def test_a_prompt_that_does_not_fit_is_told_apart() -> None:
    script = Script(status=400, error="the request exceeds the available context size")
    with openai_server(script) as base, pytest.raises(PromptTooLong):
        LitellmClient(base).complete(request())


def test_a_prompt_that_the_server_cut_in_silence_is_not_answered() -> None:
    with (
        openai_server(Script(prompt_tokens=100)) as base,
        pytest.raises(PromptTooLong, match="cut"),
    ):
        LitellmClient(base).complete(request("x = 1\n" * 5000))


def test_reach_asks_the_server_and_reads_its_context_length() -> None:
    with openai_server(Script(context=2048)) as base:
        assert reach("openai/local", base).context == 2048
    gone = reach("openai/local", base)
    assert gone.problem is not None
    assert gone.remedy


def test_a_model_out_of_reach_is_passed_over_and_the_notice_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_API_BASE", "http://127.0.0.1:9")
    chosen = choose_model(load({"models": ("ollama_chat/llama3.1:8b", "builtin/mutate")}))
    assert chosen.model == "builtin/mutate"
    notice = chosen.notice() or ""
    assert "ollama_chat/llama3.1:8b" in notice
    assert "ollama serve" in notice
    assert "builtin/mutate" in notice


def test_no_model_at_all_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_BASE", "http://127.0.0.1:9")
    with pytest.raises(NoModel, match="no model can be reached: ollama_chat/x"):
        choose_model(load({"models": ("ollama_chat/x",)}))
