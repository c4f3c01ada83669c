"""What a model is to Stillwater: something that answers a prompt, or fails in a named way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

from stillwater.errors import WorldError


class ModelError(WorldError):
    """The model could not be asked: down, busy, slow. Not an answer, never an attempt."""


class ModelRefused(ModelError):
    """The server answers, but not to us: the key is refused, or it hasn't got the model."""

    needs_a_person = True


class BadRequest(ModelError):
    """The server calls the request wrong. Another prompt may do, so other machines go on."""

    most_in_a_row = 3


class Message(TypedDict):
    """One message of a chat: role is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Request:
    """One question to one model. `seconds` is the total deadline.

    `endpoint` is the server to ask, where it isn't the only one.
    """

    model: str
    messages: Sequence[Message]
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 2048
    num_ctx: int = 16384
    seconds: float = 600.0
    endpoint: str | None = None


@dataclass(frozen=True)
class Completion:
    """What the model answered. `finish_reason` is `stop` or `length`; tokens are the server's."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None
    seconds: float


class Model(Protocol):
    """Answers a request, or raises ModelError."""

    def complete(self, request: Request) -> Completion:
        """One completion."""
