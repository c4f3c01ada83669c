"""Replacing ``${section.key}`` inside values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from confine.errors import InterpolationError

_REFERENCE = re.compile(r"\$\$|\$\{([^}]*)\}")
ENV = "env."

Sections = Mapping[str, Mapping[str, str]]


def expand(
    value: str,
    sections: Sections,
    env: Mapping[str, str],
    name: str,
) -> str:
    """The value with every reference replaced, however deep.

    ``name`` is where the value comes from; a reference that leads back to it is an error.
    """
    return _expand(value, sections, env, (name.lower(),))


def _expand(
    value: str,
    sections: Sections,
    env: Mapping[str, str],
    trail: tuple[str, ...],
) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        written = match[1].strip()
        if written.startswith(ENV):
            variable = written.removeprefix(ENV)
            if variable not in env:
                raise InterpolationError(f"{trail[0]}: no environment variable {variable}")
            return env[variable]
        reference = written.lower()
        if reference in trail:
            raise InterpolationError(f"{trail[0]}: circle: {' -> '.join((*trail, reference))}")
        section, _, key = reference.rpartition(".")
        found = sections.get(section, {}).get(key)
        if found is None:
            raise InterpolationError(f"{trail[0]}: no such key: {written}")
        return _expand(found, sections, env, (*trail, reference))

    return _REFERENCE.sub(replace, value)
