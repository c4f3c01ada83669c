"""The instant server: what both sides of bench/agent.py are answered, and when it was busy."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bench.instant import busy, instant
from bench.slots import share
from tests.patience import DEADLINE


@pytest.fixture
def base() -> Iterator[str]:
    with instant() as found:
        yield found


def asked(base: str, *questions: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of the answers to these, over one connection."""
    where = urlsplit(base)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=DEADLINE)
    found = []
    for one in questions:
        connection.request("POST", "/v1/chat/completions", json.dumps(one))
        found.append(json.loads(connection.getresponse().read())["choices"][0]["message"])
    connection.close()
    return found


def test_the_second_attempt_is_the_right_one(base: str) -> None:
    first, second = asked(base, {"messages": [], "seed": 0}, {"messages": [], "seed": 1})
    assert "return 1" in first["content"]
    assert "return 2" in second["content"]


def test_who_offers_tools_is_answered_by_calls(base: str) -> None:
    told = [{"role": "system", "content": ""}, {"role": "user", "content": "task-0007: repair"}]
    tools = [{"type": "function"}]
    repair, submit = asked(
        base,
        {"messages": told, "tools": tools},
        {"messages": [*told, {"role": "tool", "content": ""}], "tools": tools},
    )
    assert "cd task-0007 && sed" in repair["tool_calls"][0]["function"]["arguments"]
    assert "COMPLETE_TASK" in submit["tool_calls"][0]["function"]["arguments"]


def test_it_tells_when_it_was_at_work(base: str) -> None:
    asked(base, {"messages": []}, {"messages": []})
    spans = busy(base)
    assert len(spans) == 2
    assert all(begun <= ended for begun, ended in spans)


def test_the_share_counts_no_moment_twice() -> None:
    assert share([(0, 1), (1, 2)]) == 1
    assert share([(0, 1), (3, 4)]) == 0.5
    assert share([(0, 2), (1, 3), (5, 6)]) == pytest.approx(4 / 6)
