import pytest

from waypost import Query
from waypost.encoding import decode, encode


def test_parses_pairs_in_order():
    assert list(Query.parse("?b=2&a=1&b=3")) == [("b", "2"), ("a", "1"), ("b", "3")]


def test_keys_without_values():
    assert list(Query.parse("a&b=&&=c")) == [("a", ""), ("b", ""), ("", "c")]


def test_values_of_a_key():
    query = Query.parse("a=1&b=x&a=2")
    assert query.get("a") == "1"
    assert query.all("a") == ["1", "2"]
    assert query.get("z", "none") == "none"
    assert "b" in query
    assert "z" not in query


def test_numbers():
    query = Query.parse("page=3&size=many")
    assert query.get_int("page") == 3
    assert query.get_int("size", 20) == 20
    assert query.get_int("z") is None


def test_decodes_blanks_and_escapes():
    assert Query.parse("q=two+words&n%C3%A4me=100%25").get("q") == "two words"
    assert Query.parse("q=two%20words&n%C3%A4me=100%25").get("näme") == "100%"


def test_an_escaped_plus_stays_a_plus():
    assert Query.parse("tel=%2B49+30").get("tel") == "+49 30"
    assert Query.parse("c%2B%2B=yes").get("c++") == "yes"


@pytest.mark.parametrize("value", ["", "a b", "a&b=c", "ü/ö", "100%"], ids=range(5))
def test_round_trip(value):
    query = Query({"key": value})
    assert Query.parse(str(query)) == query


@pytest.mark.parametrize("value", ["1+1=2", "+", "a+b c"], ids=range(3))
def test_round_trip_of_a_plus(value):
    query = Query({"key": value})
    assert Query.parse(str(query)) == query


def test_replaces_a_key_in_its_place():
    query = Query.parse("a=1&b=2&a=3")
    assert str(query.replace("a", "x")) == "a=x&b=2"
    assert str(query.replace("c", "x")) == "a=1&b=2&a=3&c=x"
    assert str(query.replace("a", None)) == "b=2"
    assert str(query) == "a=1&b=2&a=3"


def test_encoding():
    assert encode("a/b ü") == "a%2Fb%20%C3%BC"
    assert encode("a/b", keep="/") == "a/b"
    assert decode("%C3%BC%zz%ff") == "ü%zz\ufffd"
