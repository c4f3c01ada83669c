"""One machine's way as a page that people read: what was read, asked, answered and tested."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwater.machine import Event
from stillwater.store import MachineRow, Store
from stillwater.store.queries import Step
from stillwater.telling.facts import counts, mappings, not_passing, sequence
from stillwater.telling.text import one_line, printable

_TICKS = re.compile(r"`{3,}")
_LONGEST_LOG = 20_000
"""Characters of a log's end that a page has; the database has all of it."""
_MOST_TESTS = 50


def page(store: Store, machine: MachineRow, issue: str, steps: Sequence[Step]) -> str:
    """The page, in Markdown; what models and tests said is in fences, without terminal escapes."""
    told = _Teller(store)
    parts = [f"# {one_line(machine.instance_id)}", _end(steps), "## Issue", _fenced(issue)]
    attempt = 0
    for step in steps:
        if step.event is not Event.READ and step.attempt > attempt:
            attempt = step.attempt
            parts.append(f"## Attempt {attempt}")
        parts += told.tell(step)
    return "\n\n".join(part for part in parts if part) + "\n"


class _Teller:
    """Tells steps in Markdown, with their artifacts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tell(self, step: Step) -> Iterator[str]:
        """The paragraphs of one step."""
        match step.event:
            case Event.READ:
                yield from self._read(step)
            case Event.PROPOSED | Event.UNUSABLE:
                yield from self._asked(step)
            case Event.APPLIED | Event.REJECTED:
                yield from self._applied(step)
            case Event.PASSED | Event.FAILED | Event.REFUTED:
                yield from self._tested(step)
            case Event.RETRY | Event.EXHAUSTED:
                yield from self._artifact(step, "feedback", "What failed, as it is told")
            case Event.DEFER:
                yield f"*The world failed, no attempt was spent: {_word(step, 'reason')}*"
            case Event.INVALID | Event.ABORT:
                yield f"## Ended\n\n{step.event.capitalize()}: {_word(step, 'reason')}"

    def _read(self, step: Step) -> Iterator[str]:
        yield "## Files read, and why"
        yield "\n".join(map(_file, mappings(step.evidence.get("files")))) or "None."
        visible = step.evidence.get("visible")
        if isinstance(visible, Mapping):
            before = counts({"tests": visible})
            yield f"Tests that were there before the fix, on the unchanged code: {before}."
        yield from self._artifact(step, "failing", "Failures before any change")

    def _asked(self, step: Step) -> Iterator[str]:
        names = ("model", "temperature", "seed", "max_tokens", "num_ctx", "finish_reason")
        facts = [f"{name} {step.evidence.get(name)}" for name in names]
        yield one_line(", ".join(facts), 500)
        yield from self._prompt(step)
        yield from self._artifact(step, "completion", "Answer")
        yield from _listed("Repaired in reading it", step.evidence.get("repairs"))
        if step.event is Event.UNUSABLE:
            yield f"It held no edit that could be used: {_word(step, 'problem')}"

    def _prompt(self, step: Step) -> Iterator[str]:
        text = self._text(step, "prompt")
        if text is None:
            return
        yield "### Prompt"
        try:
            for one in json.loads(text):
                yield f"{one_line(str(one['role']))}:\n\n{_fenced(str(one['content']))}"
        except (ValueError, KeyError, TypeError):
            yield _fenced(text)

    def _applied(self, step: Step) -> Iterator[str]:
        placed = [
            f"{one.get('path')}:{one.get('first')}-{one.get('last')} ({one.get('how')})"
            for one in mappings(step.evidence.get("placed"))
        ]
        yield from _listed("Placed", placed)
        yield from _listed("Repaired in placing it", step.evidence.get("repairs"))
        yield from self._artifact(step, "patch", "Patch", "diff")
        if step.event is Event.REJECTED:
            yield f"Rejected: {_word(step, 'problem')}"

    def _tested(self, step: Step) -> Iterator[str]:
        yield "### Tests"
        stopped = step.evidence.get("stopped")
        yield f"{step.event.capitalize()}: {counts(step.evidence)}" + (
            f"; stopped: {one_line(str(stopped))}" if stopped else ""
        )
        failing = not_passing(step.evidence)
        more = f"\nand {len(failing) - _MOST_TESTS} more" if len(failing) > _MOST_TESTS else ""
        if failing:
            yield "Not passing:\n\n" + _fenced("\n".join(failing[:_MOST_TESTS]) + more)
        log = self._text(step, "log")
        if log is not None and step.event is not Event.PASSED:
            yield "<details><summary>Log</summary>\n\n" + _fenced(log[-_LONGEST_LOG:])
            yield "</details>"

    def _artifact(self, step: Step, name: str, called: str, kind: str = "") -> Iterator[str]:
        text = self._text(step, name)
        if text is not None:
            yield f"### {called}\n\n{_fenced(text, kind)}"

    def _text(self, step: Step, name: str) -> str | None:
        named = step.evidence.get("artifacts")
        sha256 = named.get(name) if isinstance(named, Mapping) else None
        if sha256 is None:
            return None
        return self._store.artifact(str(sha256)).decode("utf-8", "replace")


def _end(steps: Sequence[Step]) -> str:
    if not steps:
        return "No step has ended."
    last = steps[-1]
    return f"It ended in {last.target} ({last.event}) at attempt {last.attempt}."


def _file(told: Mapping[str, Any]) -> str:
    lines = "; ".join(f"{part[0]}-{part[1]}" for part in sequence(told.get("lines")))
    shown = f"lines {lines}" if lines else "whole"
    why = "; ".join(map(str, sequence(told.get("why"))))
    return f"- {_code(str(told.get('path')))}, {shown}: {_code(one_line(why, 300))}"


def _listed(what: str, values: object) -> Iterator[str]:
    told = [_code(one_line(str(one), 300)) for one in sequence(values)]
    if told:
        yield f"{what}: {', '.join(told)}"


def _word(step: Step, name: str) -> str:
    return _code(one_line(str(step.evidence.get(name)), 500))


def _code(text: str) -> str:
    """As code of one line, so that nothing in it is markup."""
    return f"`{one_line(text, 500).replace('`', chr(39))}`" if text.strip() else "–"


def _fenced(text: str, kind: str = "") -> str:
    """As a block that nothing in it can end."""
    longest = max((len(found[0]) for found in _TICKS.finditer(text)), default=2)
    fence = "`" * (longest + 1)
    shown = printable(text).rstrip("\n")
    return f"{fence}{kind}\n{shown}\n{fence}"
