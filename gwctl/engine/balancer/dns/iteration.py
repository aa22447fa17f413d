"""Which questions a name takes: search list, record types in their order, aliases (proxy.md 8)."""

from __future__ import annotations

import re

from gwctl.engine.balancer.dns.answers import EMPTY, LOOP, Answer, NameNotResolved
from gwctl.engine.balancer.dns.config import LAST, DnsConfig
from gwctl.engine.balancer.dns.exchange import Questions, ServersSilent
from gwctl.engine.balancer.dns.reading import Elsewhere, candidates, read

_MOST_ALIASES = 8
_SERVICE = re.compile(r"_[^.]+\._[^.]+\..+")


class Iteration:
    """Asks until something has an answer. Holds no state."""

    def __init__(self, config: DnsConfig, questions: Questions) -> None:
        self._config = config
        self._questions = questions

    async def find(self, name: str, last: str | None) -> Answer:
        """The answer for ``name``; ``last`` is the type that had one before. Raises NameNotResolved."""
        failure: NameNotResolved | None = None
        for full in candidates(name, self._config.search, self._config.ndots):
            for kind in self._types(full, last):
                try:
                    return await self._ask(full, kind)
                except ServersSilent:
                    raise
                except NameNotResolved as error:
                    failure = _graver(failure, error)
        raise failure or NameNotResolved(name, EMPTY, gone=True)

    def _types(self, name: str, last: str | None) -> list[str]:
        order = [last if kind == LAST else kind for kind in self._config.order]
        types = [kind for kind in dict.fromkeys(order) if kind in ("SRV", "A", "AAAA")]
        if self._config.srv_only_for_services:
            service = _SERVICE.fullmatch(name) is not None
            types = [kind for kind in types if (kind == "SRV") == service]
        return types

    async def _ask(self, name: str, kind: str) -> Answer:
        asked, ttl = name, float("inf")
        for _ in range(_MOST_ALIASES):
            answer = read(asked, kind, await self._questions.ask(asked, kind))
            if answer is None:
                raise NameNotResolved(name, EMPTY, gone=True)
            ttl = min(ttl, answer.ttl)
            if isinstance(answer, Elsewhere):
                asked = answer.name
                continue
            return Answer(answer.type, answer.records, ttl)
        raise NameNotResolved(name, LOOP, gone=False)


def _graver(one: NameNotResolved | None, other: NameNotResolved) -> NameNotResolved:
    """Of two failures the one that does not say that the name is gone; else that nothing is there by that name."""
    if one is None or (one.gone and not other.gone):
        return other
    return one
