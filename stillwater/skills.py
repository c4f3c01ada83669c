"""Skills: Markdown files whose text joins the instruction that every attempt begins with.

One's own stand in `skills/NAME.md` of the working directory. A run is frozen with their texts, so
that it goes on as it began whatever becomes of the files.
"""

import difflib
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from stillwater.config import Config, ConfigError
from stillwater.estimate import tokens

OWN = Path("skills")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def with_texts(config: Config, own: Path = OWN) -> Config:
    """The configuration with the texts of its `skills`: one's own first, then those shipped.

    Raises:
        ConfigError: there is no such skill, it can't be read, or they are too long together.
    """
    if not config.skills:
        return config
    texts = {name: config.skill_texts.get(name) or _text(name, own) for name in config.skills}
    long = sum(map(tokens, texts.values()))
    if long > config.skill_tokens:
        raise ConfigError(
            f"the skills {', '.join(texts)} take {long} tokens together, more than "
            f"skill_tokens = {config.skill_tokens}: shorten them, or raise that"
        )
    return config.model_copy(update={"skill_texts": texts})


def _text(name: str, own: Path) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"skills: {name!r} is no name of a skill; write it without path and .md")
    for folder in (own, _shipped()):
        file = folder.joinpath(f"{name}.md")
        if file.is_file():
            return _read(file)
    known = sorted(one.name.removesuffix(".md") for f in (own, _shipped()) for one in _inside(f))
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(f"there is no skill {name}; {hint}write it into {own / name}.md")


def _read(file: Path | Traversable) -> str:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the skill can't be read: {error}") from error
    return _CONTROLS.sub("", text).strip()


def _shipped() -> Traversable:
    return files("stillwater").joinpath("skills")


def _inside(folder: Path | Traversable) -> Sequence[Path | Traversable]:
    if not folder.is_dir():
        return []
    return [one for one in folder.iterdir() if one.name.endswith(".md")]
