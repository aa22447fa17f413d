"""The addresses of an upstream: what its targets stand for, with weights and the state that outlives a change."""

from __future__ import annotations

from gwctl.engine.balancer.peers import Peer


class TargetAddress(Peer):
    """One address of a target. ``weight`` is its share; ``up`` whether health lets it be picked.

    ``virtual``: ``ip`` is a name that has to be resolved for each pick. ``active`` counts requests on their way,
    ``latency`` is the moving average in seconds, ``measured`` when it was last fed (None: never); ``ticket`` is its
    place in a ranking, 0 without one.
    """

    __slots__ = ("active", "latency", "measured", "ticket", "up", "virtual", "weight")

    def __init__(self, ip: str, port: int, host: str | None, weight: int, *, virtual: bool = False) -> None:
        super().__init__(ip, port, host)
        self.weight = weight
        self.virtual = virtual
        self.up = True
        self.active = 0
        self.latency = 0.0
        self.measured: float | None = None
        self.ticket = 0


class ResolvedPeer(Peer):
    """What a virtual address stands for in one try."""

    __slots__ = ("address",)

    def __init__(self, ip: str, port: int, host: str | None, address: TargetAddress) -> None:
        super().__init__(ip, port, host)
        self.address = address


def origin(peer: Peer) -> Peer:
    """The address of the upstream that ``peer`` was picked as."""
    return peer.address if isinstance(peer, ResolvedPeer) else peer
