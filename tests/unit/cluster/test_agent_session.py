"""The data plane's session as conversations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.cluster import effects as e
from gwctl.cluster import messages as m
from gwctl.cluster.agent_session import AgentSession, Link, NodeIdentity, Work
from gwctl.cluster.applier import Failure
from gwctl.cluster.protocol import CloseCode
from gwctl.kit.changes import NOWHERE, Position
from gwctl.kit.version import Version

IDENTITY = NodeIdentity("4c7f6c6e-6f0b-4d51-9d2b-2f4a7f0a4a11", "dp1", "3.8.1", "0.1.0", {"deployment": "local"})
FIVE = Position(Version("L", 5), 0xAB, 3)
T = TypeVar("T")


def mark(number: int, digest: int = 1, lineage: str = "L") -> m.Mark:
    return m.Mark(lineage, number, f"{digest:032x}")


class Agent:
    def __init__(self, position: Position = FIVE, **options: Any) -> None:
        self.session = AgentSession(IDENTITY, position, max_payload=1 << 20, **options)
        self.now = 0.0

    def hear(self, message: m.FromControlPlane) -> list[e.Effect]:
        return self.session.receive(m.encode(message), self.now)

    def hear_delta(self, after: int, config: m.Mark, changes: Iterable[Any] = ()) -> list[e.Effect]:
        text = {
            "type": "delta",
            "lineage": config.lineage,
            "from": after,
            "to": config.number,
            "digest": config.digest,
            "changes": list(changes),
        }
        return self.session.receive(orjson.dumps(text), self.now)

    def hear_chunk(self, sequence: int) -> list[e.Effect]:
        text = {"type": "snapshot_chunk", "sequence": sequence, "records": [["services", {"id": "x"}]]}
        return self.session.receive(orjson.dumps(text), self.now)

    def link(self, config: m.Mark | None = None, interval: float = 30.0) -> list[e.Effect]:
        self.session.connected(self.now)
        return self.hear(m.Welcome(1, "3.8.1", "0.2.0", interval, config))


def sent(effects: list[e.Effect]) -> list[dict[str, Any]]:
    return [orjson.loads(effect.data) for effect in effects if isinstance(effect, e.Send)]


def one(effects: list[e.Effect], kind: type[T]) -> T:
    [found] = [effect for effect in effects if isinstance(effect, kind)]
    return found


def has(effects: list[e.Effect], kind: type) -> bool:
    return any(isinstance(effect, kind) for effect in effects)


def test_the_hello_says_who_has_and_serves_what() -> None:
    agent = Agent()
    agent.session.swapped(FIVE)
    [hello] = sent(agent.session.connected(0.0))
    assert hello["node_id"] == IDENTITY.node_id
    assert hello["labels"] == {"deployment": "local"}
    assert (hello["version"], hello["gwctl_version"], hello["protocols"]) == ("3.8.1", "0.1.0", [1])
    assert hello["has"] == hello["serving"] == {"lineage": "L", "number": 5, "digest": f"{0xAB:032x}"}


def test_what_it_has_already_is_not_pulled() -> None:
    agent = Agent()
    effects = agent.link(m.Mark.of(FIVE))
    assert sent(effects) == []
    assert one(effects, e.Linked) == e.Linked("3.8.1", "0.2.0")
    assert sent(agent.hear(m.Changed(m.Mark.of(FIVE)))) == []


def test_a_newer_version_is_pulled_applied_and_acknowledged_when_served() -> None:
    agent = Agent()
    agent.link(m.Mark.of(FIVE))
    assert sent(agent.hear(m.Changed(mark(6)))) == [
        {"type": "pull", "has": {"lineage": "L", "number": 5, "digest": f"{0xAB:032x}"}, "full": False}
    ]
    job = one(agent.hear_delta(5, mark(6), [{"entity": "services", "key": "x", "record": None}]), e.ApplyDelta)
    six = Position(Version("L", 6), 1, 2)
    effects = agent.session.applied(job.token, six, agent.now)
    assert one(effects, e.Applied).position == six
    assert sent(effects) == []
    [ack] = sent(agent.session.swapped(six))
    assert ack == {"type": "ack", "serving": {"lineage": "L", "number": 6, "digest": f"{1:032x}"}}


def test_announcements_during_work_coalesce_to_the_newest() -> None:
    agent = Agent()
    agent.link(m.Mark.of(FIVE))
    agent.hear(m.Changed(mark(6)))
    for number in (7, 8, 9):
        assert sent(agent.hear(m.Changed(mark(number)))) == []
    job = one(agent.hear_delta(5, mark(8)), e.ApplyDelta)
    assert sent(agent.hear(m.Changed(mark(10)))) == []
    [pull] = sent(agent.session.applied(job.token, Position(Version("L", 8), 1, 2), agent.now))
    assert pull["has"]["number"] == 8


def test_a_snapshot_is_stored_chunk_by_chunk() -> None:
    agent = Agent(NOWHERE)
    [pull] = sent(agent.link(mark(5)))
    assert pull["full"] is False
    begun = agent.hear(m.SnapshotBegin(mark(5), 2, "first"))
    token = one(begun, e.BeginSnapshot).token
    assert not has(begun, e.Incident)
    for sequence in (0, 1):
        chunk = one(agent.hear_chunk(sequence), e.StoreChunk)
        assert sent(agent.session.stored(chunk.token, sequence)) == [{"type": "more", "sequence": sequence}]
    assert one(agent.hear(m.SnapshotEnd(mark(5))), e.FinishSnapshot) == e.FinishSnapshot(token, mark(5))
    assert has(agent.session.applied(token, Position(Version("L", 5), 1, 2), 0.0), e.Applied)
    assert agent.session.work is Work.IDLE


def test_a_snapshot_over_existing_configuration_is_an_incident() -> None:
    agent = Agent()
    agent.link(mark(1, lineage="M"))
    effects = agent.hear(m.SnapshotBegin(mark(1, lineage="M"), 2, "another change log"))
    assert "another change log" in one(effects, e.Incident).text


def test_a_refused_version_is_not_asked_for_again_until_another_comes() -> None:
    agent = Agent()
    agent.link(mark(6))
    job = one(agent.hear_delta(5, mark(6)), e.ApplyDelta)
    failure = Failure("invalid", "routes r1: schema violation", "routes", "r1")
    effects = agent.session.failed(job.token, failure, agent.now)
    assert sent(effects) == [
        {
            "type": "nack",
            "config": {"lineage": "L", "number": 6, "digest": f"{1:032x}"},
            "reason": "routes r1: schema violation",
            "entity": "routes",
            "key": "r1",
        }
    ]
    expected = "unable to update running config: bad config received from control plane routes r1: schema violation"
    assert one(effects, e.Log).text == expected
    assert agent.session.last_error == failure.reason
    for _ in range(3):
        assert sent(agent.hear(m.ControlPlaneHeartbeat(mark(6)))) == []
        assert sent(agent.hear(m.Changed(mark(6)))) == []
    agent.session.closed()
    assert sent(agent.link(mark(6))) == []
    assert sent(agent.hear(m.Changed(mark(7))))[0]["type"] == "pull"


def test_a_failing_disk_is_tried_again_after_a_while() -> None:
    agent = Agent()
    agent.link(mark(6))
    job = one(agent.hear_delta(5, mark(6)), e.ApplyDelta)
    effects = agent.session.failed(job.token, Failure("storage", "no space"), agent.now)
    assert sent(effects)[0]["reason"] == "no space"
    assert sent(agent.session.tick(0.1)) == []
    [pull] = sent(agent.session.tick(2.0))
    assert (pull["type"], pull["full"]) == ("pull", False)


@pytest.mark.parametrize("kind", ["digest", "conflict"])
def test_a_delta_that_does_not_fit_leads_to_everything_and_only_then_to_a_refusal(kind: str) -> None:
    agent = Agent()
    agent.link(mark(6))
    job = one(agent.hear_delta(5, mark(6)), e.ApplyDelta)
    effects = agent.session.failed(job.token, Failure(kind, "does not add up"), agent.now)
    assert "does not add up" in one(effects, e.Incident).text
    [pull] = sent(effects)
    assert (pull["type"], pull["full"]) == ("pull", True)
    token = one(agent.hear(m.SnapshotBegin(mark(6), 0, "asked")), e.BeginSnapshot).token
    agent.hear(m.SnapshotEnd(mark(6)))
    effects = agent.session.failed(token, Failure(kind, "still not", "routes", "r"), agent.now)
    assert has(effects, e.AbandonSnapshot)
    assert [message["type"] for message in sent(effects)] == ["nack"]
    assert sent(agent.session.tick(1.0)) == []
    assert sent(agent.hear(m.Changed(mark(7))))[0]["full"] is False


def test_after_everything_came_the_next_change_is_a_delta_again() -> None:
    agent = Agent()
    agent.link(mark(6))
    job = one(agent.hear_delta(5, mark(6)), e.ApplyDelta)
    agent.session.failed(job.token, Failure("digest", "does not add up"), agent.now)
    token = one(agent.hear(m.SnapshotBegin(mark(6), 0, "asked")), e.BeginSnapshot).token
    agent.hear(m.SnapshotEnd(mark(6)))
    assert sent(agent.session.applied(token, Position(Version("L", 6), 1, 0), agent.now)) == []
    [pull] = sent(agent.hear(m.Changed(mark(7))))
    assert (pull["type"], pull["full"]) == ("pull", False)


def test_the_same_version_with_another_digest_means_everything() -> None:
    [pull] = sent(Agent().link(mark(5, 0xEE)))
    assert (pull["type"], pull["full"]) == ("pull", True)


def test_a_control_plane_that_lags_does_not_take_the_node_back() -> None:
    agent = Agent()
    assert sent(agent.link(mark(4))) == []
    assert sent(agent.hear(m.ControlPlaneHeartbeat(mark(3)))) == []
    [pull] = sent(agent.hear(m.Changed(mark(4), rewind=True)))
    assert pull["type"] == "pull"


def test_a_delta_from_another_place_is_never_applied() -> None:
    for after, config in ((4, mark(6)), (6, mark(6)), (5, mark(6, lineage="M")), (5, mark(4))):
        agent = Agent()
        agent.link(mark(6))
        effects = agent.hear_delta(after, config)
        assert not has(effects, e.ApplyDelta)
        assert sent(effects)[0]["full"] is True


def test_an_empty_delta_to_what_it_has_ends_the_work() -> None:
    agent = Agent()
    agent.link(mark(6))
    agent.hear_delta(5, m.Mark.of(FIVE))
    assert agent.session.work is Work.PULLING  # still announced: asked again


def test_losing_the_link_abandons_a_snapshot_but_not_an_apply() -> None:
    agent = Agent(NOWHERE)
    agent.link(mark(5))
    token = one(agent.hear(m.SnapshotBegin(mark(5), 2, "")), e.BeginSnapshot).token
    agent.hear_chunk(0)
    assert has(agent.session.closed(), e.AbandonSnapshot)
    assert agent.session.stored(token, 0) == []
    assert agent.session.failed(token, Failure("storage", "late"), 0.0) == []
    assert sent(agent.link(mark(5)))[0]["type"] == "pull"

    agent = Agent()
    agent.link(mark(6))
    job = one(agent.hear_delta(5, mark(6)), e.ApplyDelta)
    assert agent.session.closed() == []
    assert sent(agent.link(mark(6))) == []
    assert has(agent.session.applied(job.token, Position(Version("L", 6), 1, 1), 0.0), e.Applied)


def test_a_probe_is_answered_at_once() -> None:
    agent = Agent()
    agent.link(m.Mark.of(FIVE))
    assert sent(agent.hear(m.Probe("n"))) == [{"type": "alive", "nonce": "n"}]


def test_heartbeats_come_in_time_and_silence_ends_the_link() -> None:
    agent = Agent()
    agent.link(m.Mark.of(FIVE), interval=30.0)
    assert sent(agent.session.tick(29.9)) == []
    assert [message["type"] for message in sent(agent.session.tick(30.0))] == ["heartbeat"]
    assert sent(agent.session.tick(45.0)) == []
    ended = agent.session.tick(45.1)
    assert one(ended, e.Close).code == CloseCode.SILENT
    assert agent.session.refusal == "did not receive a message from control plane within 45 seconds"
    assert agent.session.link is Link.DOWN
    assert agent.session.tick(100.0) == []


def test_any_message_shows_life() -> None:
    agent = Agent()
    agent.link(m.Mark.of(FIVE))
    agent.now = 40.0
    agent.hear(m.ControlPlaneHeartbeat(None))
    assert not has(agent.session.tick(80.0), e.Close)


def test_its_own_heartbeat_setting_wins() -> None:
    agent = Agent(heartbeat_interval=2.0)
    agent.link(m.Mark.of(FIVE), interval=30.0)
    assert agent.session.interval == 2.0


def test_no_welcome_within_ten_seconds_ends_the_attempt() -> None:
    agent = Agent()
    agent.session.connected(0.0)
    assert not has(agent.session.tick(10.0), e.Close)
    assert has(agent.session.tick(10.1), e.Close)


def test_a_refusal_is_remembered_for_the_log() -> None:
    agent = Agent()
    agent.session.connected(0.0)
    assert agent.hear(m.Refused("too new")) == []
    assert agent.session.refusal == "too new"
    agent.session.connected(1.0)
    assert agent.session.refusal is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"type":"delta"}',
        b'{"type":"snapshot_chunk","sequence":0,"records":[["services"]]}',
        b'{"type":"delta","lineage":"L","from":5,"to":6,"digest":"' + b"0" * 32 + b'","changes":[]}',
        b'{"type":"hello"}',
    ],
)
def test_nonsense_ends_the_link_with_a_reason(data: bytes) -> None:
    agent = Agent()
    agent.link(m.Mark.of(FIVE))
    close = one(agent.session.receive(data, 0.0), e.Close)
    assert close.code == CloseCode.BAD_MESSAGE
    assert close.reason


def test_a_snapshot_of_no_change_log_does_not_wipe_the_node() -> None:
    agent = Agent()
    agent.link(mark(6))
    effects = agent.hear(m.SnapshotBegin(m.NO_MARK, 0, "x"))
    assert has(effects, e.Close)
    assert not has(effects, e.BeginSnapshot)


def test_chunks_out_of_order_end_the_link() -> None:
    agent = Agent(NOWHERE)
    agent.link(mark(5))
    agent.hear(m.SnapshotBegin(mark(5), 2, ""))
    effects = agent.hear_chunk(1)
    assert has(effects, e.Close)
    assert has(effects, e.AbandonSnapshot)


MARKS = st.builds(
    lambda lineage, number, digest: {"lineage": lineage, "number": number, "digest": digest},
    st.sampled_from(["L", "M", ""]),
    st.integers(0, 7),
    st.sampled_from(["ab" * 16, f"{0xAB:032x}", "0" * 32]),
)
VALUES = st.none() | st.integers(-1, 9) | st.text(max_size=4) | st.booleans() | MARKS
MESSAGES = st.builds(
    lambda kind, fine, wild: orjson.dumps({"type": kind} | fine | wild),
    st.sampled_from(["welcome", "changed", "delta", "snapshot_begin", "snapshot_chunk", "snapshot_end", "heartbeat"]),
    st.fixed_dictionaries(
        {
            "config": MARKS,
            "protocol": st.just(1),
            "version": st.just("3.8.1"),
            "gwctl_version": st.just("1"),
            "heartbeat_interval": st.just(30),
            "lineage": st.sampled_from(["L", "M"]),
            "from": st.integers(4, 7),
            "to": st.integers(4, 7),
            "digest": st.sampled_from(["ab" * 16, f"{0xAB:032x}"]),
            "changes": st.just([]),
            "records": st.just([]) | st.integers(0, 3),
            "reason": st.just(""),
            "sequence": st.integers(0, 2),
            "rewind": st.booleans(),
        }
    ),
    st.dictionaries(st.sampled_from(["config", "lineage", "changes", "records", "rewind", "from"]), VALUES, max_size=1),
)


@given(st.lists(MESSAGES | st.binary(max_size=20), max_size=25), st.data())
def test_no_conversation_raises_or_leaves_a_snapshot_open(messages: list[bytes], data: st.DataObject) -> None:
    agent, begun, ended = Agent(), 0, 0
    agent.session.connected(0.0)
    for text in messages:
        agent.now += 1.0
        queue = agent.session.receive(text, agent.now)
        while queue:
            effect = queue.pop(0)
            begun += isinstance(effect, e.BeginSnapshot)
            ended += isinstance(effect, e.AbandonSnapshot)
            if isinstance(effect, e.Close):
                queue += agent.session.closed()
                agent.session.connected(agent.now)
            elif isinstance(effect, (e.ApplyDelta, e.FinishSnapshot)):
                config = effect.delta.config if isinstance(effect, e.ApplyDelta) else effect.config
                if data.draw(st.booleans()):
                    position = Position(config.version, config.digest_number, 0)
                    ended += isinstance(effect, e.FinishSnapshot)
                    queue += agent.session.applied(effect.token, position, agent.now)
                else:
                    kind = data.draw(st.sampled_from(["invalid", "conflict", "digest", "storage"]))
                    queue += agent.session.failed(effect.token, Failure(kind, "no"), agent.now)
            elif isinstance(effect, e.StoreChunk):
                queue += agent.session.stored(effect.token, effect.sequence)
    ended += sum(isinstance(effect, e.AbandonSnapshot) for effect in agent.session.closed())
    assert begun == ended


def test_workers_that_cannot_serve_are_told_of_while_linked() -> None:
    agent = Agent()
    assert agent.session.unserved("no host") == []
    agent.link(mark(5, 0xAB))

    [nack] = sent(agent.session.unserved("x" * 9000))

    assert (nack["type"], nack["config"]) == ("nack", {"lineage": "L", "number": 5, "digest": f"{0xAB:032x}"})
    assert len(nack["reason"]) == 4000
