"""Asking a model through litellm: one call, one deadline, and a name for each way it can fail."""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from stillwater.background import promise
from stillwater.canonical import storable
from stillwater.errors import StillwaterError
from stillwater.models.protocol import BadRequest, Completion, ModelError, ModelRefused, Request
from stillwater.secrets import hide

if TYPE_CHECKING:
    from stillwater.config import Config

BUILTIN = "builtin/"

T = TypeVar("T")


class PromptTooLong(StillwaterError):
    """The prompt doesn't fit the model's context: asking again can't help."""


REFUSED = frozenset({401, 403, 404})
"""HTTP's answers to a wrong key and a wrong name, which no waiting mends."""
TOO_LONG = ("context", "too long", "too many tokens", "exceed", "truncat", "num_ctx")


@dataclass(frozen=True)
class LitellmClient:
    """Any model that litellm reaches. `api_base` and `api_key` go to all but the built-in one."""

    api_base: str | None = None
    api_key: str | None = None

    def complete(self, request: Request) -> Completion:
        """One completion within `request.seconds`; a key that the server says back is hidden.

        Raises:
            ModelError: it can't be had now; asking again later may work.
            ModelRefused: nor later, until someone has mended the key or the model's name.
            PromptTooLong: the prompt doesn't fit, or the server cut it.
        """
        started = time.monotonic()
        reply = _within(request.seconds, lambda: self._ask(request))
        if not reply.choices or getattr(reply, "usage", None) is None:
            raise ModelError(f"{request.model} gives no answer: its reply holds none")
        choice = reply.choices[0]
        usage = reply.usage
        details = getattr(usage, "prompt_tokens_details", None)
        completion = Completion(
            text=storable(hide(_said(choice), self.api_key)),
            finish_reason=hide(choice.finish_reason or "stop", self.api_key),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=getattr(details, "cached_tokens", None),
            seconds=round(time.monotonic() - started, 3),
        )
        _refuse_cut_prompt(request, completion)
        return completion

    def _ask(self, request: Request) -> Any:
        litellm = load_litellm()
        options: dict[str, Any] = {}
        if request.model.startswith(BUILTIN):
            from stillwater.models.builtin.provider import register

            register()
        else:
            base, key = request.endpoint or self.api_base, self.api_key or _key_of(request.model)
            options = {"api_base": base, "api_key": key}
        if request.model.startswith("ollama"):
            # Ollama cuts a long prompt in silence unless told not to (from v0.12.6).
            options |= {
                "num_ctx": request.num_ctx,
                "extra_body": {"truncate": False, "shift": False},
            }
        try:
            return litellm.completion(
                model=request.model,
                messages=list(request.messages),
                temperature=request.temperature,
                seed=request.seed,
                max_tokens=request.max_tokens,
                timeout=request.seconds,
                num_retries=0,
                max_retries=0,
                drop_params=True,
                **options,
            )
        except Exception as error:
            # Not `from error`: a traceback would tell what the server said, key and all.
            raise _named(error, request.model, self.api_key) from None


def client(config: "Config") -> LitellmClient:
    """The client that a configuration asks for."""
    return LitellmClient(config.api_base, config.key)


def load_litellm() -> Any:
    """litellm, imported at the first call (seconds, 190 MB), told not to fetch or to print."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with _importing:
        import litellm

        litellm.suppress_debug_info = True
        litellm.telemetry = False
        logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return litellm


_importing = threading.Lock()


def _key_of(model: str) -> str | None:
    # A server of one's own asks for no key, but the OpenAI client insists on one.
    return "none" if model.startswith("openai/") and "OPENAI_API_KEY" not in os.environ else None


def _named(error: Exception, model: str, key: str | None) -> Exception:
    litellm = load_litellm()
    # Hidden before it is cut: half a key is no key that could be found.
    text = " ".join(hide(str(error), key).split())[:300]
    # Ollama says BadRequestError, not ContextWindowExceededError, so its words have to be read.
    if isinstance(error, litellm.BadRequestError) and any(w in text.lower() for w in TOO_LONG):
        return PromptTooLong(f"{model} refuses the prompt: {text}")
    if getattr(error, "status_code", None) in REFUSED:
        return ModelRefused(f"{model} can't be used: {text}")
    if isinstance(error, litellm.BadRequestError):
        return BadRequest(f"{model} calls the request wrong: {text}")
    return ModelError(f"{model} gives no answer: {text}")


def _said(choice: Any) -> str:
    """The answer, with the thinking that litellm or the server took out where the model had it."""
    answer = choice.message.content or ""
    thought = getattr(choice.message, "reasoning_content", None)
    if not thought:
        return answer
    ended = "" if not answer and choice.finish_reason == "length" else "</think>\n"
    return f"<think>\n{thought}\n{ended}{answer}"


def _refuse_cut_prompt(request: Request, completion: Completion) -> None:
    shown = sum(len(message["content"]) for message in request.messages)
    # No tokenizer packs more than about 8 characters of code into a token.
    if completion.prompt_tokens and completion.prompt_tokens < shown / 12:
        raise PromptTooLong(
            f"{request.model} read only {completion.prompt_tokens} tokens of a prompt of {shown} "
            "characters: its server cut it; raise the server's context length or lower num_ctx"
        )


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`, or ModelError after `seconds`; the late call is abandoned."""
    answer = promise(call)
    if not wait([answer], seconds).done:
        raise ModelError(f"the model gave no answer within {seconds:.0f} s")
    return answer.result()
