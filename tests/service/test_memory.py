"""Answers that are given again: never one from before the last change."""

from tests.service.conftest import World


def test_what_was_answered_is_answered_again_until_something_changes(world: World) -> None:
    world.add("r-1", 1)
    world.worker.wake()
    first = world.client.get("/api/runs/r-1")
    # Behind the service's back, so that nothing is told.
    world.store.finish_run("r-1")
    again = world.client.get("/api/runs/r-1")
    assert again.content == first.content
    assert again.headers == first.headers
    world.worker.wake()
    assert world.client.get("/api/runs/r-1").json()["finished_at"] is not None


def test_every_transition_is_seen_at_once(world: World) -> None:
    world.add("r-1", 1)
    seen: list[int] = []
    world.begin()
    while not seen or seen[-1] < 4:
        world.until(lambda: _count(world) > (seen[-1] if seen else 0))
        seen.append(_count(world))
    assert seen[-1] == 4


def test_errors_and_other_queries_are_asked_anew(world: World) -> None:
    assert world.client.get("/api/runs/r-1").status_code == 404
    world.add("r-1", 3)
    assert world.client.get("/api/runs/r-1").status_code == 200
    assert len(world.client.get("/api/runs/r-1/machines?limit=1").json()["items"]) == 1
    assert len(world.client.get("/api/runs/r-1/machines?limit=2").json()["items"]) == 2


def _count(world: World) -> int:
    return len(world.client.get("/api/runs/r-1/transitions").json()["items"])
