"""Where a request came from, as upstreams are told (proxy.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from gwctl.engine.config import EngineConfig
from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.peers import UNIX, real_address
from gwctl.engine.proxy.preamble import Announced
from gwctl.engine.router.hostport import split_host_port

_NO_HOST = "kong"
_MOST_HOSTS = 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """The connection that a request came on: the TCP peer (nothing on a Unix socket), the listener's port as clients
    see it, TLS or not, and whether the peer is one of ``trusted_ips``.

    ``peer_port`` is the client's port, ``local`` the address that it connected to.
    ``announced`` is what a PROXY header said; who sent it is the TCP peer, so that only a trusted one is believed.
    ``peer_text``, ``proto`` and ``port_text`` are the same as bytes, made once for all requests of the connection.
    """

    peer: str
    port: int
    https: bool
    sni: str | None = None
    announced: Announced | None = None
    trusted: bool = False
    peer_port: int = 0
    local: str = ""
    peer_text: bytes = field(init=False)
    proto: bytes = field(init=False)
    port_text: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "peer_text", (self.peer or UNIX).encode())
        object.__setattr__(self, "proto", b"https" if self.https else b"http")
        object.__setattr__(self, "port_text", b"%d" % self.port)


@dataclass(slots=True)
class Origin:
    """``client`` is the real client address; the forwarded values are those of a trusted peer or our own.

    ``named_port`` is the port that the request names beside its host, if any.
    """

    client: str
    trusted: bool
    host: str
    named_port: int | None
    proto: bytes
    forwarded_host: bytes
    forwarded_port: bytes
    forwarded_path: bytes
    forwarded_for: bytes

    @property
    def https(self) -> bool:
        """Whether the client is known to use TLS, towards us or towards a trusted peer."""
        return self.proto == b"https"


class Hosts:
    """Reads the hosts that requests name. Clients repeat themselves, so the last readings are kept, up to a bound."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, int | None, bytes]] = {}

    def read(self, text: bytes) -> tuple[str, int | None, bytes]:
        """Lower-case host, explicit port, and the host as upstreams are told."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _MOST_HOSTS:
                self._known.clear()
            host, port = split_host_port(text.decode("latin-1").lower())
            shown = f"[{host}]" if ":" in host else host or _NO_HOST
            known = self._known[text] = host, port, shown.encode("latin-1")
        return known


def origin(head: RequestHead, arrival: Arrival, config: EngineConfig, hosts: Hosts) -> Origin:
    """What is known about the origin of ``head``."""
    host, port, shown = hosts.read(head.host or b"")
    found = Origin(
        client=arrival.peer or UNIX,
        trusted=arrival.trusted,
        host=host,
        named_port=port,
        proto=arrival.proto,
        forwarded_host=shown,
        forwarded_port=arrival.port_text,
        forwarded_path=head.path.partition(b"?")[0],
        forwarded_for=b"",
    )
    if arrival.trusted:
        _believe(found, head, arrival, config)
    chain = head.joined(b"x-forwarded-for")
    found.forwarded_for = b"%b, %b" % (chain, arrival.peer_text) if chain else found.client.encode()
    return found


def _believe(found: Origin, head: RequestHead, arrival: Arrival, config: EngineConfig) -> None:
    if config.real_ip_header == b"proxy_protocol":
        found.client = found.client if arrival.announced is None else arrival.announced.source
    else:
        found.client = real_address(
            head, found.client, config.trusted, config.real_ip_header, recursive=config.real_ip_recursive
        )
    found.proto = head.first(b"x-forwarded-proto") or found.proto
    found.forwarded_host = head.first(b"x-forwarded-host") or found.forwarded_host
    found.forwarded_port = head.first(b"x-forwarded-port") or found.forwarded_port
    found.forwarded_path = head.first(b"x-forwarded-path") or found.forwarded_path
