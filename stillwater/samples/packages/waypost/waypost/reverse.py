"""From a pattern and parameters back to a URL."""

from __future__ import annotations

import re
from typing import Any

from waypost.encoding import encode
from waypost.errors import BuildError
from waypost.pattern import CONVERTERS, Pattern
from waypost.query import Query


def build(pattern: Pattern, params: dict[str, Any]) -> str:
    """The URL; parameters that the pattern does not name go into the query."""
    left = dict(params)
    out = []
    for part in pattern.parts:
        if isinstance(part, str):
            out.append(part)
            continue
        kind, name = part
        if name not in left:
            raise BuildError(f"{pattern.text!r} needs {name!r}")
        out.append(_segment(kind, name, left.pop(name)))
    url = "".join(out)
    query = str(Query((key, str(value)) for key, value in left.items() if value is not None))
    return f"{url}?{query}" if query else url


def _segment(kind: str, name: str, value: Any) -> str:
    # A slash divides segments, except in a path, where it belongs to the value.
    segment = encode(str(value), keep="/" if kind == "path" else "")
    if not re.fullmatch(CONVERTERS[kind].regex, segment):
        raise BuildError(f"{name}={value!r} does not fit <{kind}:{name}>")
    return segment
