from datetime import timedelta

import pytest

from confine import Config, ConfigError, InterpolationError, MissingKey, dumps, loads

TEXT = """\
name = demo
[server]
host = example.com
port = 0x1f90
debug = Off
tags = a, b,,c
timeout = 1h 30m
url = http://${server.host}:${server.port}/${name}
"""


def test_values_by_name():
    config = loads(TEXT)
    assert config.get("server.host") == "example.com"
    assert config.get("server.missing", "x") == "x"
    with pytest.raises(MissingKey, match="no such key: server.missing"):
        config.get("server.missing")


def test_conversions():
    config = loads(TEXT)
    assert config.get_int("server.port") == 8080
    assert config.get_int("server.none", 3) == 3
    assert config.get_bool("server.debug") is False
    assert config.get_bool("server.none", True) is True
    assert config.get_list("server.tags") == ["a", "b", "c"]
    assert config.get_list("server.none", ["z"]) == ["z"]
    assert config.get_duration("server.timeout") == timedelta(minutes=90)


@pytest.mark.parametrize("text", ["5x", "m5", "", "1h30"])
def test_refuses_bad_durations(text):
    with pytest.raises(ConfigError, match="not a duration"):
        Config({"a": {"b": text}}).get_duration("a.b")


def test_refuses_bad_numbers():
    with pytest.raises(ConfigError, match="a.b: not a whole number"):
        Config({"a": {"b": "many"}}).get_int("a.b")
    with pytest.raises(ConfigError, match="a.b: neither yes nor no"):
        Config({"a": {"b": "maybe"}}).get_bool("a.b")


def test_interpolation():
    assert loads(TEXT).get("server.url") == "http://example.com:0x1f90/demo"


def test_interpolation_of_the_environment():
    config = loads("home = ${env.HOME}/x\nprice = 5$$\n", env={"HOME": "/home/kim"})
    assert config.get("home") == "/home/kim/x"
    assert config.get("price") == "5$"
    with pytest.raises(InterpolationError, match="no environment variable USER"):
        loads("x = ${env.USER}\n").get("x")


def test_interpolation_that_goes_round_in_a_circle():
    with pytest.raises(InterpolationError, match="circle: a -> b -> a"):
        loads("a = ${b}\nb = ${a}\n").get("a")


def test_interpolation_of_nothing():
    with pytest.raises(InterpolationError, match="x: no such key: nope"):
        loads("x = ${nope}\n").get("x")


def test_names_ignore_case_in_files():
    assert loads("[Server]\nHost = x\n").get("server.host") == "x"


def test_names_ignore_case_when_asked():
    config = loads("[Server]\nHost = x\n")
    assert config.get("Server.Host") == "x"
    assert config.get("SERVER.host") == "x"


def test_names_ignore_case_in_references():
    config = loads("[Server]\nHost = x\nURL = http://${Server.Host}/\n")
    assert config.get("server.url") == "http://x/"


def test_a_circle_is_found_in_any_case():
    with pytest.raises(InterpolationError, match="circle"):
        loads("a = ${B}\nb = ${A}\n").get("A")


def test_merging_lets_the_other_win():
    merged = loads("[a]\nx = 1\ny = 1\n").merged(loads("[a]\ny = 2\n[b]\nz = 3\n"))
    assert merged.items("a") == {"x": "1", "y": "2"}
    assert list(merged.sections()) == ["a", "b"]


def test_merging_changes_neither():
    base, other = loads("[a]\nx = 1\n"), loads("[a]\nx = 2\n[b]\ny = 2\n")
    merged = base.merged(other)
    merged.set("b.y", "3")
    assert base.get("a.x") == "1"
    assert other.get("b.y") == "2"


def test_a_copy_is_equal():
    config = loads(TEXT)
    assert dumps(config.copy()) == dumps(config)


def test_a_copy_has_new_sections_of_its_own():
    config = loads(TEXT)
    config.copy().set("new.key", "1")
    assert "new" not in list(config.sections())


def test_a_copy_has_values_of_its_own():
    config = loads(TEXT)
    twin = config.copy()
    twin.set("server.host", "localhost")
    twin.set("name", "test")
    assert config.get("server.host") == "example.com"
    assert config.get("name") == "demo"


def test_writes_what_it_reads():
    text = 'a = 1\n\n[b]\nc = \n    x\n    y\nd = "# no"\n'
    assert dumps(loads(text)) == text
    again = loads(dumps(loads(TEXT)))
    assert again.items("server") == loads(TEXT).items("server")
