"""Requests that could not be read: what little is known of them, their answer and their line in the access log."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from gwctl.engine.http1.codec import BadRequest
from gwctl.engine.proxy.answering import answer_response
from gwctl.engine.proxy.answers import choose_type, core_answer
from gwctl.engine.proxy.error_bodies import JSON
from gwctl.engine.proxy.exchange import new_request_id
from gwctl.engine.proxy.origin import Arrival
from gwctl.engine.proxy.peers import UNIX
from gwctl.engine.proxy.returning import Notes
from gwctl.engine.proxy.runtime import Runtime
from gwctl.observe.access import AccessRecord

_log = logging.getLogger("gwctl.engine")

_FIELD = re.compile(rb"\n(accept|referer|user-agent):([^\r\n]*)(?=[\r\n])", re.IGNORECASE)
_LONGEST_LINE = 2048
_TOO_LARGE = 494
_TIMEOUT = 408


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the bytes of a request that is no sound request seem to say. Good for a log line and a content type only."""

    line: bytes = b""
    head_only: bool = False
    accept: bytes | None = None
    referer: bytes = b""
    user_agent: bytes = b""


def glimpse(seen: bytes) -> Glimpse:
    """From the first bytes of a request, which may break off anywhere."""
    line = seen.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r")[:_LONGEST_LINE]
    found: dict[bytes, bytes] = {}
    for match in _FIELD.finditer(seen):
        found.setdefault(match[1].lower(), match[2].strip(b" \t"))
    return Glimpse(
        line,
        line.startswith(b"HEAD "),
        found.get(b"accept"),
        found.get(b"referer", b""),
        found.get(b"user-agent", b""),
    )


def refuse(error: BadRequest, runtime: Runtime, arrival: Arrival) -> bytes:
    """The answer to a request that broke the protocol or a limit, which is logged. The connection ends with it."""
    request_id = new_request_id()
    _log.info("bad request of %s: %s, request_id: %s", arrival.peer or UNIX, error.rule, request_id)
    known = glimpse(error.seen)
    kind = None
    if error.status == _TOO_LARGE:
        # sound as far as it was read, so that what it accepts counts (observed.md 4.3)
        kind = choose_type(known.accept, JSON)
    answer = core_answer(error.status, kind=kind, close=True)
    notes = Notes(request_id, runtime.date(), response_ms=0)
    head, body = answer_response(answer, None, notes, runtime.config, keep_alive=False)
    body = b"" if known.head_only else body
    runtime.counters.requests += 1
    _record(runtime, arrival, known, answer.status, len(body), request_id)
    return head + body


def give_up(seen: bytes, runtime: Runtime, arrival: Arrival) -> None:
    """Log that the head of a request did not come in time; nobody is told (proxy.md 11.1)."""
    runtime.counters.requests += 1
    _record(runtime, arrival, glimpse(seen), _TIMEOUT, 0, new_request_id())


def _record(runtime: Runtime, arrival: Arrival, known: Glimpse, status: int, size: int, request_id: str) -> None:
    if runtime.metrics is not None:
        runtime.metrics.request(status, size, 0.0, None)
    if runtime.access_log is None:
        return
    runtime.access_log.write(
        AccessRecord(
            client=arrival.peer or UNIX,
            user=b"",
            finished=runtime.clock.now(),
            request=known.line,
            status=status,
            body_bytes=size,
            referer=known.referer,
            user_agent=known.user_agent,
            request_id=request_id,
        )
    )
