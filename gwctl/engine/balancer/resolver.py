"""Names to addresses through the system's resolver, never on the event loop, with a small cache (fault F39)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

_log = logging.getLogger("gwctl.engine")

Lookup = Callable[[str], Sequence[str]]

_TIDY_AT = 1024
"""Names remembered before those nobody can use any more are forgotten: configurations change, workers live long."""


class NameNotResolved(Exception):
    """No address is known for a name."""


@dataclass(slots=True)
class _Entry:
    addresses: tuple[str, ...]
    fresh_until: float
    usable_until: float


def system_lookup(name: str) -> list[str]:
    """Addresses from getaddrinfo: IPv4 ones, or IPv6 ones when there are no others. Raises OSError."""
    rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    by_family: dict[int, list[str]] = {}
    for family, _, _, _, address in rows:
        by_family.setdefault(family, []).append(str(address[0]))
    found = by_family.get(socket.AF_INET) or by_family.get(socket.AF_INET6) or []
    return list(dict.fromkeys(found))


class Resolver:
    """Caches answers for ``ttl`` seconds; serves them up to ``stale`` seconds more while a fresh look-up runs or fails.

    Concurrent questions for one name share a look-up; a failure is remembered for ``error_ttl`` seconds.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
        *,
        lookup: Lookup = system_lookup,
        ttl: float = 10.0,
        stale: float = 3600.0,
        error_ttl: float = 1.0,
    ) -> None:
        self._loop = loop
        self._executor = executor
        self._lookup = lookup
        self._ttl = ttl
        self._stale = stale
        self._error_ttl = error_ttl
        self._entries: dict[str, _Entry] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tidy_at = _TIDY_AT

    async def resolve(self, name: str) -> tuple[str, ...]:
        """The addresses of ``name``. Raises NameNotResolved."""
        entry = self._entries.get(name)
        now = self._loop.time()
        if entry is None or now >= entry.usable_until:
            await asyncio.shield(self._refresh(name))
            entry = self._entries.get(name)
        elif now >= entry.fresh_until:
            self._refresh(name)
        if entry is None or not entry.addresses:
            raise NameNotResolved(name)
        return entry.addresses

    async def close(self) -> None:
        """Give up running look-ups."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _refresh(self, name: str) -> asyncio.Task[None]:
        task = self._running.get(name)
        if task is None:
            task = self._loop.create_task(self._look_up(name), name=f"resolve {name}")
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name, None))
        return task

    async def _look_up(self, name: str) -> None:
        try:
            addresses = tuple(await self._loop.run_in_executor(self._executor, self._lookup, name))
        except (OSError, UnicodeError) as error:
            self._failed(name, error)
            return
        now = self._loop.time()
        self._keep(name, _Entry(addresses, now + self._ttl, now + self._ttl + self._stale))

    def _failed(self, name: str, error: Exception) -> None:
        now = self._loop.time()
        entry = self._entries.get(name)
        gone = isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
        if entry is not None and entry.addresses and now < entry.usable_until and not gone:
            entry.fresh_until = now + self._error_ttl
        else:
            self._keep(name, _Entry((), now + self._error_ttl, now + self._error_ttl))
        _log.error("cannot resolve %s: %s", name, error)

    def _keep(self, name: str, entry: _Entry) -> None:
        self._entries[name] = entry
        if len(self._entries) >= self._tidy_at:
            now = self._loop.time()
            self._entries = {each: kept for each, kept in self._entries.items() if kept.usable_until > now}
            self._tidy_at = max(_TIDY_AT, 2 * len(self._entries))


def literal(host: str) -> str | None:
    """``host`` when it is an IP address (without brackets), else None."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None
