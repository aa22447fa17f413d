"""The port of the algorithms: who is next among the addresses of one upstream."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from gwctl.engine.balancer.addresses import TargetAddress, origin
from gwctl.engine.balancer.peers import Peer
from gwctl.engine.balancer.ports import Ask, Outcome


class Algorithm(Protocol):
    """Synchronous and without waiting. State that must survive a change lives in the addresses."""

    @property
    def follows(self) -> bool:
        """Whether it wants to know how tries end."""
        ...

    def arrange(self, addresses: Sequence[TargetAddress], targets: int) -> None:
        """``addresses`` are all there are, or one of them went up or down; they belong to ``targets`` targets."""
        ...

    def pick(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress | None:
        """The next address that is up, preferably none of ``tried``; None when there is none."""
        ...

    def took(self, address: TargetAddress) -> None:
        """A request goes to ``address`` that others chose; ``done`` follows as after a pick."""
        ...

    def done(self, address: TargetAddress, outcome: Outcome) -> None:
        """A try ended; called once for each pick."""
        ...


def least_tried(addresses: Sequence[TargetAddress], tried: Collection[Peer]) -> list[TargetAddress]:
    """Those of ``addresses`` with the fewest tries behind them: all that were not tried, or a new turn of everyone."""
    counts = dict.fromkeys(addresses, 0)
    for peer in tried:
        address = origin(peer)
        if address in counts:
            counts[address] += 1  # type: ignore[index]
    fewest = min(counts.values(), default=0)
    return [address for address, count in counts.items() if count == fewest]
