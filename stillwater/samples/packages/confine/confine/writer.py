"""Writing a configuration back."""

from __future__ import annotations

from confine.config import TOP, Config


def dumps(config: Config) -> str:
    """Text that ``loads`` reads back to the same values."""
    blocks = []
    top = config.items(TOP)
    if top:
        blocks.append(_pairs(top))
    for section in config.sections():
        blocks.append(f"[{section}]\n{_pairs(config.items(section))}")
    return "\n".join(blocks)


def _pairs(pairs: dict[str, str]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in pairs.items())


def _value(value: str) -> str:
    if "\n" in value:
        return "".join(f"\n    {line}" for line in value.splitlines())
    if value != value.strip() or "#" in value or ";" in value:
        return f'"{value}"'
    return value
