"""The state of one request between its head and its log line."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gwctl.engine.chain.plan import Plan
from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.downstream import Downstream
from gwctl.engine.proxy.origin import Origin, origin
from gwctl.engine.proxy.returning import Notes
from gwctl.engine.proxy.runtime import Runtime
from gwctl.engine.router.query import Found
from gwctl.observe.access import AccessRecord


@dataclass(slots=True)
class Exchange:
    """Times are monotonic seconds; ``picked`` is when the last peer was chosen; ``body_bytes`` went to the client.

    ``path`` is the normal form that the route matched; ``keep_alive`` is what the client was told.
    """

    runtime: Runtime
    client: Downstream
    head: RequestHead
    origin: Origin
    request_id: str
    started: float
    path: str = ""
    found: Found[Plan] | None = None
    picked: float | None = None
    status: int = 0
    upstream_status: int | None = None
    body_bytes: int = 0
    keep_alive: bool = False

    @property
    def plan(self) -> Plan:
        """The plan of the matched route."""
        if self.found is None:
            raise RuntimeError("the request has no route")
        return self.found.target

    def notes(self) -> Notes:
        """What a response sent now tells about itself."""
        now = self.runtime.clock.monotonic()
        notes = Notes(self.request_id, self.runtime.date(), upstream_status=self.upstream_status)
        if self.picked is None:
            notes.response_ms = int((now - self.started) * 1000)
        else:
            notes.proxy_ms = int((self.picked - self.started) * 1000)
            notes.upstream_ms = int((now - self.picked) * 1000)
        return notes

    def may_keep_alive(self) -> bool:
        """Whether the connection may carry another request, as far as the request itself goes."""
        return self.head.keep_alive and not self.client.draining

    def log(self) -> None:
        """Hand the record of this request to the access log."""
        sink = self.runtime.access_log
        if sink is None:
            return
        head = self.head
        sink.write(
            AccessRecord(
                client=self.origin.client,
                user=b"",
                finished=self.runtime.clock.now(),
                request=b"%b %b HTTP/1.%d" % (head.method, head.target, head.minor),
                status=self.status,
                body_bytes=self.body_bytes,
                referer=head.first(b"referer") or b"",
                user_agent=head.first(b"user-agent") or b"",
                request_id=self.request_id,
            )
        )


def new_request_id() -> str:
    """32 random hexadecimal digits."""
    return os.urandom(16).hex()


def open_exchange(client: Downstream, head: RequestHead, runtime: Runtime) -> Exchange:
    """The exchange of a request that has just been read."""
    return Exchange(
        runtime=runtime,
        client=client,
        head=head,
        origin=origin(head, client.arrival, runtime.config),
        request_id=new_request_id(),
        started=runtime.clock.monotonic(),
    )
