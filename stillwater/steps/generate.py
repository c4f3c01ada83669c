"""GENERATE: build the prompt, ask the model, read the edits of its answer."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from stillwater import anew, edits, prompt
from stillwater.canonical import Json, canonical, digest
from stillwater.config import Config
from stillwater.estimate import tokens
from stillwater.machine import ANSWERED, Event
from stillwater.models.client import BUILTIN, PromptTooLong
from stillwater.models.protocol import Completion, Message, Request
from stillwater.snapshot import JSON, Artifact, Outcome, Past, Snapshot
from stillwater.steps.tools import Tools

LONGEST_ANSWER = 1 << 18
"""Characters of an answer that is read: many times what any model is asked for. Reading takes
time, and a server may answer without end."""
_SHARE_FOR_FILE = 0.75
_SAID = 500
_MOST_SUSPECTS = 4
_PROSE = 320
"""Tokens for what stands around the code of an answer."""


def generate(snapshot: Snapshot, tools: Tools) -> Outcome:
    """Outcome `proposed` with the edits, `unusable` with the problem, or `abort`."""
    chosen = snapshot.last(Event.READ)
    if chosen is None:
        raise ValueError(f"machine {snapshot.machine_id} is in GENERATE without having read")
    shown = _shown(snapshot, chosen, tools)
    known = frozenset(line.strip() for file in shown for line in file.content.splitlines())
    request = _request(snapshot, chosen, shown)
    asked = canonical(
        [{"role": one["role"], "content": one["content"]} for one in request.messages]
    )
    artifacts = {"prompt": Artifact("prompt", asked, JSON)}
    facts: dict[str, Json] = {
        "model": request.model,
        "temperature": request.temperature,
        "seed": request.seed,
        "num_ctx": request.num_ctx,
        "max_tokens": request.max_tokens,
    }
    if snapshot.endpoint is not None:
        facts["endpoint"] = snapshot.endpoint
    if _skills(snapshot.config):
        facts["skills"] = {
            name: digest(text.encode()) for name, text in _skills(snapshot.config).items()
        }
    try:
        completion = tools.models.complete(request)
    except PromptTooLong as error:
        return Outcome(Event.ABORT, {**facts, "reason": str(error)}, artifacts)
    artifacts["completion"] = Artifact("completion", completion.text.encode("utf-8", "replace"))
    found = reading(snapshot.config, completion.text, completion.finish_reason, known)
    facts |= _facts(completion) | {"repairs": list(found.repairs)}
    if found.problem:
        said = _prose(completion)
        facts |= {"problem": found.problem} | ({"said": said} if said else {})
        return Outcome(Event.UNUSABLE, facts, artifacts)
    artifacts["edits"] = Artifact("edits", listed(found), JSON)
    return Outcome(Event.PROPOSED, facts, artifacts)


def reading(config: Config, text: str, finish_reason: str, known: Collection[str]) -> edits.Reading:
    """The edits of an answer, read as the configuration says; `known` are lines it was shown."""
    if len(text) > LONGEST_ANSWER:
        return edits.Reading((), (), "The answer is far too long: give only what changes.")
    match config.applying:
        case "strict":
            return edits.read_strictly(edits.after_thinking(text) or "", finish_reason)
        case "git":
            return edits.read_diff(edits.after_thinking(text) or "", finish_reason)
        case _:
            return edits.read(text, finish_reason, known)


def listed(found: edits.Reading) -> bytes:
    """The edits as they are kept."""
    told = json.dumps([_told(edit) for edit in found.edits], ensure_ascii=False)
    return told.encode("utf-8", "replace")


def _told(edit: edits.Edit) -> dict[str, object]:
    """The edit's fields; `partial` only where it is, as edits were kept before there was such."""
    return {name: value for name, value in asdict(edit).items() if name != "partial" or value}


def _prose(completion: Completion) -> str:
    """The end of an answer that explains and gives no code: what it found need not be lost."""
    text = " ".join((edits.after_thinking(completion.text) or "").split())
    if completion.finish_reason == "length" or "```" in text:
        return ""
    return text if len(text) <= _SAID else "…" + text[-_SAID:]


def _facts(completion: Completion) -> dict[str, Json]:
    usage: dict[str, Json] = {
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "cached_tokens": completion.cached_tokens,
    }
    return {
        "usage": usage,
        "finish_reason": completion.finish_reason,
        "seconds": completion.seconds,
    }


def _request(snapshot: Snapshot, chosen: Past, shown: Sequence[prompt.ShownFile]) -> Request:
    config = snapshot.config
    ways = _ways(snapshot, shown[0])
    turn = attempts_by(snapshot) + 1
    way = ways[(turn - 1) % len(ways)]
    is_fresh = turn <= len(ways) and not _has_repeated(snapshot)
    answer = min(config.max_tokens, _longest_answer(shown, way) or config.max_tokens)
    return Request(
        model=snapshot.model,
        messages=_messages(snapshot, chosen, shown, way, len(ways)),
        temperature=config.temperature if is_fresh else config.retry_temperature,
        seed=config.seed + snapshot.attempt - 1,
        max_tokens=config.thinking_tokens + answer,
        num_ctx=config.num_ctx,
        seconds=config.model_timeout,
        endpoint=snapshot.endpoint,
    )


def attempts_by(snapshot: Snapshot) -> int:
    """How many attempts the snapshot's model has ended: another of the chain asks anew."""
    answers = [past for past in snapshot.past if past.event in ANSWERED]
    return sum(past.evidence.get("model") == snapshot.model for past in answers)


def _is_told(snapshot: Snapshot, ways: int) -> bool:
    """Whether the attempt is told of those before it; a search must know what it has tried."""
    config = snapshot.config
    late = attempts_by(snapshot) + 1 - ways
    mixed = snapshot.model.startswith(BUILTIN) or (late > 0 and late % 2 == 0)
    return config.retry == "feedback" or (config.retry == "mixed" and mixed)


def _has_repeated(snapshot: Snapshot) -> bool:
    """Whether an answer has said again what an earlier one did."""
    return any("repeats" in past.evidence for past in snapshot.past)


def _longest_answer(shown: Sequence[prompt.ShownFile], way: prompt.Way) -> int | None:
    """How many tokens an edit may need: an answer that runs on beyond that is none any more."""
    if way == "diff":
        return None
    prose = _PROSE * (2 if way == "explained" else 1)
    if way == "file":
        return prose + round(1.3 * tokens(shown[0].content))
    return prose + 2 * max(_largest_definition(file.content) for file in shown)


def _largest_definition(content: str) -> int:
    found = edits.functions(content)
    return max(map(tokens, found)) if found else tokens(content)


def _shown(snapshot: Snapshot, chosen: Past, tools: Tools) -> list[prompt.ShownFile]:
    instance = snapshot.instance
    store = tools.repositories.ensure(instance)
    paths = tools.repositories.paths(store, instance.base_commit)
    wanted = _chosen_files(chosen)
    texts = tools.repositories.texts(store, {path: paths[path] for path, _ in wanted})
    return [prompt.ShownFile(path, texts[path], lines) for path, lines in wanted]


def _messages(
    snapshot: Snapshot,
    chosen: Past,
    shown: Sequence[prompt.ShownFile],
    way: prompt.Way,
    ways: int,
) -> tuple[Message, ...]:
    issue = snapshot.instance.problem_statement
    failing = "\n\n".join(
        snapshot.text(chosen, name) for name in ("failing", "tests") if name in chosen.artifacts
    )
    count = snapshot.attempt - 1 if _is_told(snapshot, ways) else 0
    skills = list(_skills(snapshot.config).values())
    if snapshot.config.showing == "snippets":
        return prompt.build_usual(issue, shown, failing, skills)
    suspects = _suspects(chosen, shown)
    focus = _focus(snapshot.attempt, suspects)

    def telling(count: int) -> tuple[Message, ...]:
        told = tried(snapshot, count)
        if way == "anew":
            first = focus or next(iter(suspects), None)
            return _anew(issue, shown, failing, told, suspects, first, skills)
        return prompt.build(issue, shown, failing, told, way, suspects, focus, skills)

    messages = telling(count)
    while count > 1 and not _fits(snapshot, messages):
        count -= 1
        messages = telling(count)
    return messages


def _fits(snapshot: Snapshot, messages: Sequence[Message]) -> bool:
    """Whether the context holds them and an answer; a search must know all that it has tried."""
    if snapshot.model.startswith(BUILTIN):
        return True
    size = sum(tokens(one["content"]) for one in messages)
    return size + snapshot.config.reply_tokens <= snapshot.config.num_ctx


def _anew(
    issue: str,
    shown: Sequence[prompt.ShownFile],
    failing: str,
    told: Sequence[prompt.Tried],
    suspects: Sequence[prompt.Suspected],
    function: prompt.Suspected | None,
    skills: Sequence[str],
) -> tuple[Message, ...]:
    """The messages that ask for one function anew, or for a repair where no function is known."""
    home = next((file for file in shown if function and file.path == function.path), None)
    begins = anew.begins(home, function) if home and function else ""
    if not function or not begins:
        return prompt.build(issue, shown, failing, told, "definition", suspects, function, skills)
    files = [anew.without_body(file, function) if file is home else file for file in shown]
    return prompt.build(issue, files, failing, told, "anew", suspects, function, skills, begins)


def _skills(config: Config) -> Mapping[str, str]:
    """The texts of the skills that are wanted, in their order."""
    return {name: config.skill_texts[name] for name in config.skills if name in config.skill_texts}


def _focus(attempt: int, suspects: Sequence[prompt.Suspected]) -> prompt.Suspected | None:
    """Where the attempt is to look first: the first where the model likes, the next in turn."""
    return suspects[(attempt - 2) % len(suspects)] if suspects and attempt > 1 else None


def _suspects(chosen: Past, shown: Sequence[prompt.ShownFile]) -> list[prompt.Suspected]:
    """The likeliest of the suspects that the model is shown."""
    files = {file.path: file.lines for file in shown}
    found = chosen.evidence.get("suspects", ())
    assert isinstance(found, Sequence)
    known = [
        prompt.Suspected(
            str(one["path"]),
            str(one["name"]),
            int(str(one["first"])),
            int(str(one["last"])),
            _calls(one),
        )
        for one in found
        if isinstance(one, Mapping) and one["path"] in files
    ]
    return [one for one in known if _is_shown(one, files[one.path])][:_MOST_SUSPECTS]


def _calls(suspect: Mapping[str, Json]) -> tuple[str, ...]:
    calls = suspect.get("calls", ())
    assert isinstance(calls, Sequence)
    return tuple(map(str, calls))


def _is_shown(one: prompt.Suspected, lines: Sequence[prompt.Lines] | None) -> bool:
    return lines is None or any(part.first <= one.first <= part.last for part in lines)


def _ways(snapshot: Snapshot, first: prompt.ShownFile) -> tuple[prompt.Way, ...]:
    """What the attempts ask for in turn: a whole file only where an answer can hold it.

    No way comes twice: the same question without chance would get the same answer.
    """
    fits = tokens(first.content) <= _SHARE_FOR_FILE * snapshot.config.max_tokens
    whole: prompt.Way = "file" if first.lines is None and fits else "definition"
    asked = (whole if way == "file" else way for way in snapshot.config.ways)
    return tuple(dict.fromkeys(asked))


def _chosen_files(chosen: Past) -> list[tuple[str, tuple[prompt.Lines, ...] | None]]:
    files = chosen.evidence["files"]
    assert isinstance(files, Sequence)
    return [
        (str(file["path"]), _lines(file.get("lines")))
        for file in files
        if isinstance(file, Mapping)
    ]


def _lines(parts: Json) -> tuple[prompt.Lines, ...] | None:
    if not isinstance(parts, Sequence):
        return None
    return tuple(prompt.Lines._make(part) for part in parts if isinstance(part, Sequence))


def tried(snapshot: Snapshot, count: int) -> list[prompt.Tried]:
    """The last `count` attempts as the next prompt tells them: no failure twice, no patch whole."""
    told: list[prompt.Tried] = []
    chosen = snapshot.last(Event.READ)
    known = chosen.artifacts.get("failing") if chosen else None
    seen = {known: "The same failures as before any change."}
    ended = [past for past in snapshot.past if past.event is Event.RETRY]
    for past in ended[max(0, len(ended) - count) :]:
        applied = snapshot.last(Event.APPLIED, past.attempt)
        feedback = past.artifacts["feedback"]
        told.append(
            prompt.Tried(
                attempt=past.attempt,
                outcome=str(past.evidence.get("reason", "failed")),
                patch=edits.brief(snapshot.text(applied, "patch")) if applied else "",
                result=seen.get(feedback) or snapshot.text(past, "feedback"),
            )
        )
        seen.setdefault(feedback, f"The same as of attempt {past.attempt}.")
    return told
