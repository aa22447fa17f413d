"""The response as clients get it (proxy.md 3, order of observed.md 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gwctl.engine.chain.plan import Plan
from gwctl.engine.config import EngineConfig
from gwctl.engine.http1.codec import Field, Framing, RequestHead, ResponseHead
from gwctl.engine.http1.heads import RESPONSE_APART
from gwctl.engine.proxy.forwarding import SERVER_TOKEN, is_websocket, wants_trailers
from gwctl.engine.router.paths import header_text

# those that tell about us are dropped when we write our own
_DROPPED = frozenset(name for name in RESPONSE_APART if not name.startswith(b"x-kong-"))
_TRAILER = frozenset((b"trailer",))
_NOT_NAMEABLE = frozenset((b"close", b"keep-alive", b"upgrade", b"content-type", b"set-cookie", b"date", b"server"))
_CHARSET_TYPES = frozenset(
    (
        b"application/javascript",
        b"application/rss+xml",
        b"text/html",
        b"text/plain",
        b"text/vnd.wap.wml",
        b"text/xml",
    )
)


@dataclass(slots=True)
class Notes:
    """What the gateway tells about a response: id and latencies in milliseconds, None when they do not apply.

    ``cookie`` is a Set-Cookie line of the balancer, ``debug`` lines about route and service."""

    request_id: str
    date: bytes
    upstream_ms: int | None = None
    proxy_ms: int | None = None
    response_ms: int | None = None
    upstream_status: int | None = None
    cookie: bytes | None = None
    debug: bytes | None = None


def client_framing(request: RequestHead, response: ResponseHead) -> Framing:
    """How the body goes to the client: a length stays, else it is chunked, or ends with an old client's connection."""
    if response.framing in (Framing.NONE, Framing.LENGTH):
        return response.framing
    return Framing.CHUNKED if request.minor else Framing.UNTIL_CLOSE


def response_head(
    request: RequestHead,
    response: ResponseHead,
    framing: Framing,
    notes: Notes,
    config: EngineConfig,
    *,
    keep_alive: bool,
) -> bytes:
    """The head of a proxied response."""
    lines = [b"HTTP/1.1 %d %b\r\n" % (response.status, response.reason), _passed(request, response, config)]
    via = response.joined(b"via")
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif response.length is not None and response.status != 204:
        lines.append(b"Content-Length: %d\r\n" % response.length)
    if response.switching:
        lines.append(b"Connection: upgrade\r\nUpgrade: websocket\r\n")
    else:
        lines.append(b"Connection: keep-alive\r\n" if keep_alive else b"Connection: close\r\n")
        if request.upgrade is not None and is_websocket(request) and _offers_websocket(response):
            lines.append(b"Upgrade: websocket\r\n")
    if not response.has(b"date"):
        lines.append(b"Date: %b\r\n" % notes.date)
    if config.added is not None:
        lines.append(config.added.at(response.status))
    show = config.show
    if "server" in show and not response.has(b"server"):
        lines.append(b"Server: %b\r\n" % SERVER_TOKEN)
    add_latencies(lines, notes, show)
    if "via" in show:
        own = b"1.1 %b" % SERVER_TOKEN
        lines.append(b"Via: %b\r\n" % (b"%b, %b" % (via, own) if via else own))
    elif via:
        lines.append(b"Via: %b\r\n" % via)
    if notes.cookie is not None:
        lines.append(notes.cookie)
    add_id(lines, notes, show)
    return b"".join(lines)


def _offers_websocket(response: ResponseHead) -> bool:
    """Whether the upstream names, without switching, the protocol that was asked for."""
    return any(value.lower() == b"websocket" for value in response.values(b"upgrade"))


def _passed(request: RequestHead, response: ResponseHead, config: EngineConfig) -> bytes:
    raw, charset = response.raw, config.charset
    if raw is not None and _goes_on_whole(response, raw.apart, config):
        kind = None if charset is None else response.first(b"content-type")
        if kind is None or charset is None or with_charset(kind, charset) is kind:
            return raw.rest
    dropped = _dropped(request, response, config)
    return b"".join(
        b"%b: %b\r\n" % (name, with_charset(value, charset) if charset and low == b"content-type" else value)
        for low, name, value in response.fields
        if low not in dropped
    )


def _goes_on_whole(response: ResponseHead, apart: Mapping[bytes, bytes], config: EngineConfig) -> bool:
    """Whether exactly the fields that the codec has set apart are dropped; Trailer depends on the client."""
    if b"trailer" in apart or not response.hop <= _NOT_NAMEABLE:
        return False
    return apart.keys() <= _DROPPED or apart.keys() <= _DROPPED | config.replaced


def _dropped(request: RequestHead, response: ResponseHead, config: EngineConfig) -> frozenset[bytes]:
    dropped = _DROPPED | config.replaced
    if response.hop and not response.hop <= _NOT_NAMEABLE:
        dropped |= response.hop - _NOT_NAMEABLE
    return dropped - _TRAILER if wants_trailers(request) else dropped


def response_trailers(
    request: RequestHead, response: ResponseHead, fields: Sequence[Field], config: EngineConfig
) -> bytes:
    """The lines of those trailer ``fields`` of a response that the client gets."""
    dropped = _dropped(request, response, config)
    return b"".join(b"%b: %b\r\n" % (name, value) for low, name, value in fields if low not in dropped)


def with_charset(value: bytes, charset: bytes) -> bytes:
    """A Content-Type of a text type without parameters gets ``charset``."""
    return b"%b; charset=%b" % (value, charset) if value.lower() in _CHARSET_TYPES else value


def add_latencies(lines: list[bytes], notes: Notes, show: frozenset[str]) -> None:
    """The latencies that apply, and the upstream's status."""
    if notes.upstream_ms is not None and "x-kong-upstream-latency" in show:
        lines.append(b"X-Kong-Upstream-Latency: %d\r\n" % notes.upstream_ms)
    if notes.proxy_ms is not None and "x-kong-proxy-latency" in show:
        lines.append(b"X-Kong-Proxy-Latency: %d\r\n" % notes.proxy_ms)
    if notes.response_ms is not None and "x-kong-response-latency" in show:
        lines.append(b"X-Kong-Response-Latency: %d\r\n" % notes.response_ms)
    if notes.upstream_status is not None and "x-kong-upstream-status" in show:
        lines.append(b"X-Kong-Upstream-Status: %d\r\n" % notes.upstream_status)


def add_id(lines: list[bytes], notes: Notes, show: frozenset[str]) -> None:
    """Lines for who debugs, the request id and the end of the head."""
    if notes.debug is not None:
        lines.append(notes.debug)
    if "x-kong-request-id" in show:
        lines.append(b"X-Kong-Request-Id: %b\r\n" % notes.request_id.encode())
    lines.append(b"\r\n")


def debug_lines(plan: Plan) -> bytes:
    """Which route and service a request belongs to (setting ``allow_debug_header``, proxy.md 1.10)."""
    service = plan.service
    told = [("Kong-Route-Id", plan.route_id), ("Kong-Route-Name", plan.name)]
    if service is not None:
        told += [("Kong-Service-Id", service.id), ("Kong-Service-Name", service.name)]
    return b"".join(b"%b: %b\r\n" % (name.encode(), header_text(value)) for name, value in told if value)
