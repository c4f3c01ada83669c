"""What must hold for any text, number or byte."""

import json
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwater.audit.canonical import NotCanonical, parse
from stillwater.canonical import Json
from stillwater.heads import Head, NotHeads
from stillwater.heads import parse as parse_heads
from tests.audit.world import World

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


@given(texts)
def test_sqlite_quotes_text_as_rfc_8785_does(text: str) -> None:
    raw = sqlite.connect(":memory:")
    (quoted,) = raw.execute("SELECT json_quote(?)", (text,)).fetchone()
    raw.close()
    assert quoted.encode() == rfc8785.dumps(text)


@given(values)
def test_canonical_text_is_taken_and_says_what_it_said(value: Json) -> None:
    text = rfc8785.dumps(value).decode()
    assert rfc8785.dumps(parse(text)).decode() == text


@given(
    values, st.booleans(), st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (", ", ": ")])
)
def test_other_text_is_refused_just_where_it_differs(
    value: Json, ascii_only: bool, indent: int | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    if text == rfc8785.dumps(value).decode():
        parse(text)
    else:
        with pytest.raises(NotCanonical):
            parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "{", "nul", "NaN", "Infinity", "-0", "1.0", "1e3", "1E-5", "00", '{"b":1,"a":2}', "+1",
     '{"a":1,"a":1}', ' 1', '"\\u0061"', '"\\/"', '"\\ud800"', "9007199254740993", "1e400",
     "[" * 100_000, '{"\ufb33":2,"\U0001f600":1}'],
)  # fmt: skip
def test_what_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        parse(text)


hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
heads = st.builds(
    Head,
    hexes,
    st.integers(1, 2**62),
    st.just("2026-11-24T12:00:00.000000Z"),
    st.none() | hexes.map(lambda half: half * 2),
) | st.builds(Head, hexes)


@given(st.lists(heads))
def test_heads_are_read_as_they_were_written(kept: list[Head]) -> None:
    content = "".join(f"{head}\n" for head in kept).encode()
    assert parse_heads(content, may_be_torn=False) == kept


@given(st.lists(heads, min_size=1), st.data())
def test_a_torn_file_of_heads_loses_at_most_the_last(kept: list[Head], data: st.DataObject) -> None:
    content = "".join(f"{head}\n" for head in kept).encode()
    cut = data.draw(st.integers(0, len(content)))
    found = parse_heads(content[:cut], may_be_torn=True)
    whole = content[:cut].count(b"\n")
    assert found[:whole] == kept[:whole]
    assert len(found) <= whole + 1


def test_a_torn_line_in_the_middle_is_none() -> None:
    with pytest.raises(NotHeads, match="line 1"):
        parse_heads(b"12 00\n", may_be_torn=True)


COLUMNS = ("evidence", "started_at", "finished_at", "prev_sha256", "sha256", "source", "event")


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_of_any_transition_is_found(
    whole: World, tmp_path: Path, data: st.DataObject
) -> None:
    world = whole.copy(tmp_path)
    world.heads.unlink()
    (last,) = world.ask("SELECT max(id) FROM transitions")[0]
    number, column = data.draw(st.integers(1, last)), data.draw(st.sampled_from(COLUMNS))
    ((text,),) = world.ask(f"SELECT CAST({column} AS BLOB) FROM transitions WHERE id = ?", number)
    at, flip = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(1, 255))
    changed = text[:at] + bytes([text[at] ^ flip]) + text[at + 1 :]
    statement = f"UPDATE transitions SET {column} = CAST(? AS TEXT) WHERE id = ?"
    world.tamper((statement, (changed, number)))
    assert not world.audit(home=None).holds
