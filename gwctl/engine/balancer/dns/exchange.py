"""Questions to name servers by aiodns; whatever goes wrong is a NameNotResolved or ServersSilent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Protocol

import aiodns

from gwctl.engine.balancer.dns.answers import EMPTY, NO_NAME, NameNotResolved
from gwctl.engine.balancer.dns.config import DnsConfig
from gwctl.engine.balancer.dns.reading import Found, canonical

_AT_ONCE = 256
_CHANNEL_SECONDS = 1.0
_NO_DATA, _FORMAT, _FAILURE, _NOT_FOUND, _NOT_IMPLEMENTED, _REFUSED = 1, 2, 3, 4, 5, 6
_BAD_NAME = 8
_GONE = MappingProxyType({_NO_DATA: EMPTY, _NOT_FOUND: NO_NAME})
_SAID = MappingProxyType(
    {
        _FORMAT: "dns server error: 1 format error",
        _FAILURE: "dns server error: 2 server failure",
        _NOT_IMPLEMENTED: "dns server error: 4 not implemented",
        _REFUSED: "dns server error: 5 refused",
        _BAD_NAME: "dns client error: bad name",
    }
)


class ServersSilent(NameNotResolved):
    """No name server was heard: another question would not be either."""


class Questions(Protocol):
    """Asks one question. Raises NameNotResolved, as ServersSilent when nobody answered."""

    async def ask(self, name: str, kind: str) -> list[Found]: ...

    async def close(self) -> None: ...


class _Channel:
    """One resolver of the library, with the questions that are on their way through it."""

    __slots__ = ("asking", "opened", "resolver")

    def __init__(self, resolver: aiodns.DNSResolver, opened: float) -> None:
        self.resolver = resolver
        self.opened = opened
        self.asking = 0


class AresQuestions:
    """Over UDP, and TCP for what does not fit. The servers are asked in their order.

    The library caches answers by itself, beyond what the settings allow, so that a channel serves for a moment only.
    With it go its thread and its sockets: a worker without names to resolve has neither.
    """

    def __init__(self, config: DnsConfig) -> None:
        self._config = config
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._current: _Channel | None = None
        self._old: set[_Channel] = set()
        self._closing: asyncio.TimerHandle | None = None

    async def ask(self, name: str, kind: str) -> list[Found]:
        async with self._room:
            channel = self._open()
            channel.asking += 1
            try:
                result = await channel.resolver.query_dns(name, kind)
            except aiodns.error.DNSError as error:
                raise _refusal(name, error) from None
            except (UnicodeError, ValueError):
                raise NameNotResolved(name, _SAID[_BAD_NAME], gone=True) from None
            finally:
                channel.asking -= 1
                self._settle()
        return list(_records(result.answer))

    def _open(self) -> _Channel:
        loop, config, channel = asyncio.get_running_loop(), self._config, self._current
        if channel is not None and loop.time() - channel.opened < _CHANNEL_SECONDS:
            return channel
        if channel is not None:
            self._old.add(channel)
        resolver = aiodns.DNSResolver(
            nameservers=config.servers,
            loop=loop,
            timeout=config.timeout,
            tries=config.attempts,
            lookups="b",
            domains=(),
        )
        self._current = _Channel(resolver, loop.time())
        return self._current

    def _settle(self) -> None:
        """Close what is done with: old channels now, the current one when nothing more is asked for a moment."""
        # the library closes a resolver that nobody refers to
        self._old = {each for each in self._old if each.asking}
        if self._closing is None and self._current is not None:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(_CHANNEL_SECONDS, self._expire)

    def _expire(self) -> None:
        self._closing = None
        if self._current is not None and not self._current.asking:
            self._old.add(self._current)
            self._current = None
        self._settle()

    async def close(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        channels = {*self._old, *([self._current] if self._current is not None else [])}
        self._old, self._current = set(), None
        for channel in channels:
            await channel.resolver.close()


def _refusal(name: str, error: Exception) -> NameNotResolved:
    code = error.args[0] if error.args else 0
    text = error.args[1] if len(error.args) > 1 else str(error)
    if code in _GONE:
        return NameNotResolved(name, _GONE[code], gone=True)
    if code in _SAID:
        return NameNotResolved(name, _SAID[code], gone=code == _BAD_NAME)
    return ServersSilent(name, f"failed to receive reply from name server: {str(text).lower()}", gone=False)


def _records(rows: Any) -> Iterator[Found]:
    for row in rows:
        data, name, ttl = row.data, canonical(row.name), int(row.ttl)
        if hasattr(data, "addr"):
            yield Found(name, "AAAA" if ":" in data.addr else "A", ttl, data.addr)
        elif hasattr(data, "target") and hasattr(data, "port"):
            yield Found(name, "SRV", ttl, data.target, data.port, data.weight, data.priority)
        elif hasattr(data, "cname"):
            yield Found(name, "CNAME", ttl, data.cname)
