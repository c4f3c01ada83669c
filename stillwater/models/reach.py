"""Which models of the chain can be reached, by plain HTTP: no run has to wait for litellm."""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any

from stillwater.canonical import Json
from stillwater.models.client import BUILTIN
from stillwater.secrets import hide_all

OLLAMA = "http://localhost:11434"
SECONDS = 5.0
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Served:
    """What a server says that a model's name stands for.

    `digest` is that of its weights, None where the server tells none; then `reason` says why.
    `facts` are what else it tells: parameters, bytes, quantisation.
    """

    digest: str | None = None
    reason: str | None = "its server tells no digest"
    facts: Mapping[str, Json] = field(default_factory=dict)

    def told(self) -> dict[str, Json]:
        """The same, as a run's record has it."""
        return {"digest": self.digest, "reason": self.reason, "facts": dict(self.facts)}


@dataclass(frozen=True)
class Reach:
    """Whether a model answers; if not, `problem` says why and `remedy` what to do."""

    model: str
    problem: str | None = None
    remedy: str = ""
    context: int | None = None
    served: Served = Served()
    absent: tuple[str, ...] = ()
    """Why others of its servers don't answer, where there are several."""


def reach(model: str, api_base: str | None = None, api_key: str | None = None) -> Reach:
    """Ask the server of `model` whether it is there and has the model; no key is told."""
    found = _asked(model, api_base, api_key)
    problem = found.problem and hide_all(found.problem, api_key)
    return replace(found, problem=problem, remedy=hide_all(found.remedy, api_key))


def _asked(model: str, api_base: str | None, api_key: str | None) -> Reach:
    if model.startswith(BUILTIN):
        known = model == "builtin/mutate"
        inside = Served(reason="it is part of Stillwater, whose version stands for it")
        gone = Reach(model, "no such built-in", "use builtin/mutate")
        return Reach(model, served=inside) if known else gone
    if model.startswith(("ollama/", "ollama_chat/")):
        return _ollama(model, api_base or os.environ.get("OLLAMA_API_BASE") or OLLAMA, api_key)
    base = api_base or os.environ.get("OPENAI_API_BASE") or os.environ.get("OPENAI_BASE_URL")
    if base and model.startswith(("openai/", "hosted_vllm/", "lm_studio/", "llamafile/")):
        return _openai(model, base, api_key)
    return _provider(model, api_key)


def _ollama(model: str, base: str, key: str | None) -> Reach:
    name = model.partition("/")[2]
    try:
        tags = _get(f"{base}/api/tags", key=key)
    except urllib.error.HTTPError as error:
        if error.code in {401, 403}:
            return Reach(model, f"{base} refuses the key", "set STILLWATER_API_KEY")
        return _down(model, base, error)
    except (OSError, HTTPException) as error:
        return Reach(
            model, f"nothing answers at {base} ({_reason(error)})", "start it: ollama serve"
        )
    except ValueError:
        return Reach(model, f"{base} is no Ollama server", "check api_base")
    known = {str(one.get("name")): one for one in _listed(tags, "models")}
    found = known.get(name, known.get(f"{name}:latest"))
    if found is None:
        return Reach(model, f"{base} hasn't got {name}", f"fetch it: ollama pull {name}")
    return Reach(model, context=_ollama_context(base, name, key), served=_ollama_served(found))


def _ollama_served(found: dict[str, Any]) -> Served:
    details = found.get("details")
    facts = _plain({"size": found.get("size"), **(details if isinstance(details, dict) else {})})
    told = str(found.get("digest") or "").removeprefix("sha256:")
    if not DIGEST.fullmatch(told):
        return Served(facts=facts)
    return Served(f"sha256:{told}", None, facts)


def _plain(facts: Mapping[str, object]) -> dict[str, Json]:
    """Those that are text or numbers: what a server says else may be anything."""
    kept = (str, int, float)
    return {name: one for name, one in facts.items() if isinstance(one, kept) and one != ""}


def _listed(answer: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    listed = answer.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _ollama_context(base: str, name: str, key: str | None) -> int | None:
    try:
        info = _get(f"{base}/api/show", {"model": name}, key).get("model_info")
    except (OSError, HTTPException, ValueError):
        return None
    told = info.items() if isinstance(info, dict) else ()
    lengths = [value for key, value in told if key.endswith(".context_length")]
    return lengths[0] if lengths and isinstance(lengths[0], int) and lengths[0] > 0 else None


def _openai(model: str, base: str, key: str | None) -> Reach:
    try:
        listed = _get(f"{base.rstrip('/')}/models", key=key)
    except urllib.error.HTTPError as error:
        if error.code in {401, 403}:
            return Reach(model, f"{base} refuses the key", "set STILLWATER_API_KEY")
        # Not every server lists its models; that it answers is enough.
        return Reach(model) if error.code in {404, 405} else _down(model, base, error)
    except (OSError, HTTPException) as error:
        return _down(model, base, error)
    except ValueError:
        return Reach(model, f"{base} is no OpenAI-compatible server", "check api_base")
    found = _of_name(model.partition("/")[2], list(_listed(listed, "data")))
    return Reach(model, context=_openai_context(found), served=_openai_served(found))


def _of_name(name: str, served: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the server lists of that model: a server of one model answers to any name."""
    named = next((one for one in served if one.get("id") == name), None)
    return named or (served[0] if len(served) == 1 else {})


def _openai_served(found: dict[str, Any]) -> Served:
    """What llama-server tells: no digest, but how large the model is."""
    meta = found.get("meta")
    facts = {"id": found.get("id"), **(meta if isinstance(meta, dict) else {})}
    return Served(facts=_plain(facts))


def _down(model: str, base: str, error: Exception) -> Reach:
    return Reach(
        model, f"nothing answers at {base} ({_reason(error)})", "start the server, or set api_base"
    )


def _openai_context(found: dict[str, Any]) -> int | None:
    meta = found.get("meta")
    for place in (found, meta if isinstance(meta, dict) else {}):
        for name in ("n_ctx", "max_model_len", "context_length", "n_ctx_train"):
            if isinstance(place.get(name), int):
                return int(place[name])
    return None


def _provider(model: str, key: str | None) -> Reach:
    from stillwater.models.client import load_litellm

    litellm = load_litellm()
    try:
        litellm.get_llm_provider(model)
    except litellm.BadRequestError:
        remedy = "write it as PROVIDER/NAME in litellm's notation, such as ollama_chat/llama3.1:8b"
        return Reach(model, "litellm knows no such provider", remedy)
    asked = litellm.validate_environment(model)
    missing = [one for one in asked.get("missing_keys") or [] if not (key and _is_key(one))]
    if missing:
        ours = "STILLWATER_API_KEY, or " if all(map(_is_key, missing)) else ""
        return Reach(model, "its key is not set", f"set {ours}{' and '.join(missing)}")
    return Reach(model)


def _is_key(variable: str) -> bool:
    """Whether it is what STILLWATER_API_KEY stands for."""
    return variable.endswith("_API_KEY")


def _get(url: str, body: dict[str, str] | None = None, key: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:
        value = json.load(reply)
    if not isinstance(value, dict):
        raise ValueError(url)
    return value


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error))
