import pytest

from depgraph import Requirement, Version


def test_orders_by_number():
    texts = ["1.10", "1.9", "1.9.1", "2", "v1.0-rc1", "1.0-b2", "1.0-a10", "1.0-a9", "1.0"]
    assert [str(v) for v in sorted(Version(text) for text in texts)] == [
        "1.0-a9",
        "1.0-a10",
        "1.0-b2",
        "1.0-rc1",
        "1.0",
        "1.9",
        "1.9.1",
        "1.10",
        "2",
    ]


def test_zeros_at_the_end_do_not_matter():
    assert Version("1.0.0") == Version("1")
    assert hash(Version("1.0.0")) == hash(Version("1"))
    assert Version("1.0") != Version("1.0-rc1")


@pytest.mark.parametrize("text", ["", "x", "1.", "1.0-c1", "1.0-rc"])
def test_refuses_bad_versions(text):
    with pytest.raises(ValueError, match="not a version"):
        Version(text)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("a", "0.1", None),
        ("a==1.0", "1", "1.0.1"),
        ("a!=1.0", "1.1", "1.0"),
        ("a>=1.2,<2", "1.2", "2"),
        ("a>1,<=2", "2", "1"),
        ("a~=1.4", "1.10", "2.0"),
        ("a~=1.4.2", "1.4.9", "1.5"),
    ],
)
def test_bounds(text, inside, outside):
    requirement = Requirement.parse(text)
    assert requirement.allows(Version(inside))
    assert outside is None or not requirement.allows(Version(outside))


def test_requirements_as_text():
    assert str(Requirement.parse("My_Package >= 1.0 , <2 ?")) == "my-package>=1.0,<2?"


@pytest.mark.parametrize("text", ["", "1a", "a=1", "a>=", "a>=x"])
def test_refuses_bad_requirements(text):
    with pytest.raises(ValueError):
        Requirement.parse(text)
