"""The settings that requests are served by, ready to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from gwctl.engine.error_templates import load_error_bodies
from gwctl.engine.http1.choice import FAST, Codec, codec_of
from gwctl.engine.http1.codec import HeadLimits
from gwctl.engine.proxy.error_bodies import ErrorBodies
from gwctl.engine.proxy.peers import TrustedPeers
from gwctl.engine.router.compiling import Flavor
from gwctl.engine.tls.defaults import tls_defaults
from gwctl.engine.tls.upstream import TlsDefaults
from gwctl.engine.upstream.pool import PoolLimits
from gwctl.settings import Settings
from gwctl.settings.added_header import AddedHeader, parse_added_header

_SHOWN = (
    "server",
    "via",
    "x-kong-upstream-latency",
    "x-kong-proxy-latency",
    "x-kong-response-latency",
    "x-kong-request-id",
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: a whole head, a first byte, the next request, a gap in a body, an unread answer, the goodbye."""

    head: float = 10.0
    first_byte: float = 60.0
    keepalive: float = 75.0
    body: float = 60.0
    client_write: float = 60.0
    linger: float = 2.0


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """``show`` holds the lower-case names of response headers that may be added (setting ``headers``)."""

    show: frozenset[str] = frozenset(_SHOWN)
    upstream_request_id: bool = True
    trusted: TrustedPeers = field(default_factory=TrustedPeers)
    real_ip_header: bytes = b"x-real-ip"
    real_ip_recursive: bool = False
    error_type: str = "text/plain"
    error_bodies: ErrorBodies = field(default_factory=ErrorBodies)
    charset: bytes | None = b"UTF-8"
    added: AddedHeader | None = None
    max_body: int = 0
    keepalive_requests: int = 10000
    port_maps: Mapping[int, int] = field(default_factory=dict)
    refuse_missing_plugins: bool = True
    router_flavor: Flavor = "traditional_compatible"
    debug_header: bool = False
    pool: PoolLimits = field(default_factory=PoolLimits)
    tls: TlsDefaults = field(default_factory=TlsDefaults)
    limits: HeadLimits = field(default_factory=HeadLimits)
    codec: Codec = FAST
    timeouts: Timeouts = field(default_factory=Timeouts)
    replaced: frozenset[bytes] = field(init=False)

    def __post_init__(self) -> None:
        # what we add to a response takes the place of the upstream's field, but Server and Via
        replaced = frozenset(name.encode() for name in self.show if name.startswith("x-kong-"))
        object.__setattr__(self, "replaced", replaced)

    def public_port(self, port: int) -> int:
        """The port that clients see for a listener on ``port`` (setting ``port_maps``)."""
        return self.port_maps.get(port, port)


def engine_config(settings: Settings, timeouts: Timeouts) -> EngineConfig:
    """The engine's part of ``settings``."""
    charset = settings.text("nginx_http_charset") or "off"
    added = settings.text("nginx_proxy_add_header")
    return EngineConfig(
        show=frozenset(name.lower() for name in settings.response_headers),
        upstream_request_id=bool(settings.upstream_headers),
        trusted=TrustedPeers.parse(settings.words("trusted_ips")),
        real_ip_header=(settings.text("real_ip_header") or "X-Real-IP").lower().encode(),
        real_ip_recursive=settings.flag("real_ip_recursive"),
        error_type=settings.text("error_default_type") or "text/plain",
        error_bodies=load_error_bodies(settings),
        charset=None if charset == "off" else charset.encode(),
        added=parse_added_header(added) if added else None,
        max_body=settings.size("nginx_http_client_max_body_size") or 0,
        keepalive_requests=settings.integer("nginx_http_keepalive_requests") or 10000,
        port_maps=settings.port_maps,
        router_flavor=cast("Flavor", settings.text("router_flavor") or "traditional_compatible"),
        debug_header=settings.flag("allow_debug_header"),
        refuse_missing_plugins=settings.text("missing_plugin") != "warn",
        timeouts=timeouts,
        tls=tls_defaults(settings),
        codec=codec_of(settings.text("http_codec") or "auto"),
        pool=PoolLimits(
            size=settings.integer("upstream_keepalive_pool_size") or 0,
            requests=settings.integer("upstream_keepalive_max_requests") or 0,
            idle_seconds=settings.number("upstream_keepalive_idle_timeout") or 0.0,
        ),
    )
