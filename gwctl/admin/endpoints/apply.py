"""``/config/apply`` and ``/config/dump``: a whole document as one changeset, and back (ARCHITECTURE.md).

The work is done by a change process; here a document is put into a file and the answer is passed on as it comes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Iterator
from typing import IO, Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.chunks import chunks, too_large
from gwctl.admin.receiving import MOST_BYTES
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.changes.carry import tags_of
from gwctl.changes.orders import ApplyOrder, DumpOrder, Order
from gwctl.changes.process import Answer, ChangeProcesses, Occupied
from gwctl.schema import EntityError

NDJSON = "application/x-ndjson"
T = TypeVar("T")

_NAMES = {
    "application/json": "document.json",
    "application/yaml": "document.yaml",
    "application/x-yaml": "document.yaml",
    "text/yaml": "document.yaml",
    "text/x-yaml": "document.yaml",
    "text/plain": None,
}
_PIECE = 1024 * 1024
_FLAGS = {"1": True, "true": True, "0": False, "false": False}


def config_changes() -> Iterator[Endpoint]:
    apply = Operation(
        _apply, "Make the configuration what a declarative document says", errors=(400, 409, 412, 413), reads_body=True
    )
    dump = Operation(_dump, "Stream the configuration, one record per line", errors=(400, 405))
    yield Endpoint("/config/apply", "config", {"POST": apply})
    yield Endpoint("/config/dump", "config", {"GET": dump})


async def _apply(call: Call) -> Response:
    processes = _processes(call, "apply a changeset")
    order = ApplyOrder(
        name=_syntax(call.request),
        dry_run=_flag(call, "dry_run", default=False),
        delete=_flag(call, "delete", default=True),
        select_tags=tags_of(call.argument("select_tags")),
        if_match=_if_match(call.request),
        tell_changes=_flag(call, "changes", default=True),
        most_deletes=_number(call, "most_deletes"),
    )
    with tempfile.TemporaryFile() as document:
        await _spool(call.request, document)
        document.seek(0)
        return await _answered(call.request, processes, order, document)


async def _dump(call: Call) -> Response:
    processes = _processes(call, "dump the configuration")
    return await _answered(call.request, processes, DumpOrder(tags_of(call.argument("select_tags"))), None)


def _processes(call: Call, doing: str) -> ChangeProcesses:
    if call.context.changes is None:
        raise EntityError.operation_unsupported(f"cannot {doing} when not using a database")
    return call.context.changes


async def _answered(request: Request, processes: ChangeProcesses, order: Order, document: IO[bytes] | None) -> Response:
    try:
        running = await processes.start(order, document)
    except Occupied as error:
        raise Refusal(503, error.message, {"Retry-After": "5"}) from None
    try:
        status, body = await _unless_gone(request, running.head())
    except BaseException:
        running.close()
        raise
    if status == 200:
        return _Streamed(running)
    running.close()
    return answer(body, status)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``; ClientDisconnect when nobody waits for it any more: others may wait for their turn."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Streamed(StreamingResponse):
    """The events of a change process, which ends with the answer, however that ends."""

    def __init__(self, running: Answer) -> None:
        super().__init__(running.events(), media_type=NDJSON)
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._running.close()


async def _spool(request: Request, document: IO[bytes]) -> None:
    """The body into a file. Raises Refusal: 413, 408, 400 for an empty one."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    loop = asyncio.get_running_loop()
    waiting = bytearray()
    total = 0
    async for piece in chunks(request):
        total += len(piece)
        if total > MOST_BYTES:
            raise too_large(MOST_BYTES)
        waiting += piece
        if len(waiting) >= _PIECE:
            await loop.run_in_executor(None, document.write, bytes(waiting))
            waiting.clear()
    if not total:
        raise Refusal(400, "expected a declarative configuration")
    await loop.run_in_executor(None, document.write, bytes(waiting))
    await loop.run_in_executor(None, document.flush)


def _syntax(request: Request) -> str | None:
    content_type = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if content_type not in _NAMES:
        raise Refusal(415, f"a document comes as {', '.join(sorted(_NAMES))}, not as {content_type}")
    return _NAMES[content_type]


def _flag(call: Call, name: str, *, default: bool) -> bool:
    text = call.argument(name)
    if text is None:
        return default
    if text not in _FLAGS:
        raise Refusal(400, f"{name} must be 0 or 1")
    return _FLAGS[text]


def _number(call: Call, name: str) -> int | None:
    text = call.argument(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Refusal(400, f"{name} must be a number")
    return int(text)


def _if_match(request: Request) -> str | None:
    text = request.headers.get("if-match")
    return None if text is None or text.strip() == "*" else text.strip().removeprefix("W/").strip('"')
