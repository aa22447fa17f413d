"""The request as upstreams get it (proxy.md 2.2, order of observed.md 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gwctl import KONG_VERSION
from gwctl.engine.http1.codec import Field, Framing, RequestHead
from gwctl.engine.http1.heads import REQUEST_APART
from gwctl.engine.proxy.origin import Origin

SERVER_TOKEN = f"kong/{KONG_VERSION}".encode()

# written by us, or meant for this connection only
_OURS = REQUEST_APART - {b"trailer", b"x-kong-request-id"}
_REQUEST_ID = frozenset((b"x-kong-request-id",))
# a client may not use Connection to take these away (reliability.md S1.49)
_KEPT = frozenset((b"authorization", b"close", b"content-length", b"cookie", b"host", b"keep-alive", b"upgrade"))
_KEPT_STARTS = (b"x-forwarded-", b"x-real-ip", b"x-consumer-", b"x-credential-")
# spellings with _ that many upstreams read like the real ones (reliability.md S1.33)
_ALIASES = frozenset(
    (
        b"authorization",
        b"content-length",
        b"host",
        b"transfer-encoding",
        b"x-anonymous-consumer",
        b"x-kong-request-id",
        b"x-real-ip",
    )
)
_ALIAS_STARTS = (b"x-forwarded-", b"x-consumer-", b"x-credential-", b"x-authenticated-")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request head ready but for its Host, which depends on the peer of each try."""

    before: bytes
    after: bytes

    def head(self, host: bytes) -> bytes:
        return b"%bHost: %b\r\n%b" % (self.before, host, self.after)


def outgoing(
    head: RequestHead,
    origin: Origin,
    target: bytes,
    prefix: bytes | None,
    request_id: bytes | None,
    framing: Framing,
    length: int | None,
) -> Outgoing:
    """``head`` rewritten for an upstream: ``target`` is the new path and query, ``prefix`` the part that was stripped,
    ``request_id`` None when it is not to be sent; ``framing`` and ``length`` say how the body will be sent."""
    via = head.joined(b"via")
    token = b"1.1" if head.minor else b"1"
    trailers = b"TE: trailers\r\n" if wants_trailers(head) else b""
    own = b"%b %b" % (token, SERVER_TOKEN)
    websocket = is_websocket(head)
    before = b"%b %b HTTP/1.1\r\n%bVia: %b\r\n" % (
        head.method,
        target,
        trailers,
        b"%b, %b" % (via, own) if via else own,
    )
    lines = [
        b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" if websocket else b"Connection: keep-alive\r\n",
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Port: %b\r\n"
        b"X-Forwarded-Path: %b\r\n"
        % (
            origin.forwarded_for,
            origin.proto,
            origin.forwarded_host,
            origin.forwarded_port,
            origin.forwarded_path,
        ),
    ]
    given = head.first(b"x-forwarded-prefix") if origin.trusted else None
    if given or prefix:
        lines.append(b"X-Forwarded-Prefix: %b\r\n" % (given or prefix or b""))
    lines.append(b"X-Real-IP: %b\r\n" % origin.client.encode())
    if request_id is not None:
        lines.append(b"X-Kong-Request-Id: %b\r\n" % request_id)
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif length is not None:
        lines.append(b"Content-Length: %d\r\n" % length)
    lines.append(_passed(head, replace_id=request_id is not None))
    lines.append(b"\r\n")
    return Outgoing(before, b"".join(lines))


def _passed(head: RequestHead, *, replace_id: bool) -> bytes:
    raw = head.raw
    if raw is not None and _goes_on_whole(head, raw.apart, replace_id=replace_id):
        return raw.rest
    dropped = _dropped(head.hop)
    if replace_id:
        dropped = dropped | _REQUEST_ID
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for low, name, value in head.fields
        if low not in dropped and b"." not in low and not (b"_" in low and _is_alias(low))
    )


def _goes_on_whole(head: RequestHead, apart: Mapping[bytes, bytes], *, replace_id: bool) -> bool:
    """Whether exactly the fields that the codec has set apart are dropped; the others have neither dots nor aliases."""
    if not replace_id and b"x-kong-request-id" in apart:
        return False
    return b"trailer" not in apart and (not head.hop or head.hop <= _KEPT)


def passed_trailers(head: RequestHead, fields: Sequence[Field]) -> bytes:
    """The lines of those trailer ``fields`` of a client that an upstream may see: none that it may trust."""
    dropped = _dropped(head.hop)
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for low, name, value in fields
        if low not in dropped and b"." not in low and not _is_alias(low)
    )


def _dropped(hop: frozenset[bytes]) -> frozenset[bytes]:
    if not hop or hop <= _KEPT:
        return _OURS
    return _OURS.union(name for name in hop if name not in _KEPT and not name.startswith(_KEPT_STARTS))


def _is_alias(low: bytes) -> bool:
    name = low.replace(b"_", b"-")
    return name in _ALIASES or name.startswith(_ALIAS_STARTS)


def wants_trailers(head: RequestHead) -> bool:
    """Whether the client's TE lists trailers."""
    te = head.joined(b"te")
    return te is not None and any(item.partition(b";")[0].strip().lower() == b"trailers" for item in te.split(b","))


def is_websocket(head: RequestHead) -> bool:
    """Whether the client asks to switch to a WebSocket tunnel; a request with a body cannot."""
    return (
        head.upgrade is not None
        and head.upgrade.lower() == b"websocket"
        and head.minor == 1
        and head.framing is Framing.NONE
    )
