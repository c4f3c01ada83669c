"""Reading files, and the files they include."""

from __future__ import annotations

from pathlib import Path

from confine.config import TOP, Config
from confine.errors import ConfigError
from confine.lexer import tokens

INCLUDE = "include"


def loads(text: str, env: dict[str, str] | None = None) -> Config:
    """Read a configuration from text; ``include`` needs a file, so it is refused here."""
    config = Config(env=env)
    _parse(config, text, "<text>", None, ())
    return config


def read(path: str | Path, env: dict[str, str] | None = None) -> Config:
    """Read a file and everything it includes."""
    config = Config(env=env)
    _read_file(config, Path(path), ())
    return config


def _read_file(config: Config, path: Path, trail: tuple[Path, ...]) -> None:
    resolved = path.resolve()
    if resolved in trail:
        raise ConfigError(f"{path} includes itself")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    _parse(config, text, str(path), path, (*trail, resolved))


def _parse(
    config: Config, text: str, source: str, path: Path | None, trail: tuple[Path, ...]
) -> None:
    section = TOP
    for line in tokens(text, source):
        if line.key is None:
            section = line.value
        elif section == TOP and line.key.lower() == INCLUDE:
            if path is None:
                raise ConfigError(f"{source}:{line.number}: include needs a file")
            for name in line.value.splitlines():
                _read_file(config, path.parent / name, trail)
        else:
            config.set(f"{section}.{line.key}", line.value)
