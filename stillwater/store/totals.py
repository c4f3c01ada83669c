"""Totals over all transitions, kept up by reading only those that came since the last look.

Transitions are append-only, so what was counted once stays counted, and whoever starts anew comes
to the same numbers.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from stillwater.machine import Event, State
from stillwater.store.listing import last_transition
from stillwater.store.portable import Portable

BOUNDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
"""Seconds that a model's answer took at most, for each bucket but the last."""
UNKNOWN = "unknown"

MOVES = text("""
SELECT source, event, count(*) AS transitions FROM transitions
WHERE id > :after AND id <= :last GROUP BY source, event
""")
_COUNTED = ", ".join(f"count(*) FILTER (WHERE seconds <= {most}) AS le_{most}" for most in BOUNDS)
CALLS = Portable(f"""
SELECT coalesce(model, '{UNKNOWN}') AS model, count(*) AS calls,
  coalesce(sum(prompt), 0) AS prompt, coalesce(sum(completion), 0) AS completion,
  coalesce(sum(cached), 0) AS cached,
  coalesce(sum(prompt) FILTER (WHERE cached IS NOT NULL), 0) AS cacheable,
  count(seconds) AS timed, coalesce(sum(seconds), 0.0) AS seconds, {_COUNTED}
FROM (
  SELECT fact(evidence, model) AS model,
    number(evidence, usage.prompt_tokens) AS prompt,
    number(evidence, usage.completion_tokens) AS completion,
    number(evidence, usage.cached_tokens) AS cached,
    number(evidence, seconds) AS seconds
  FROM transitions
  WHERE id > :after AND id <= :last AND event IN ('{Event.PROPOSED}', '{Event.UNUSABLE}')
) AS answers
GROUP BY 1
""")
REASONS = Portable(f"""
SELECT fact(evidence, reason) AS reason, count(*) AS transitions FROM transitions
WHERE id > :after AND id <= :last AND event = '{Event.DEFER}' GROUP BY 1
""")


@dataclass
class Calls:
    """What one model was asked; a token that it never told of isn't counted."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cacheable_tokens: int = 0
    """The prompt tokens of those answers that told how many were cached."""
    timed: int = 0
    """The calls whose time is known."""
    seconds: float = 0.0
    within: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))
    """How many took at most so long, for each of BOUNDS."""


@dataclass
class Totals:
    """The totals up to the transition `last`; `kind` says what sort of trouble a reason is."""

    kind: Callable[[str], str]
    last: int = 0
    moves: Counter[tuple[State, Event]] = field(default_factory=Counter)
    calls: dict[str, Calls] = field(default_factory=dict)
    deferrals: Counter[str] = field(default_factory=Counter)

    def catch_up(self, connection: Connection) -> None:
        """Add the transitions that came since; within one read transaction, one thread at a time.

        What fails while it reads leaves the totals as they were.
        """
        seen = {"after": self.last, "last": last_transition(connection)}
        if seen["last"] == seen["after"]:
            return
        moves = connection.execute(MOVES, seen).all()
        calls = connection.execute(CALLS.on(connection), seen).all()
        reasons = connection.execute(REASONS.on(connection), seen).all()
        for row in moves:
            self.moves[State(row.source), Event(row.event)] += row.transitions
        for row in calls:
            total = self.calls.setdefault(str(row.model), Calls())
            total.calls += row.calls
            total.prompt_tokens += int(row.prompt)
            total.completion_tokens += int(row.completion)
            total.cached_tokens += int(row.cached)
            total.cacheable_tokens += int(row.cacheable)
            total.timed += row.timed
            total.seconds += row.seconds
            total.within = [
                before + getattr(row, f"le_{most}")
                for before, most in zip(total.within, BOUNDS, strict=True)
            ]
        for row in reasons:
            self.deferrals[self.kind(row.reason or "")] += row.transitions
        self.last = seen["last"]
