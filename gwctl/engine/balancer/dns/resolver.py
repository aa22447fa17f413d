"""The resolver of a worker: a cache in front of the name servers (proxy.md 8; reliability.md F39)."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence

from gwctl.engine.balancer.dns.answers import (
    LOOP,
    Answer,
    Located,
    NameNotResolved,
    Record,
    Rotation,
    literal,
)
from gwctl.engine.balancer.dns.config import DnsConfig
from gwctl.engine.balancer.dns.exchange import AresQuestions, Questions
from gwctl.engine.balancer.dns.iteration import Iteration
from gwctl.engine.balancer.dns.reading import canonical

_log = logging.getLogger("gwctl.engine")

_FOREVER = 10 * 365 * 86400.0
_MOST_SERVICES = 4


class _Entry:
    """What is known of one name: an answer, or why there is none, fresh and then usable until these monotonic times."""

    __slots__ = ("answer", "failure", "fresh_until", "rotation", "usable_until")

    def __init__(
        self, answer: Answer | None, failure: NameNotResolved | None, fresh_until: float, usable_until: float
    ) -> None:
        self.answer = answer
        self.failure = failure
        self.fresh_until = fresh_until
        self.usable_until = usable_until
        self.rotation: Rotation | None = None


class Resolver:
    """Answers live as long as their servers say; then they are served up to ``stale_ttl`` more while a fresh one is
    fetched, or cannot be. An answer that says that the name is gone ends that at once.

    One question per name is on its way at any time, however many wait for it. ``now`` is monotonic seconds.
    """

    def __init__(self, config: DnsConfig, now: Callable[[], float], questions: Questions | None = None) -> None:
        self._config = config
        self._now = now
        self._questions = questions or AresQuestions(config)
        self._iteration = Iteration(config, self._questions)
        self._entries: dict[str, _Entry] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        end = now() + _FOREVER
        self._hosts = {name: _Entry(_from_hosts(ips), None, end, end) for name, ips in config.hosts.items()}

    def peek(self, name: str) -> Answer | None:
        """The answer for ``name`` when nothing has to be waited for, None otherwise. An old one is refreshed beside."""
        key = canonical(name)
        entry = self._known(key)
        now = self._now()
        if entry is None or entry.answer is None or now >= entry.usable_until:
            return None
        if now >= entry.fresh_until:
            self._refresh(key)
        return entry.answer

    async def resolve(self, name: str) -> Answer:
        """The answer for ``name``, waiting if need be. Raises NameNotResolved."""
        return self._answer(await self._entry(name))

    async def renewed(self, name: str) -> tuple[Answer, float]:
        """A fresh answer for ``name`` and the seconds that it stays fresh; an old one when no server can tell.

        Raises NameNotResolved.
        """
        key = canonical(name)
        entry = self._known(key)
        if entry is None or self._now() >= entry.fresh_until:
            entry = await self._fetched(key)
        return self._answer(entry), max(entry.fresh_until - self._now(), 0.0)

    async def locate(self, name: str) -> Located:
        """One address for ``name``, in turn, and the port when SRV names one. Raises NameNotResolved."""
        port = 0
        for _ in range(_MOST_SERVICES):
            entry = await self._entry(name)
            answer = self._answer(entry)
            if entry.rotation is None:
                entry.rotation = Rotation(answer.records)
            record = entry.rotation.next()
            if answer.type != "SRV":
                return Located(record.value, port, name)
            port = port or record.port
            name = record.value
            ip = literal(name)
            if ip is not None:
                return Located(ip, port, name)
        raise NameNotResolved(name, LOOP, gone=False)

    async def close(self) -> None:
        """Give up running look-ups and let go of all sockets."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._questions.close()

    def _known(self, key: str) -> _Entry | None:
        return self._hosts.get(key) or self._entries.get(key)

    def _answer(self, entry: _Entry) -> Answer:
        if entry.answer is None:
            # made anew: a traceback grows with each raise
            failure = entry.failure
            raise NameNotResolved(failure.name, failure.reason, gone=failure.gone) if failure else RuntimeError
        return entry.answer

    async def _entry(self, name: str) -> _Entry:
        key = canonical(name)
        entry = self._known(key)
        now = self._now()
        if entry is None or now >= entry.usable_until:
            return await self._fetched(key)
        if now >= entry.fresh_until:
            self._refresh(key)
        return entry

    async def _fetched(self, key: str) -> _Entry:
        task = self._refresh(key)
        # whoever gives up waiting does not take the answer from the others
        await asyncio.shield(task)
        return self._entries[key]

    def _refresh(self, key: str) -> asyncio.Task[None]:
        task = self._running.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._look_up(key), name=f"resolve {key}")
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return task

    async def _look_up(self, key: str) -> None:
        before = self._entries.get(key)
        last = before.answer.type if before is not None and before.answer is not None else None
        try:
            answer = await self._iteration.find(key, last)
        except NameNotResolved as failure:
            self._failed(key, failure)
            return
        ttl = self._config.valid_ttl or answer.ttl
        now = self._now()
        # an answer for one use is shared by those who waited for it and then asked for again
        stale = self._config.stale_ttl if ttl > 0 else 0.0
        self._keep(key, _Entry(answer, None, now + ttl, now + ttl + stale))

    def _failed(self, key: str, failure: NameNotResolved) -> None:
        config, now = self._config, self._now()
        before = self._entries.get(key)
        if before is not None and before.answer is not None and not failure.gone and now < before.usable_until:
            _log.warning("cannot refresh %s, its last answer is used on: %s", key, failure.reason)
            before.fresh_until = now + config.error_ttl
            return
        _log.error("cannot resolve %s: %s", key, failure.reason)
        end = now + (config.not_found_ttl if failure.gone else config.error_ttl)
        self._keep(key, _Entry(None, failure, end, end))

    def _keep(self, key: str, entry: _Entry) -> None:
        entries = self._entries
        entries.pop(key, None)
        entries[key] = entry
        if len(entries) > self._config.size:
            self._tidy()

    def _tidy(self) -> None:
        """Forget what is of no use any more, else the oldest tenth."""
        entries, now = self._entries, self._now()
        newest = next(reversed(entries))
        for name in [name for name, kept in entries.items() if now >= kept.usable_until and name != newest]:
            del entries[name]
        over = len(entries) - self._config.size
        if over > 0:
            for name in list(itertools.islice(entries, max(over, self._config.size // 10))):
                del entries[name]


def _from_hosts(ips: Sequence[str]) -> Answer:
    """Those of the first address' family, which is IPv4 when there is one."""
    kind = "AAAA" if ":" in ips[0] else "A"
    return Answer(kind, tuple(Record(ip) for ip in ips if (":" in ip) == (kind == "AAAA")), _FOREVER)
