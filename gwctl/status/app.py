"""The Status API: figures and readiness of a node, read-only and without secrets (hybrid.md 10)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from gwctl import KONG_VERSION
from gwctl.kit.asgi import AnswerHeaders, Headers, header
from gwctl.kit.clock import Clock
from gwctl.kit.digest import ZEROS
from gwctl.kit.path_table import PathTable
from gwctl.observe.status_report import MemoryFormat, status_body
from gwctl.status.readiness import NO_DATABASE

DATABASE_SECONDS = 2.0
_METHODS = "GET, HEAD, OPTIONS"
_OF_THE_ADMIN_API = tuple(
    f"/upstreams/{{upstreams}}/{below}" for below in ("targets", "targets/all", "targets/{targets}", "health")
)
"""What nodes without a database show of their upstreams (admin-api.md 2.8)."""
_log = logging.getLogger("gwctl.status")


@dataclass(frozen=True, slots=True)
class StatusContext:
    """What the composition root gives to the Status API. None of the callables but ``database_reachable`` may block.

    ``server_stats`` returns the ``server`` object of ``/status``; ``workers`` returns ``{"pid", "memory"}`` (bytes) per
    process; ``readiness`` says whether the node is ready and why not; ``configuration_hash`` is given on nodes without
    a database (its None reads as 32 zeros), ``database_reachable`` on nodes with one (called in a thread). ``admin``
    gets status and JSON body of a path and query from the Admin API, for the few pages that are shown here too.
    """

    role: str
    clock: Clock
    server_stats: Callable[[], Mapping[str, int]]
    workers: Callable[[], Sequence[Mapping[str, int]]]
    readiness: Callable[[], tuple[bool, str]]
    configuration_hash: Callable[[], str | None] | None = None
    database_reachable: Callable[[], bool] | None = None
    admin: Callable[[str, str], Awaitable[tuple[int, bytes]]] | None = None


Endpoint = Callable[[Request], Awaitable[Response]]


def status_app(context: StatusContext) -> Starlette:
    """The Status API over ``context``; serve it with any ASGI server."""
    endpoints = _Endpoints(context)
    table: PathTable[Endpoint] = PathTable()
    table.add("/status", endpoints.status)
    table.add("/status/ready", endpoints.ready)
    table.add("/status/dns", endpoints.dns)
    table.add("/robots.txt", endpoints.robots)
    for path in _OF_THE_ADMIN_API if context.admin is not None else ():
        table.add(path, endpoints.of_the_admin_api)
    headers = Middleware(AnswerHeaders, headers=_headers, monotonic=context.clock.monotonic)
    return Starlette(routes=[_Dispatch(table)], middleware=[headers])


class _Endpoints:
    def __init__(self, context: StatusContext) -> None:
        self._context = context

    async def status(self, request: Request) -> Response:
        query = dict(parse_qsl(request.url.query))
        try:
            memory = MemoryFormat.parse(query.get("unit"), query.get("scale"))
        except ValueError as error:
            return _answer({"message": str(error)}, 400)
        body = status_body(
            memory=memory,
            workers=self._context.workers(),
            server=self._context.server_stats(),
            database=await self._database(),
            configuration_hash=self._hash(),
        )
        return _answer(body)

    async def ready(self, request: Request) -> Response:
        if await self._database() is False:
            return _answer({"message": NO_DATABASE}, 503)
        ready, message = self._context.readiness()
        return _answer({"message": message}, 200 if ready else 503)

    async def of_the_admin_api(self, request: Request) -> Response:
        if self._context.admin is None:
            return _answer({"message": "Not found"}, 404)
        raw_path: bytes = request.scope["raw_path"]
        status, body = await self._context.admin(raw_path.decode("latin-1"), request.url.query)
        return Response(body, status, media_type="application/json; charset=utf-8")

    async def dns(self, request: Request) -> Response:
        """Figures of the reference's newer DNS client; its usual one answers the same (admin-api.md 2.6)."""
        return _answer({"message": "not implemented with the legacy DNS client"}, 501)

    async def robots(self, request: Request) -> Response:
        return PlainTextResponse("User-agent: *\nDisallow: /")

    def _hash(self) -> str | None:
        given = self._context.configuration_hash
        return None if given is None else given() or ZEROS

    async def _database(self) -> bool | None:
        """Whether the database answers in time; None on a node without one."""
        reachable = self._context.database_reachable
        if reachable is None:
            return None
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                return await asyncio.to_thread(reachable)
        except TimeoutError:
            return False


class _Dispatch(BaseRoute):
    """The one route of the application: everything is looked up in the table."""

    def __init__(self, table: PathTable[Endpoint]) -> None:
        self._table = table

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Exception:
            _log.exception("%s %s failed", request.method, request.url.path)
            response = _answer({"message": "An unexpected error occurred"}, 500)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        found = self._table.find(request.scope["raw_path"])
        if found is None:
            return _answer({"message": "Not found"}, 404)
        if request.method == "OPTIONS":
            asked = request.headers.get("access-control-request-headers", "Content-Type")
            allowed = {"Allow": _METHODS, "Access-Control-Allow-Methods": _METHODS}
            return Response(None, 204, {**allowed, "Access-Control-Allow-Headers": asked})
        if request.method not in ("GET", "HEAD"):
            return _answer({"message": "Method not allowed"}, 405, {"Allow": _METHODS})
        return await found[0](request)


def _answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json; charset=utf-8")


def _headers(scope: Scope, seconds: float) -> Headers:
    return [
        (b"access-control-allow-origin", (header(scope, b"origin") or "*").encode("latin-1")),
        (b"x-kong-admin-latency", str(round(seconds * 1000)).encode()),
        (b"server", f"kong/{KONG_VERSION}".encode()),
    ]
