"""Least connections (proxy.md 6.4). Each worker counts the requests that it has sent itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.peers import Peer
from gwctl.engine.balancer.ports import Ask, Outcome
from gwctl.engine.balancer.ranking import Ranking


class LeastConnections:
    """The address that would have the fewest requests on their way for its weight, this one included.

    The counts belong to the addresses: they survive changes, and an address that was removed can still be released.
    """

    follows = True

    __slots__ = ("_ranking",)

    def __init__(self) -> None:
        self._ranking = Ranking()

    def arrange(self, addresses: Sequence[TargetAddress], targets: int) -> None:
        usable = [each for each in addresses if each.up and each.weight > 0]
        # when all are idle the heaviest comes first, whatever the order of the records
        usable.sort(key=lambda each: (each.ip, each.port))
        self._ranking.reset(usable, [_score(each) for each in usable])

    def pick(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress | None:
        ranking = self._ranking
        address = ranking.first_of(ranking.untried(tried)) if tried else ranking.first()
        if address is not None:
            address.active += 1
            ranking.place(address, _score(address))
        return address

    def took(self, address: TargetAddress) -> None:
        address.active += 1
        if address.ticket:
            self._ranking.place(address, _score(address))

    def done(self, address: TargetAddress, outcome: Outcome) -> None:
        # requests that began under another algorithm were not counted
        address.active = max(address.active - 1, 0)
        if address.ticket:
            self._ranking.place(address, _score(address))


def _score(address: TargetAddress) -> float:
    return (address.active + 1) / address.weight
