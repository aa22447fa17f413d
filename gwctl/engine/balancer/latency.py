"""Lowest latency (proxy.md 6.4). Each worker goes by the responses that it has seen itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from gwctl.engine.balancer.addresses import TargetAddress, origin
from gwctl.engine.balancer.peers import Peer
from gwctl.engine.balancer.ports import Ask, Outcome
from gwctl.engine.balancer.ranking import Ranking

DECAY_SECONDS = 10.0


class Latency:
    """The address with the lowest moving average for its weight; averages fade, so that a slow one is tried again.

    An average fades by e every ten seconds. All fade alike, so that their order does not change while nothing is
    measured: scores are logarithms, moved to one moment, and stay valid until the next measurement.
    """

    follows = True

    __slots__ = ("_now", "_ranking")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ranking = Ranking()

    def arrange(self, addresses: Sequence[TargetAddress], targets: int) -> None:
        now = self._now()
        known = [_faded(each, now) for each in addresses if each.measured is not None]
        for each in addresses:
            if each.measured is None and known:
                # neither flooded at once nor left alone
                each.latency, each.measured = sum(known) / len(known), now
        usable = [each for each in addresses if each.up and each.weight > 0]
        self._ranking.reset(usable, [_score(each) for each in usable])

    def pick(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress | None:
        ranking = self._ranking
        if tried:
            avoided = {origin(peer) for peer in tried}
            return ranking.first_of([each for each in ranking.addresses if each not in avoided])
        address = ranking.first()
        if address is not None and address.measured is None:
            # nothing is known of it: the others in that position have their turn next
            ranking.place(address, _score(address))
        return address

    def took(self, address: TargetAddress) -> None: ...

    def done(self, address: TargetAddress, outcome: Outcome) -> None:
        if outcome.seconds is None:
            return
        now = self._now()
        if address.measured is None:
            address.latency = outcome.seconds
        else:
            share = math.exp(-max(now - address.measured, 0.0) / DECAY_SECONDS)
            address.latency = address.latency * share + outcome.seconds * (1.0 - share)
        address.measured = now
        if address.ticket:
            self._ranking.place(address, _score(address))


def _faded(address: TargetAddress, now: float) -> float:
    age = now - (address.measured or 0.0)
    return address.latency * math.exp(-max(age, 0.0) / DECAY_SECONDS)


def _score(address: TargetAddress) -> float:
    if address.measured is None or address.latency <= 0.0:
        return -math.inf
    return math.log(address.latency / address.weight) + address.measured / DECAY_SECONDS
