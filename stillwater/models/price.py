"""What tokens cost, where litellm's table knows the model's price."""

from collections.abc import Iterable

from stillwater.models.client import BUILTIN, load_litellm

FREE = (BUILTIN, "ollama/", "ollama_chat/", "llamafile/", "lm_studio/", "hosted_vllm/")
"""What runs on one's own machine: the tokens have no price."""


def price(model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
    """US dollars by litellm's table, which comes with it; None where that has no such model."""
    if model.startswith(FREE):
        return 0.0
    litellm = load_litellm()
    try:
        costs = litellm.cost_per_token(
            model=model, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens
        )
    # litellm raises a bare Exception for a model that it doesn't know.
    except Exception:
        return None
    return float(sum(costs))


def total(prices: Iterable[float | None]) -> float | None:
    """Their sum in US dollars; None where one of them isn't known."""
    listed = list(prices)
    known = [one for one in listed if one is not None]
    return round(sum(known), 6) if len(known) == len(listed) else None
