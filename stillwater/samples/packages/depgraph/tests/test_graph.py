import pytest

from depgraph import CycleError, Graph


@pytest.fixture
def graph():
    graph = Graph()
    graph.add("app", ["web", "db"])
    graph.add("web", ["core"])
    graph.add("db", ["core"])
    graph.add("tool")
    return graph


def test_needs(graph):
    assert graph.needs("app") == ["db", "web"]
    assert graph.needed_by("core") == ["db", "web"]
    assert "core" in graph
    assert "x" not in graph


def test_everything_a_name_needs(graph):
    assert graph.reachable("app") == {"web", "db", "core"}


def test_each_question_is_answered_anew(graph):
    assert graph.reachable("app") == {"web", "db", "core"}
    assert graph.reachable("web") == {"core"}
    assert graph.reachable("tool") == set()


def test_two_graphs_share_nothing(graph):
    other = Graph()
    other.add("web", ["http"])
    assert graph.reachable("web") == {"core"}
    assert other.reachable("web") == {"http"}


def test_order(graph):
    assert graph.order() == ["core", "db", "web", "app", "tool"]


def test_order_of_a_cycle():
    graph = Graph()
    graph.add("start", ["a"])
    graph.add("a", ["b"])
    graph.add("b", ["a"])
    with pytest.raises(CycleError) as caught:
        graph.order()
    assert caught.value.path == ["a", "b", "a"]
