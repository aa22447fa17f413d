"""``/config``: the whole configuration of a node without a database, as one declarative document (admin-api.md 3.6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from gwctl.admin.answers import JSON, Refusal, answer
from gwctl.admin.context import AdminContext
from gwctl.admin.ports import ConfigLoading, LoadOffer, LoadResult, Reads
from gwctl.admin.receiving import drain, is_multipart, receive_form, receive_into
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.declarative import export
from gwctl.schema import RecordDict
from gwctl.store.paging import MAX_SIZE

_TRUE = ("1", "true", "on", "yes")
_FIELD = "config"
_PIECE = 1 << 18
_NOT_EXPORTED = ("workspaces",)


def config() -> Endpoint:
    get = Operation(_get, "The configuration of this node as a declarative document", errors=(400,))
    post = Operation(
        _post,
        "Replace the configuration of this node by a declarative document",
        201,
        errors=(304, 400, 408, 413, 429, 503, 504),
        reads_body=True,
    )
    return Endpoint("/config", "config", {"GET": get, "POST": post})


async def _get(call: Call) -> Response:
    _loading(call)
    form = call.argument("format") or "yaml"
    if form not in ("yaml", "json"):
        raise Refusal(400, f"unknown format: {form} (yaml, json)")
    text = await asyncio.to_thread(_exported, call.context, form)
    return answer({"config": text})


def _exported(context: AdminContext, form: str) -> str:
    with context.store.read() as reads:
        return export(
            _everything(context, reads),
            catalog=context.catalog,
            form="json" if form == "json" else "yaml",
            now=context.clock.now(),
        )


def _everything(context: AdminContext, reads: Reads) -> Iterator[tuple[str, RecordDict]]:
    """Every record, parents before children."""
    for schema in context.catalog.exported:
        offset: str | None = None
        while schema.name not in _NOT_EXPORTED:
            page = reads.page(schema.name, size=MAX_SIZE, offset=offset)
            for record in page.data:
                yield schema.name, record
            offset = page.offset
            if offset is None:
                break


async def _post(call: Call) -> Response:
    loading = _loading(call)
    if wait := loading.busy():
        await drain(call.request)
        raise _busy("Currently loading previous configuration", wait)
    offer = loading.offer()
    try:
        result = await _offered(call, offer)
        if offer.answer.exists():
            return _streamed(offer, result.status)
        offer.close()
        return _plain(result)
    except BaseException:
        offer.close()
        raise


async def _offered(call: Call, offer: LoadOffer) -> LoadResult:
    """Receive the body and load it."""
    given: dict[str, str] = {}
    if is_multipart(call.request.headers):
        given = await receive_form(call.request, offer.body, _FIELD)
        syntax = "text"
    else:
        await receive_into(call.request, offer.body)
        syntax = _syntax(call.request.headers.get("content-type", ""))

    def wants(name: str) -> bool:
        return (call.argument(name) or given.get(name, "")).lower() in _TRUE

    if not offer.body.exists() or not offer.body.stat().st_size:
        raise Refusal(400, "expected a declarative configuration")
    return await offer.submit(syntax=syntax, check_hash=wants("check_hash"), flatten_errors=wants("flatten_errors"))


def _syntax(content_type: str) -> str:
    if content_type.startswith("application/json"):
        return "json"
    return "form" if content_type.startswith("application/x-www-form-urlencoded") else "text"


def _plain(result: LoadResult) -> Response:
    if result.status == 304:
        return Response(None, 304)
    if result.status == 429:
        raise _busy(result.message, result.retry_after)
    raise Refusal(result.status, result.message)


def _busy(text: str, seconds: int) -> Refusal:
    return Refusal(429, text, {"Retry-After": str(seconds)})


def _streamed(offer: LoadOffer, status: int) -> Response:
    """The answer from its file, piece by piece: it is as large as the configuration."""

    async def pieces() -> AsyncIterator[bytes]:
        try:
            with offer.answer.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
        finally:
            offer.close()

    headers: dict[str, Any] = {"Content-Length": str(offer.answer.stat().st_size)}
    return StreamingResponse(pieces(), status, headers, media_type=JSON)


def _loading(call: Call) -> ConfigLoading:
    if call.context.loading is None:
        raise Refusal(400, "this endpoint is only available when Kong is configured to not use a database")
    return call.context.loading
