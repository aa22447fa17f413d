"""Upstreams with their targets, by the name that services refer to them by."""

from __future__ import annotations

import random

from gwctl.engine.balancer.peers import PeerSource, peer_source
from gwctl.engine.balancer.round_robin import RoundRobin, Target
from gwctl.kit.hosts import parse_host
from gwctl.schema import RecordDict

_TARGET_PORT = 8000


class Upstreams:
    """Targets may come before their upstream; ``settle`` makes the sources of upstreams that something was put for."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._records: dict[str, RecordDict] = {}
        self._targets: dict[str, dict[str, Target]] = {}
        self._upstream_of: dict[str, str] = {}
        self._by_name: dict[str, tuple[RecordDict, PeerSource]] = {}

    def put_target(self, key: str, record: RecordDict | None) -> set[str]:
        """Replace a target (None: it is gone); returns the ids of the upstreams that have other targets now."""
        before = self._upstream_of.pop(key, None)
        if before is not None:
            del self._targets[before][key]
        if record is None:
            return set() if before is None else {before}
        after = record["upstream"]["id"]
        self._upstream_of[key] = after
        self._targets.setdefault(after, {})[key] = _target(record)
        return {after} if before is None else {before, after}

    def put_upstream(self, key: str, record: RecordDict | None) -> set[str]:
        """Replace an upstream (None: it is gone); returns the names that it does not go by any more."""
        before = self._records.pop(key, None)
        gone = set()
        if before is not None and (record is None or record["name"] != before["name"]):
            gone.add(before["name"])
            meant = self._by_name.get(before["name"])
            if meant is not None and meant[0]["id"] == key:
                del self._by_name[before["name"]]
        if record is not None:
            self._records[key] = record
        else:
            self._targets.pop(key, None)
        return gone

    def settle(self, key: str) -> str | None:
        """Make the source of an upstream from what was put; returns its name, None when it is gone."""
        record = self._records.get(key)
        if record is None:
            return None
        targets = self._targets.get(key, {})
        source = RoundRobin([targets[each] for each in sorted(targets)], self._rng)
        self._by_name[record["name"]] = (record, source)
        return str(record["name"])

    def named(self, name: str) -> tuple[RecordDict, PeerSource] | None:
        """The upstream that a service with this host means."""
        return self._by_name.get(name)


def _target(record: RecordDict) -> Target:
    parsed = parse_host(record["target"])
    source = peer_source(parsed.host, _TARGET_PORT if parsed.port is None else parsed.port)
    weight = record.get("weight")
    return Target(source, 100 if weight is None else weight)
