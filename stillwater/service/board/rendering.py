"""How a page is made of its template: everything escaped, everything printable, or an error."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from stillwater import __version__
from stillwater.machine import ACTIVE, FINAL, MEANING, State
from stillwater.rounding import duration
from stillwater.telling.results import FEEDBACK_NOTES, percentage
from stillwater.telling.text import number, one_line, printable

STATIC = Path(str(files("stillwater.service.board") / "static"))


class Pages:
    """Renders the board's templates. `has_token` says whether one can log out."""

    def __init__(self, *, has_token: bool) -> None:
        self._environment = Environment(
            loader=PackageLoader("stillwater.service.board"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            line=lambda text, limit=160: one_line(str(text), limit),
            printable=lambda text: printable(str(text)),
            duration=duration,
            number=number,
            moment=moment,
            clock=lambda at: f"{at.astimezone(UTC):%H:%M:%S}",
            tone=tone,
        )
        self._environment.globals.update(
            static=_static(),
            version=__version__,
            has_token=has_token,
            states=list(State),
            active=ACTIVE,
            final=FINAL,
            meaning={str(event): told for event, told in MEANING.items()},
            notes=FEEDBACK_NOTES,
            percentage=percentage,
            bar=bar,
        )

    def page(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **of: Any
    ) -> HTMLResponse:
        """The page; `of` is all that its template may name."""
        text = self._environment.get_template(f"{template}.html.j2").render(**of)
        told = {"Cache-Control": "no-store", **(headers or {})}
        return HTMLResponse(text, status, told)


def moment(at: datetime | None) -> str:
    """A time to the second, in UTC, as everything is that the record says."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def tone(state: str) -> str:
    """The colour that stands for a state, as a CSS class."""
    return f"is-{state.lower()}"


def bar(machines: Mapping[State, int]) -> list[dict[str, Any]]:
    """Where each state's part of a bar of 1000 begins and how long it is; VERIFIED comes first."""
    total = sum(machines.values())
    order = (State.VERIFIED, State.FAILED, *reversed(ACTIVE))
    parts: list[dict[str, Any]] = []
    done = 0
    for state in order:
        count = machines.get(state, 0)
        if count:
            begin, done = 1000 * done // total, done + count
            parts.append(
                {
                    "state": state,
                    "count": count,
                    "x": begin,
                    "width": 1000 * done // total - begin,
                    "tone": tone(state),
                }
            )
    return parts


def _static() -> Mapping[str, str]:
    """The addresses of the static files by their names, each with a digest of the content."""
    return {
        path.relative_to(
            STATIC
        ).as_posix(): f"/static/{path.relative_to(STATIC).as_posix()}?v={_digest(path)}"
        for path in _files(STATIC)
    }


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in {".css", ".js", ".svg"})


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12]
