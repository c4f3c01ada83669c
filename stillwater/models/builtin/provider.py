"""`builtin/mutate` for litellm: a provider that answers in this process."""

from typing import Any

import litellm
from litellm.llms.custom_llm import CustomLLM, CustomLLMError

from stillwater.models.builtin import mutate

PROVIDER = "builtin"


class Builtin(CustomLLM):
    """Answers `builtin/mutate`; all that litellm hands over but model and messages is ignored."""

    def completion(self, *args: Any, **kwargs: Any) -> litellm.ModelResponse:
        """One completion."""
        return _respond(*args, **kwargs)

    async def acompletion(self, *args: Any, **kwargs: Any) -> litellm.ModelResponse:
        """The same: the answer takes a fraction of a second of computing, and waits for nothing."""
        return _respond(*args, **kwargs)


def register() -> None:
    """Makes litellm know the provider. Calling it again changes nothing."""
    known = litellm.custom_provider_map
    if not any(one["provider"] == PROVIDER for one in known):
        litellm.custom_provider_map = [*known, {"provider": PROVIDER, "custom_handler": Builtin()}]


def _respond(
    model: str,
    messages: list[dict[str, Any]],
    *_: Any,
    model_response: litellm.ModelResponse | None = None,
    **__: Any,
) -> litellm.ModelResponse:
    name = model.removeprefix(f"{PROVIDER}/")
    if name != "mutate":
        sentence = f"There is no builtin model {name!r}: the only one is 'mutate'."
        raise CustomLLMError(404, sentence)  # type: ignore[no-untyped-call]
    text = mutate.answer(messages)
    response = model_response or litellm.ModelResponse()
    response.model = f"{PROVIDER}/{name}"
    response.choices = [
        litellm.Choices(
            finish_reason="stop", index=0, message=litellm.Message(role="assistant", content=text)
        )
    ]
    prompt = sum(_tokens(str(message.get("content") or "")) for message in messages)
    response.usage = litellm.Usage(
        prompt_tokens=prompt,
        completion_tokens=_tokens(text),
        total_tokens=prompt + _tokens(text),
    )
    return response


def _tokens(text: str) -> int:
    """About four characters a token: counting exactly would need some model's vocabulary."""
    return (len(text) + 3) // 4
