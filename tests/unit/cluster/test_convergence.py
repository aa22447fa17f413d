"""Both sessions joined by a wire that loses connections: whatever happens, the data plane ends where the source is."""

from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gwctl.cache import CacheStorage, CacheWriter
from gwctl.cluster import Applier, Replica
from gwctl.cluster import effects as e
from gwctl.cluster.agent_session import AgentSession, NodeIdentity
from gwctl.cluster.applier import explain
from gwctl.cluster.delivery import Deliveries
from gwctl.cluster.hub_session import HubIdentity, HubSession, Peer
from gwctl.entities import core_catalog
from gwctl.kit.changes import Change, Position
from gwctl.kit.errors import GwctlError
from tests.tools.memory_feed import MemoryFeed, make_record

CATALOG = core_catalog()
IDENTITY = NodeIdentity("4c7f6c6e-6f0b-4d51-9d2b-2f4a7f0a4a11", "dp1", "3.8.1", "0.1.0", {})
KEYS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(5)]


class FlakySink:
    """A cache writer whose disk fails on demand."""

    def __init__(self, writer: CacheWriter) -> None:
        self.writer = writer
        self.failing = False

    @property
    def position(self) -> Position:
        return self.writer.position

    def apply(self, *arguments: Any, **options: Any) -> Position:
        self._check()
        return self.writer.apply(*arguments, **options)

    def begin_generation(self) -> Any:
        self._check()
        return self.writer.begin_generation()

    def _check(self) -> None:
        if self.failing:
            raise CacheStorage("no space left on device")


class LinkMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name)
        self.feed = MemoryFeed(CATALOG)
        self.source_writer = CacheWriter.open(path / "cp", CATALOG, journal=True, tombstones=3, durable=False)
        self.replica = Replica(self.feed, self.source_writer, CATALOG)
        self.replica.catch_up()
        self.sink = FlakySink(CacheWriter.open(path / "dp", CATALOG, durable=False))
        self.applier = Applier(self.sink, CATALOG)
        self.agent = AgentSession(IDENTITY, self.sink.position, max_payload=4096)
        self.deliveries = Deliveries(self.replica)
        self.hub: HubSession | None = None
        self.now = 0.0
        self.to_hub: deque[bytes] = deque()
        self.to_agent: deque[bytes] = deque()
        self.hub_work: deque[e.Effect] = deque()
        self.agent_work: deque[e.Effect] = deque()
        self.published: list[Position] = []

    def teardown(self) -> None:
        self.disconnect()
        self.applier.abandon()
        self.sink.writer.close()
        self.source_writer.close()
        self.directory.cleanup()

    # The world

    @initialize()
    def begin_in_step(self) -> None:
        self.connect()
        self.settle()

    @rule(key=st.sampled_from(KEYS), port=st.integers(1, 3), rounds=st.integers(0, 3))
    def write(self, key: str, port: int, rounds: int) -> None:
        record = make_record(CATALOG, "services", id=key, port=port)
        self.feed.write(Change("services", key, record))
        self.push(rounds)

    @rule(key=st.sampled_from(KEYS), rounds=st.integers(0, 3))
    def remove(self, key: str, rounds: int) -> None:
        self.feed.write(Change("services", key, None))
        self.push(rounds)

    def push(self, rounds: int) -> None:
        if rounds:
            self.notify()
        for _ in range(rounds):
            self.deliver(5, 5, 5, 5)

    @rule()
    def forget_the_log(self) -> None:
        self.feed.prune()

    @rule()
    def restore_the_database(self) -> None:
        self.feed.restart_lineage()

    @rule()
    def notify(self) -> None:
        self.replica.catch_up()
        if self.hub is not None:
            self.do_hub(self.hub.announce())

    @rule(failing=st.sampled_from([False, False, True]))
    def disk(self, failing: bool) -> None:
        self.sink.failing = failing

    @rule()
    def connect(self) -> None:
        self.disconnect()
        self.hub = HubSession(
            HubIdentity("3.8.1", "0.1.0"),
            Peer("10.0.0.1"),
            lambda: self.replica.position,
            lambda: self.replica.plugins,
            now=self.now,
        )
        self.do_agent(self.agent.connected(self.now))

    @rule()
    def disconnect(self) -> None:
        if self.hub is not None:
            self.do_hub(self.hub.closed())
            self.run_hub_work(100)
            self.do_agent(self.agent.closed())
        self.hub = None
        self.to_hub.clear()
        self.to_agent.clear()
        self.hub_work.clear()

    @rule(seconds=st.sampled_from([0.1, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.hub is not None:
            self.do_hub(self.hub.tick(self.now))
        self.do_agent(self.agent.tick(self.now))

    @rule(to_hub=st.integers(0, 3), to_agent=st.integers(0, 6), hub=st.integers(0, 4), agent=st.integers(0, 4))
    def deliver(self, to_hub: int, to_agent: int, hub: int, agent: int) -> None:
        for _ in range(to_hub):
            if self.hub is not None and self.to_hub:
                self.do_hub(self.hub.receive(self.to_hub.popleft(), self.now))
        self.run_hub_work(hub)
        for _ in range(to_agent):
            if self.to_agent:
                self.do_agent(self.agent.receive(self.to_agent.popleft(), self.now))
        self.run_agent_work(agent)

    # Carrying out

    def do_hub(self, effects: list[e.Effect]) -> None:
        for effect in effects:
            if isinstance(effect, e.Send):
                self.to_agent.append(effect.data)
            elif isinstance(effect, (e.Claim, e.CatchUp, e.Fetch, e.ReadChunk, e.CloseStream)):
                self.hub_work.append(effect)
            elif isinstance(effect, e.Close):
                self.hub_closed = True

    def run_hub_work(self, count: int) -> None:
        for _ in range(count):
            if not self.hub_work or self.hub is None:
                return
            effect, hub = self.hub_work.popleft(), self.hub
            if isinstance(effect, e.Claim):
                self.do_hub(hub.granted())
            elif isinstance(effect, e.CatchUp):
                self.replica.catch_up()
                self.do_hub(hub.caught_up())
            elif isinstance(effect, e.Fetch):
                self.do_hub(hub.fetched(effect.number, self.deliveries.answer(effect.pull, effect.max_payload)))
            elif isinstance(effect, e.ReadChunk):
                self.do_hub(hub.chunk(effect.number, effect.stream.next_chunk()))
            elif isinstance(effect, e.CloseStream):
                effect.stream.close()

    def do_agent(self, effects: list[e.Effect]) -> None:
        for effect in effects:
            if isinstance(effect, e.Send):
                self.to_hub.append(effect.data)
            elif isinstance(effect, e.Applied):
                self.published.append(effect.position)
                self.do_agent(self.agent.swapped(effect.position))
            elif isinstance(effect, (e.ApplyDelta, e.BeginSnapshot, e.StoreChunk, e.FinishSnapshot, e.AbandonSnapshot)):
                self.agent_work.append(effect)
            elif isinstance(effect, e.Close):
                self.disconnect()

    def run_agent_work(self, count: int) -> None:
        for _ in range(count):
            if not self.agent_work:
                return
            effect = self.agent_work.popleft()
            try:
                effects = self.agent_job(effect)
            except GwctlError as error:
                effects = self.agent.failed(effect.token, explain(error), self.now)  # type: ignore[union-attr]
            self.do_agent(effects)

    def agent_job(self, effect: e.Effect) -> list[e.Effect]:
        if isinstance(effect, e.ApplyDelta):
            config = effect.delta.config
            position = self.applier.apply(config.version, config.digest_number, effect.delta.changes)
            return self.agent.applied(effect.token, position, self.now)
        if isinstance(effect, e.BeginSnapshot):
            self.applier.begin()
        elif isinstance(effect, e.StoreChunk):
            self.applier.store(effect.records)
            return self.agent.stored(effect.token, effect.sequence)
        elif isinstance(effect, e.FinishSnapshot):
            position = self.applier.finish(effect.config.version, effect.config.digest_number)
            return self.agent.applied(effect.token, position, self.now)
        elif isinstance(effect, e.AbandonSnapshot):
            self.applier.abandon()
        return []

    # What must hold

    @invariant()
    def a_data_plane_has_only_what_a_version_was(self) -> None:
        has = self.sink.position
        if has.version.lineage == self.feed.lineage and has.version.number == self.feed.number:
            self.replica.catch_up()
            assert has.digest == self.replica.position.digest

    @invariant()
    def within_a_lineage_versions_only_grow(self) -> None:
        for before, after in zip(self.published, self.published[1:], strict=False):
            if before.version.lineage == after.version.lineage:
                assert before.version.number <= after.version.number

    @rule()
    def settle(self) -> None:
        """When the disk works and a connection stays, the two become equal."""
        self.sink.failing = False
        self.replica.catch_up()
        for attempt in range(200):
            if self.hub is None or attempt % 50 == 49:
                self.connect()
            self.notify()
            self.deliver(10, 10, 20, 20)
            self.wait(5.0)
            ours, theirs = self.sink.position, self.replica.position
            if (ours.version, ours.digest) == (theirs.version, theirs.digest):
                return
        raise AssertionError(f"{self.sink.position} never became {self.replica.position}")


TestLinkMachine = LinkMachine.TestCase
TestLinkMachine.settings = settings(max_examples=12, stateful_step_count=40, deadline=None)
