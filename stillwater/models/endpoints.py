"""The servers that share a run's questions: where each listens, how many it takes at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stillwater.errors import InputError

_COUNT = re.compile(r"0*[1-9][0-9]{0,5}", re.ASCII)


class EndpointError(InputError):
    """What is listed as an endpoint is none."""


class OtherWeights(InputError):
    """Two endpoints serve other weights under one name: their answers can't be told apart."""


@dataclass(frozen=True)
class Endpoint:
    """A server of the model at `url`, which takes `slots` requests at once."""

    url: str
    slots: int


def is_file(word: str) -> bool:
    """Whether a word of the setting names a file that lists endpoints, not one of them."""
    return "://" not in word


def endpoints(words: Sequence[str], slots: int) -> list[Endpoint]:
    """The endpoints that the setting names, each once; `slots` is what each takes if not said.

    A word is `URL`, `URL SLOTS`, or a file with one of these on each line, where `#` begins a
    comment. Files are read now.

    Raises:
        EndpointError: a word or a line is nothing of the kind, or a file can't be read.
    """
    found: dict[str, Endpoint] = {}
    for word in words:
        lines = _lines(Path(word)) if is_file(word) else [("endpoints", word)]
        for where, line in lines:
            endpoint = _endpoint(where, line, slots)
            found[endpoint.url] = endpoint
    if words and not found:
        raise EndpointError(
            f"no endpoint is listed in {', '.join(words)}: write http://HOST:PORT/v1"
        )
    return list(found.values())


def _lines(file: Path) -> list[tuple[str, str]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise EndpointError(f"the file of endpoints {file} can't be read: {why}") from error
    told = (
        (f"{file}:{number}", line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)
    )
    return [(where, line) for where, line in told if line]


def _endpoint(where: str, line: str, slots: int) -> Endpoint:
    url, _, count = line.strip().partition(" ")
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if "@" in line or (fits and parts.query):
        raise EndpointError(
            f"{where}: an endpoint has credentials or a query in its URL, which would be kept as "
            "evidence: give the key by STILLWATER_API_KEY"
        )
    if not fits:
        shown = url.partition("?")[0]
        raise EndpointError(f"{where}: {shown!r} is no endpoint: write it as http://HOST:PORT/v1")
    if count and not _COUNT.fullmatch(count.strip()):
        raise EndpointError(f"{where}: {count.strip()!r} is no number of requests at once")
    return Endpoint(url.rstrip("/"), int(count) if count else slots)
