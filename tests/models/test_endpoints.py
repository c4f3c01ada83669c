"""What is listed as an endpoint: URLs, and files of them."""

from pathlib import Path

import pytest

from stillwater.models.endpoints import Endpoint, EndpointError, endpoints


def test_urls_and_files_of_urls_are_endpoints_each_once(tmp_path: Path) -> None:
    file = tmp_path / "servers.txt"
    file.write_text("# the cellar\nhttp://cellar:8080/v1 4  # two cards\n\nhttp://a:1/v1/\n")
    assert endpoints(["http://a:1/v1", f"{file}", "https://b/v1 2"], 3) == [
        Endpoint("http://a:1/v1", 3),
        Endpoint("http://cellar:8080/v1", 4),
        Endpoint("https://b/v1", 2),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ftp://a/v1", "is no endpoint: write it as http://HOST:PORT/v1"),
        ("http:///v1", "is no endpoint"),
        ("http://[::1", "is no endpoint"),
        ("http://a:99999/v1", "is no endpoint"),
        ("http://a/v1 many", "'many' is no number of requests at once"),
        ("http://a/v1 ²", "'²' is no number of requests at once"),
        ("http://a/v1 " + "9" * 5000, "is no number of requests at once"),
        ("http://me:my secret-word@a/v1", "has credentials or a query in its URL"),
        ("http://a/v1 0", "'0' is no number of requests at once"),
        ("http://me:secret-word@a/v1", "has credentials or a query in its URL"),
        ("http://a/v1?key=secret-word", "has credentials or a query in its URL"),
        ("ftp://a/v1?key=secret-word", "'ftp://a/v1' is no endpoint"),
    ],
)
def test_what_is_no_endpoint_is_refused_in_a_sentence(line: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "servers.txt"
    file.write_text(f"http://a/v1\n{line}\n")
    with pytest.raises(EndpointError) as told:
        endpoints([str(file)], 1)
    assert why in str(told.value)
    assert f"{file}:2" in str(told.value)
    assert "secret-word" not in str(told.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"servers\.txt can't be read: No such file"):
        endpoints([str(tmp_path / "servers.txt")], 1)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EndpointError, match="it is no text"):
        endpoints([str(tmp_path / "binary")], 1)
