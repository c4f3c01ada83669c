import pytest

from confine import ConfigError, loads, read


def test_reads_a_file(tmp_path):
    (tmp_path / "app.ini").write_text("[a]\nx = ü\n", encoding="utf-8")
    assert read(tmp_path / "app.ini").get("a.x") == "ü"


def test_includes_a_file_beside_it(tmp_path, monkeypatch):
    (tmp_path / "app.ini").write_text("include = base.ini\n[a]\ny = 2\n")
    (tmp_path / "base.ini").write_text("[a]\nx = 1\ny = 1\n")
    monkeypatch.chdir(tmp_path)
    assert read("app.ini").items("a") == {"x": "1", "y": "2"}


def test_includes_several_files(tmp_path, monkeypatch):
    (tmp_path / "app.ini").write_text("include =\n    one.ini\n    two.ini\n")
    (tmp_path / "one.ini").write_text("x = 1\n")
    (tmp_path / "two.ini").write_text("x = 2\n")
    monkeypatch.chdir(tmp_path)
    assert read("app.ini").get("x") == "2"


def test_includes_are_relative_to_the_file_that_says_so(tmp_path, monkeypatch):
    (tmp_path / "conf" / "parts").mkdir(parents=True)
    (tmp_path / "conf" / "app.ini").write_text("include = parts/db.ini\n")
    (tmp_path / "conf" / "parts" / "db.ini").write_text("include = ../more.ini\n[db]\nx = 1\n")
    (tmp_path / "conf" / "more.ini").write_text("[more]\nx = 2\n")
    monkeypatch.chdir(tmp_path)
    config = read("conf/app.ini")
    assert config.get_int("db.x") == 1
    assert config.get_int("more.x") == 2


def test_refuses_a_circle(tmp_path, monkeypatch):
    (tmp_path / "a.ini").write_text("include = b.ini\n")
    (tmp_path / "b.ini").write_text("include = a.ini\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="includes itself"):
        read("a.ini")


def test_names_the_file_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match="cannot read .*nope.ini"):
        read(tmp_path / "nope.ini")


def test_text_cannot_include():
    with pytest.raises(ConfigError, match="<text>:1: include needs a file"):
        loads("include = x.ini\n")


def test_include_inside_a_section_is_a_key():
    assert loads("[a]\ninclude = x\n").get("a.include") == "x"
