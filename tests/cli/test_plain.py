import io
from pathlib import Path

import pytest
from rich.console import Console

from stillwater.cli.plain import Grid, console, program
from stillwater.rounding import duration
from stillwater.telling.text import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hwiped", "wiped"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;Y2xpcA==\x1b\\clip", "clip"),
        ("\x1bPq payload\x1b\\after", "after"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1b(0box\x1bc", "box"),
        ("over\x08\x08write\x7f\x00", "overwrite"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("ab\u202edc\u2066", "abdc"),
        ("half\ud800", "half"),
        ("naïve – 漢字 🙂", "naïve – 漢字 🙂"),
    ],
)
def test_what_a_terminal_would_obey_is_removed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_an_escape_that_never_ends_hides_nothing_after_it() -> None:
    assert printable("\x1b]0;never closed\nthe evidence") == "0;never closed\nthe evidence"


def test_long_hostile_text_takes_no_time() -> None:
    hostile = ("\x1b]" * 3 + "\x9d" * 5 + "\x1b[") * 50_000
    assert set(printable(hostile)) <= {"]"}


def test_a_line_is_one_line_of_bounded_length() -> None:
    assert one_line("a\n\n  b\tc") == "a b c"
    assert one_line("x" * 500, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0.0 s"), (9.96, "10 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_durations_read_well(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_piped_table_is_aligned_text_of_any_width() -> None:
    grid = Grid(("name", "n"), frozenset({"n"}))
    grid.add("x" * 120, "1")
    grid.add("[red]y[/red]", "22")
    piped = io.StringIO()
    console(piped).print(grid)
    assert piped.getvalue().splitlines() == [
        "name" + " " * 116 + "   n",
        "x" * 120 + "   1",
        "[red]y[/red]" + " " * 108 + "  22",
    ]


def test_a_table_in_a_terminal_shows_markup_as_it_is() -> None:
    grid = Grid(("name",))
    grid.add("[red]y[/red]\x1b[2J")
    terminal = io.StringIO()
    Console(file=terminal, force_terminal=True, width=80).print(grid)
    assert "[red]y[/red]" in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


@pytest.mark.parametrize(
    ("called", "shown"),
    [(".venv/bin/stillwater", ".venv/bin/stillwater"), ("/x/y/__main__.py", "stillwater")],
)
def test_commands_to_try_are_written_as_they_can_be_typed(
    called: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [called])
    assert program() == shown


def test_a_program_on_the_path_goes_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stillwater").write_text("#!/bin/sh\n")
    (tmp_path / "stillwater").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["/elsewhere/bin/stillwater"])
    assert program() == "stillwater"
