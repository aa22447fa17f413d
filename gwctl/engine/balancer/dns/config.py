"""The settings of name resolution, ready to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gwctl.engine.balancer.dns.system import (
    RESOLV_CONF,
    parse_hosts,
    parse_resolv_conf,
    read_text,
    server_address,
)
from gwctl.settings import Settings

LAST = "LAST"
TYPES = ("SRV", "A", "AAAA", "CNAME")


@dataclass(frozen=True, slots=True)
class DnsConfig:
    """Times are seconds. ``order``: the types to ask for, where LAST stands for the one that had an answer last time.

    ``srv_only_for_services``: SRV is asked for names like ``_service._proto.name`` only. ``valid_ttl`` replaces the
    lifetime of answers. ``size`` bounds the names that are remembered.
    """

    servers: tuple[str, ...] = ("127.0.0.1:53",)
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: float = 2.0
    attempts: int = 2
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: parse_hosts(""))
    order: tuple[str, ...] = (LAST, *TYPES)
    srv_only_for_services: bool = False
    valid_ttl: float | None = None
    stale_ttl: float = 3600.0
    not_found_ttl: float = 30.0
    error_ttl: float = 1.0
    size: int = 10000


def dns_config(settings: Settings, resolv_conf: Path = RESOLV_CONF) -> DnsConfig:
    """The DNS part of ``settings``; what they leave open the system's files say."""
    if settings.flag("new_dns_client"):
        return replace(
            _files(settings, resolv_conf, "resolver_address", "resolver_hosts_file"),
            order=_order((*settings.words("resolver_family"), "CNAME")),
            srv_only_for_services=True,
            valid_ttl=settings.number("resolver_valid_ttl"),
            stale_ttl=_seconds(settings, "resolver_stale_ttl"),
            not_found_ttl=_seconds(settings, "resolver_error_ttl"),
            error_ttl=_seconds(settings, "resolver_error_ttl"),
            size=int(_seconds(settings, "resolver_lru_cache_size")) or 1,
        )
    return replace(
        _files(settings, resolv_conf, "dns_resolver", "dns_hostsfile"),
        order=_order(settings.words("dns_order")),
        valid_ttl=settings.number("dns_valid_ttl"),
        stale_ttl=_seconds(settings, "dns_stale_ttl"),
        not_found_ttl=_seconds(settings, "dns_not_found_ttl"),
        error_ttl=_seconds(settings, "dns_error_ttl"),
        size=int(_seconds(settings, "dns_cache_size")) or 1,
    )


def _files(settings: Settings, resolv_conf: Path, servers: str, hosts: str) -> DnsConfig:
    system = parse_resolv_conf(read_text(resolv_conf))
    path = settings.path(hosts)
    return DnsConfig(
        servers=tuple(server_address(server) for server in settings.words(servers)) or system.servers,
        search=system.search,
        ndots=system.ndots,
        timeout=system.timeout,
        attempts=system.attempts,
        hosts=parse_hosts(read_text(path) if path is not None else ""),
    )


def _order(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.upper() for word in words))


def _seconds(settings: Settings, name: str) -> float:
    return settings.number(name) or 0.0
