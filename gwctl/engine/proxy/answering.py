"""The gateway's own answers on the wire: head and body by what the client accepts (proxy.md 3, 4)."""

from __future__ import annotations

from gwctl.engine.config import EngineConfig
from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.answers import Answer, choose_type
from gwctl.engine.proxy.error_bodies import GRPC, JSON
from gwctl.engine.proxy.forwarding import SERVER_TOKEN
from gwctl.engine.proxy.returning import Notes, add_id, add_latencies
from gwctl.engine.proxy.statuses import grpc_fields, reason

Fields = tuple[tuple[bytes, bytes], ...]


def answer_response(
    answer: Answer, request: RequestHead | None, notes: Notes, config: EngineConfig, *, keep_alive: bool
) -> tuple[bytes, bytes]:
    """Head and body of ``answer``; the body is empty for HEAD. ``request`` is None when it could not be read."""
    kind, body, more = _content(answer, request, notes, config)
    lines = [b"HTTP/1.1 %d %b\r\nDate: %b\r\n" % (answer.status, reason(answer.status), notes.date)]
    if kind:
        lines.append(b"Content-Type: %b\r\n" % kind)
    lines.append(b"Connection: keep-alive\r\n" if keep_alive else b"Connection: close\r\n")
    lines.append(b"Content-Length: %d\r\n" % len(body))
    lines += [b"%b: %b\r\n" % field for field in (*answer.fields, *more)]
    if config.added is not None:
        lines.append(config.added.at(answer.status))
    add_latencies(lines, notes, config.show)
    if answer.proxied and "via" in config.show:
        lines.append(b"Via: 1.1 %b\r\n" % SERVER_TOKEN)
    if "server" in config.show:
        lines.append(b"Server: %b\r\n" % SERVER_TOKEN)
    if notes.cookie is not None:
        lines.append(notes.cookie)
    add_id(lines, notes, config.show)
    return b"".join(lines), b"" if request is not None and request.method == b"HEAD" else body


def _content(
    answer: Answer, request: RequestHead | None, notes: Notes, config: EngineConfig
) -> tuple[bytes, bytes, Fields]:
    """Content-Type, body, and the fields that stand for a body in gRPC."""
    if answer.message is None:
        return b"", b"", ()
    kind = answer.kind or _type(answer, request, config)
    if kind == GRPC:
        said = request.first(b"content-type") if request is not None else None
        return said or b"", b"", grpc_fields(answer.status, answer.message)
    return (*config.error_bodies.render(kind, answer.message, notes.request_id), ())


def _type(answer: Answer, request: RequestHead | None, config: EngineConfig) -> str:
    accept = request.joined(b"accept") if request is not None else None
    if not answer.core:
        return choose_type(accept, JSON)
    if not accept and request is not None:
        accept = request.first(b"content-type")
    return choose_type(accept, config.error_type)
