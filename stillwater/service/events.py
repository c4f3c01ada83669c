"""Transitions as they are committed: a stream of server-sent events that can be taken up again.

The id of an event is the id of its transition, so a browser that comes back with Last-Event-ID
misses none and sees none twice, whatever was started again meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from stillwater.service import told
from stillwater.service.problems import documented
from stillwater.store import listing

if TYPE_CHECKING:
    from stillwater.service.app import Service

AT_ONCE = 200
QUIET_SECONDS = 15.0
"""After that long without a transition a stream looks again by itself."""


def router(service: "Service") -> APIRouter:
    """The route of the stream."""
    routes = APIRouter(tags=["events"])

    def asked(
        run: Annotated[str | None, Query(max_length=100, description="Only of this run.")] = None,
    ) -> str | None:
        if run is None:
            return None
        with service.readers.store() as store:
            return told.run_row(store, run).id

    @routes.get(
        "/events",
        response_class=EventSourceResponse,
        responses=documented(401, 404, 421, 422, 503),
    )
    async def events(
        run_id: Annotated[str | None, Depends(asked)],
        last_event_id: Annotated[
            int | None,
            Header(ge=0, le=2**62, description="The last that was seen; absent: only what comes."),
        ] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Stream transitions (event `transition`), and that something else changed (`changed`)."""
        last = last_event_id
        if last is None:
            last = await run_in_threadpool(_last, service)
        woken = False
        with service.hub.waiting() as event:
            while not service.hub.closed:
                event.clear()
                found = await run_in_threadpool(
                    told.transitions, service.readers, last, AT_ONCE, run_id
                )
                for one in found:
                    last = one.id
                    yield ServerSentEvent(data=told.short(one), event="transition", id=str(one.id))
                if woken and not found:
                    yield ServerSentEvent(data={}, event="changed")
                if len(found) == AT_ONCE:
                    continue
                woken = await _set_within(event, QUIET_SECONDS)

    return routes


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _last(service: "Service") -> int:
    with service.readers.store() as store, store.reading() as connection:
        return listing.last_transition(connection)
