"""The Admin API as an ASGI application: find the endpoint, decode, call, render; the same headers on all answers."""

from __future__ import annotations

import asyncio
import math
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from gwctl import KONG_VERSION
from gwctl.admin.answers import message, nothing
from gwctl.admin.context import AdminContext
from gwctl.admin.database import Database
from gwctl.admin.encoding import Body, parse_query, read_body
from gwctl.admin.endpoints import route_table
from gwctl.admin.errors import render
from gwctl.admin.routing import WITH_BODY, Call, Endpoint, Routes
from gwctl.kit.asgi import AnswerHeaders, Headers, header


def admin_app(context: AdminContext) -> Starlette:
    """The Admin API over ``context``; serve it with any ASGI server."""
    routes = route_table(context.catalog, context.settings.role, context.additions)
    database = Database(context.store, context.executor, context.on_commit, context.deadline)
    headers = Middleware(AnswerHeaders, headers=_AdminHeaders(context), monotonic=context.clock.monotonic)
    return Starlette(routes=[_Dispatch(context, database, routes)], middleware=[headers])


class _Dispatch(BaseRoute):
    """The one route of the application: everything is looked up in the table."""

    def __init__(self, context: AdminContext, database: Database, routes: Routes) -> None:
        self._context = context
        self._database = database
        self._routes = routes
        self._most_bytes = context.settings.size("nginx_admin_client_max_body_size") or math.inf

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            response = render(request, error)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        raw_path: bytes = request.scope["raw_path"]
        found = self._routes.find(raw_path)
        if found is None:
            return message("Not found", 404)
        endpoint, params = found
        if request.method == "OPTIONS":
            return _options(request, endpoint)
        method = "GET" if request.method == "HEAD" else request.method
        operation = endpoint.operations.get(method)
        if operation is None:
            return message("Method not allowed", 405, {"Allow": endpoint.methods})
        decoded = method in WITH_BODY and not operation.reads_body
        call = Call(
            context=self._context,
            database=self._database,
            path=raw_path.decode("ascii", "replace").rstrip("/") or "/",
            params=params,
            query=parse_query(request.scope["query_string"]),
            body=await read_body(request, self._most_bytes) if decoded else Body(),
            request=request,
        )
        return await operation.handler(call)


def _options(request: Request, endpoint: Endpoint) -> Response:
    return nothing(
        {
            "Allow": endpoint.methods,
            "Access-Control-Allow-Methods": endpoint.methods,
            "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", "Content-Type"),
        }
    )


class _AdminHeaders:
    """Server, latency and CORS (admin-api.md 2.1); the setting ``headers`` may remove the first two."""

    def __init__(self, context: AdminContext) -> None:
        shown = context.settings.response_headers
        self._server = "Server" in shown
        self._latency = "X-Kong-Admin-Latency" in shown
        self._origin = _origin(context.settings.text("admin_gui_url"))

    def __call__(self, scope: Scope, seconds: float) -> Headers:
        origin = self._origin or header(scope, b"origin") or "*"
        headers = [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
        ]
        if self._latency:
            headers.append((b"x-kong-admin-latency", str(round(seconds * 1000)).encode()))
        if self._server:
            headers.append((b"server", f"kong/{KONG_VERSION}".encode()))
        return headers


def _origin(url: str | None) -> str | None:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None
