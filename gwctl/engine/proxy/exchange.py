"""The state of one request between its head and its log line."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gwctl.engine.balancer.peers import Peer
from gwctl.engine.chain.plan import Plan, ServicePlan
from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.answers import Answer
from gwctl.engine.proxy.asking import cookie_value, issued_cookie, query_values
from gwctl.engine.proxy.downstream import Downstream
from gwctl.engine.proxy.origin import Origin, origin
from gwctl.engine.proxy.returning import Notes, debug_lines
from gwctl.engine.proxy.runtime import Runtime
from gwctl.engine.proxy.sending import Flight
from gwctl.engine.proxy.tries import Try
from gwctl.engine.router.query import Found
from gwctl.engine.snapshot import Snapshot
from gwctl.observe.access import AccessRecord


@dataclass(slots=True)
class Exchange:
    """Times are monotonic seconds; ``picked`` is when the last peer was chosen; ``body_bytes`` went to the client.

    ``snapshot`` is held until ``close``. ``path`` is the normal form that the route matched; ``keep_alive`` is what the
    client was told. ``service`` is the one of the plan when the request began: the plan's may be another one later.
    ``answer`` is what the router says instead of a peer, ``flight`` a first try that was begun.
    ``peer`` is the one that was chosen last, ``choosing`` the seconds that its name took to resolve; ``failed`` are the
    tries that failed. ``identity`` is the id of the authenticated consumer, or of the credential without one.
    ``issued`` is a cookie that the balancer gives the client, ``cookie_line`` its Set-Cookie.
    """

    runtime: Runtime
    snapshot: Snapshot
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
    peer: Peer | None = None
    failed: list[Try] | None = None
    choosing: float = 0.0
    identity: str | None = None
    issued: tuple[str, str] | None = None
    cookie_line: bytes | None = None
    service: ServicePlan | None = None
    answer: Answer | None = None
    flight: Flight | None = None

    @property
    def plan(self) -> Plan:
        """The plan of the matched route."""
        if self.found is None:
            raise RuntimeError("the request has no route")
        return self.found.target

    def notes(self) -> Notes:
        """What a response sent now tells about itself."""
        now = self.runtime.clock.monotonic()
        notes = Notes(
            self.request_id, self.runtime.date(), upstream_status=self.upstream_status, cookie=self.cookie_line
        )
        if self.picked is None:
            notes.response_ms = int((now - self.started) * 1000)
        else:
            notes.proxy_ms = int((self.picked - self.started) * 1000)
            notes.upstream_ms = int((now - self.picked) * 1000)
        if self.found is not None and self.runtime.config.debug_header and self.head.first(b"kong-debug") is not None:
            notes.debug = debug_lines(self.found.target)
        return notes

    def note_try(self, status: int) -> None:
        """Remember that the try on ``peer`` failed, for whoever logs the tries."""
        clock, peer = self.runtime.clock, self.peer
        if peer is None:
            return
        started = clock.now() - (clock.monotonic() - (self.picked or 0.0))
        made = Try(peer.ip, peer.port, "failed", status, started, self.choosing)
        self.failed = [*(self.failed or ()), made]

    @property
    def client_ip(self) -> str:
        """The real client address (for hashing; proxy.md 6.5)."""
        return self.origin.client

    @property
    def raw_path(self) -> str:
        """The path as it was sent, without the query."""
        return self.head.path.partition(b"?")[0].decode("latin-1")

    def header(self, name: str) -> str | None:
        """All values of a header joined by comma and space."""
        value = self.head.joined(name.lower().encode("latin-1", "replace"))
        return None if value is None else value.decode("latin-1")

    def cookie(self, name: str) -> str | None:
        """The value of a cookie that was sent, or that ``set_cookie`` made."""
        if self.issued is not None and self.issued[0] == name:
            return self.issued[1]
        return cookie_value(self.head, name)

    def query_values(self, name: str) -> list[str | None]:
        """The decoded values of a query argument in their order, None for one without ``=``."""
        return query_values(self.head.path.partition(b"?")[2], name)

    def capture(self, name: str) -> str | None:
        """A named capture of the route's path."""
        named = self.found.named if self.found is not None else None
        return None if named is None else named.get(name)

    def set_cookie(self, name: str, value: str, path: str) -> None:
        """Send the client a cookie with the response."""
        self.issued = (name, value)
        self.cookie_line = issued_cookie(name, value, path)

    def may_keep_alive(self) -> bool:
        """Whether the connection may carry another request, as far as the request itself goes."""
        return self.head.keep_alive and not self.client.draining

    def close(self, *, failed_as: int) -> None:
        """The end: nothing more happens to the request. Without a response its status is ``failed_as``."""
        self.snapshot.release()
        self.status = self.status or failed_as
        self._log()

    def _log(self) -> None:
        """Count this request, and hand its record to the access log."""
        row = self.runtime.metrics
        if row is not None:
            now = self.runtime.clock.monotonic()
            asked = self.picked
            row.request(self.status, self.body_bytes, now - self.started, None if asked is None else now - asked)
        sink = self.runtime.access_log
        if sink is None:
            return
        head = self.head
        sink.write(
            AccessRecord(
                self.origin.client,
                b"",
                self.runtime.clock.now(),
                b"%b %b HTTP/1.%d" % (head.method, head.target, head.minor),
                self.status,
                self.body_bytes,
                head.first(b"referer") or b"",
                head.first(b"user-agent") or b"",
                self.request_id,
            )
        )


def new_request_id() -> str:
    """32 random hexadecimal digits."""
    return os.urandom(16).hex()


def open_exchange(client: Downstream, head: RequestHead, runtime: Runtime) -> Exchange:
    """The exchange of a request that has just been read. It uses the current snapshot until ``close``."""
    snapshot = runtime.snapshot()
    snapshot.acquire()
    return Exchange(
        runtime=runtime,
        snapshot=snapshot,
        client=client,
        head=head,
        origin=origin(head, client.arrival, runtime.config, runtime.hosts),
        request_id=new_request_id(),
        started=runtime.clock.monotonic(),
    )
