"""Upstreams with their targets, by the name that services refer to them by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from gwctl.engine.balancer.peers import PeerSource
from gwctl.engine.balancer.registry import Balancers
from gwctl.kit.hosts import parse_host
from gwctl.schema import RecordDict

Balanced: TypeAlias = dict[str, tuple[RecordDict, list[RecordDict]]]
"""What the balancers were told last: by id of the upstream its record and its targets."""


class Upstreams:
    """Targets may come before their upstream; ``settle`` is for upstreams that something was put for.

    The balancers go by what was settled from ``commit`` on, and not before.
    """

    def __init__(self, balancers: Balancers, balanced: Balanced) -> None:
        self._balancers = balancers
        self._balanced = balanced
        self._records: dict[str, RecordDict] = {}
        self._targets: dict[str, dict[str, RecordDict]] = {}
        self._upstream_of: dict[str, str] = {}
        self._by_name: dict[str, RecordDict] = {}
        self._unsettled: set[str] = set()

    def put_target(self, key: str, record: RecordDict | None) -> set[str]:
        """Replace a target (None: it is gone); returns the ids of the upstreams that have other targets now."""
        before = self._upstream_of.pop(key, None)
        if before is not None:
            del self._targets[before][key]
        if record is None:
            return set() if before is None else {before}
        parse_host(record["target"])
        after = record["upstream"]["id"]
        self._upstream_of[key] = after
        self._targets.setdefault(after, {})[key] = record
        return {after} if before is None else {before, after}

    def put_upstream(self, key: str, record: RecordDict | None) -> set[str]:
        """Replace an upstream (None: it is gone); returns the names that it does not go by any more."""
        before = self._records.pop(key, None)
        gone = set()
        if before is not None and (record is None or record["name"] != before["name"]):
            gone.add(before["name"])
            meant = self._by_name.get(before["name"])
            if meant is not None and meant["id"] == key:
                del self._by_name[before["name"]]
        if record is not None:
            self._records[key] = record
        else:
            self._targets.pop(key, None)
        return gone

    def settle(self, key: str) -> str | None:
        """Note that the upstream is as it was put; returns its name, None when it is gone."""
        self._unsettled.add(key)
        record = self._records.get(key)
        if record is None:
            return None
        self._by_name[record["name"]] = record
        return str(record["name"])

    def compare(self) -> Iterator[None]:
        """After all were put: leave to ``commit`` what the balancers do not know yet, one upstream per step."""
        self._unsettled = self._balanced.keys() - self._records.keys()
        for key, record in self._records.items():
            if self._balanced.get(key) != (record, self._targets_of(key)):
                self._unsettled.add(key)
            yield

    def commit(self) -> None:
        """Balance by what was settled since the last time."""
        unsettled, self._unsettled = self._unsettled, set()
        for key in unsettled:
            record = self._records.get(key)
            if record is None:
                self._balanced.pop(key, None)
                self._balancers.remove(key)
            else:
                targets = self._targets_of(key)
                self._balanced[key] = record, targets
                self._balancers.update(record, targets)

    def _targets_of(self, key: str) -> list[RecordDict]:
        targets = self._targets.get(key, {})
        return [targets[each] for each in sorted(targets)]

    def named(self, name: str) -> RecordDict | None:
        """The upstream that a service with this host means."""
        return self._by_name.get(name)

    def with_certificate(self, key: str) -> set[str]:
        """The names of the upstreams that present this certificate."""
        found = (record for record in self._records.values() if record.get("client_certificate"))
        return {record["name"] for record in found if record["client_certificate"]["id"] == key}

    def source(self, host: str, port: int) -> PeerSource:
        """Where the peers of a service with this host come from: the upstream of that name, or the host itself."""
        record = self._by_name.get(host)
        return self._balancers.host(host, port) if record is None else self._balancers.upstream(record["id"])
