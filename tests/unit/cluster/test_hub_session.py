"""The control plane's session as conversations: what comes in, what is to be done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.cluster import effects as e
from gwctl.cluster import messages as m
from gwctl.cluster.delivery import ChunkStream, DeltaReady
from gwctl.cluster.hub_session import HubIdentity, HubSession, Peer, Phase
from gwctl.cluster.protocol import HELLO_LIMIT, WINDOW, CloseCode
from gwctl.kit.changes import NOWHERE, Position
from gwctl.kit.version import Version

AT_FIVE = Position(Version("L", 5), 0xAB, 3)
NODE = "4c7f6c6e-6f0b-4d51-9d2b-2f4a7f0a4a11"


@dataclass
class Hub:
    position: Position = AT_FIVE
    plugins: frozenset[str] = frozenset()
    effects: list[e.Effect] = field(default_factory=list)
    session: HubSession = field(init=False)

    def __post_init__(self) -> None:
        identity = HubIdentity("3.8.1", "0.1.0", heartbeat_interval=30.0)
        peer = Peer("10.0.0.9", 1_900_000_000.0)
        self.session = HubSession(identity, peer, lambda: self.position, lambda: self.plugins, now=0.0)

    def say(self, message: m.FromDataPlane, now: float = 1.0) -> list[e.Effect]:
        return self.session.receive(m.encode(message), now)

    def link(self, **changes: Any) -> list[e.Effect]:
        assert any(isinstance(effect, e.Claim) for effect in self.say(hello(**changes)))
        return self.session.granted()


def hello(**changes: Any) -> m.Hello:
    fine = m.Hello(
        (1,), NODE, "dp1", "3.8.1", "0.1.0", {"deployment": "local"}, (), m.NO_MARK, m.NO_MARK, None, 1 << 20
    )
    return replace(fine, **changes)


def sent(effects: list[e.Effect]) -> list[dict[str, Any]]:
    return [orjson.loads(effect.data) for effect in effects if isinstance(effect, e.Send)]


def row(effects: list[e.Effect]) -> dict[str, Any]:
    [report] = [effect for effect in effects if isinstance(effect, e.Report)]
    return report.row


def close(effects: list[e.Effect]) -> e.Close:
    [found] = [effect for effect in effects if isinstance(effect, e.Close)]
    return found


def logged(effects: list[e.Effect]) -> str:
    return "\n".join(effect.text for effect in effects if isinstance(effect, e.Log))


def test_a_good_hello_is_welcomed_and_listed() -> None:
    hub = Hub()
    effects = hub.link()
    assert sent(effects) == [
        {
            "type": "welcome",
            "protocol": 1,
            "version": "3.8.1",
            "gwctl_version": "0.1.0",
            "heartbeat_interval": 30.0,
            "config": {"lineage": "L", "number": 5, "digest": f"{0xAB:032x}"},
        }
    ]
    assert row(effects) == {
        "id": NODE,
        "hostname": "dp1",
        "ip": "10.0.0.9",
        "version": "3.8.1",
        "gwctl_version": "0.1.0",
        "config_hash": "0" * 32,
        "applied_version": None,
        "sync_status": "normal",
        "labels": {"deployment": "local"},
        "cert_details": {"expiry_timestamp": 1_900_000_000},
        "rpc_capabilities": [],
        "last_error": None,
    }
    assert f"data plane connected [id: {NODE}, host: dp1, ip: 10.0.0.9, version: 3.8.1]" in logged(effects)


def test_a_data_plane_may_wish_for_its_own_heartbeat() -> None:
    assert sent(Hub().link(heartbeat_interval=2.0))[0]["heartbeat_interval"] == 2.0


def test_without_configuration_the_welcome_offers_none() -> None:
    assert sent(Hub(position=NOWHERE).link())[0]["config"] is None


@pytest.mark.parametrize(
    ("changes", "text", "listed"),
    [
        ({"version": "3.9.0"}, "data plane version 3.9.0 is incompatible with older control plane version 3.8.1", True),
        ({"version": "4.0.0"}, "(3.x.y are accepted)", True),
        ({"version": "abc"}, "data plane version abc is incompatible with control plane version 3.8.1", False),
        ({"protocols": (2,), "gwctl_version": "7.0"}, "the data plane (gwctl 7.0) speaks 2, the control", True),
    ],
)
def test_an_incompatible_data_plane_is_refused_with_the_reason(changes: Any, text: str, listed: bool) -> None:
    effects = Hub().say(hello(**changes))
    [refused] = sent(effects)
    assert refused["type"] == "refused"
    assert text in refused["reason"]
    assert text in logged(effects)
    assert close(effects).code == CloseCode.INCOMPATIBLE
    if listed:
        assert row(effects)["sync_status"] == "kong_version_incompatible"
        assert text in row(effects)["last_error"]["message"]
    else:
        assert not any(isinstance(effect, e.Report) for effect in effects)


def test_a_node_id_must_be_a_uuid() -> None:
    assert "is not a UUID" in sent(Hub().say(hello(node_id="x")))[0]["reason"]


def test_an_older_minor_is_remarked_and_accepted() -> None:
    effects = Hub().say(hello(version="3.7.0"))
    assert "data plane minor version 3.7.0 is different" in logged(effects)
    assert any(isinstance(effect, e.Claim) for effect in effects)


def test_acknowledgements_and_refusals_reach_the_ledger() -> None:
    hub = Hub()
    hub.link()
    mark = m.Mark("L", 5, "ab" * 16)
    effects = hub.say(m.Nack(mark, "routes r1: no", "routes", "r1"))
    assert row(effects)["last_error"] == {"message": "routes r1: no", "version": 5, "entity": "routes", "key": "r1"}
    assert "data plane did not apply version 5: routes r1: no" in logged(effects)
    acked = row(hub.say(m.Ack(mark)))
    assert (acked["config_hash"], acked["applied_version"], acked["last_error"]) == ("ab" * 16, 5, None)


def test_a_heartbeat_is_answered_with_the_newest_version() -> None:
    hub = Hub()
    hub.link()
    hub.position = Position(Version("L", 6), 1, 3)
    effects = hub.say(m.DataPlaneHeartbeat(m.Mark("L", 5, "ab" * 16)))
    assert sent(effects) == [{"type": "heartbeat", "config": {"lineage": "L", "number": 6, "digest": f"{1:032x}"}}]
    assert row(effects)["config_hash"] == "ab" * 16


def test_a_version_is_announced_once() -> None:
    hub = Hub()
    hub.link()
    assert hub.session.announce() == []
    hub.position = Position(Version("L", 6), 1, 3)
    [announcement] = hub.session.announce()
    assert isinstance(announcement, e.Send)
    assert announcement.slot == "changed"
    assert hub.session.announce() == []


def test_nothing_is_announced_before_the_welcome() -> None:
    hub = Hub()
    assert hub.session.announce() == []
    hub.say(hello())
    assert hub.session.announce() == []
    assert hub.session.probe("n") == []


def test_a_data_plane_ahead_goes_back_only_when_the_log_really_ends_there() -> None:
    ahead = m.Mark("L", 9, "cd" * 16)
    lagging = Hub()
    assert e.CatchUp() in lagging.link(has=ahead)
    lagging.position = Position(Version("L", 9), 0xCD, 3)
    assert [message.get("rewind") for message in sent(lagging.session.caught_up())] == [False]
    behind = Hub()
    behind.link(has=ahead)
    effects = behind.session.caught_up()
    assert sent(effects)[0]["rewind"] is True
    assert "has version 9, the change log ends at 5" in logged(effects)


class Records:
    """A snapshot of ``count`` chunks."""

    def __init__(self, count: int) -> None:
        self.position = Position(Version("L", 5), 0xAB, count)
        self.count = count
        self.closed = 0

    def documents(self) -> Iterator[tuple[str, bytes]]:
        for number in range(self.count):
            yield "services", b'{"id":"%d"}' % number

    def close(self) -> None:
        self.closed += 1


def drive(session: HubSession, effects: list[e.Effect]) -> list[dict[str, Any]]:
    """Carry out reads and closes until the session waits; returns what was sent."""
    out: list[dict[str, Any]] = []
    queue = list(effects)
    while queue:
        effect = queue.pop(0)
        if isinstance(effect, e.Send):
            out.append(orjson.loads(effect.data))
        elif isinstance(effect, e.ReadChunk):
            queue += session.chunk(effect.number, effect.stream.next_chunk())
        elif isinstance(effect, e.CloseStream):
            effect.stream.close()
    return out


def pull(hub: Hub, full: bool = True) -> e.Fetch:
    [fetch] = [x for x in hub.say(m.Pull(m.NO_MARK, full)) if isinstance(x, e.Fetch)]
    return fetch


def test_a_snapshot_never_has_more_than_the_window_under_way() -> None:
    hub, records = Hub(), Records(10)
    hub.link()
    fetch = pull(hub)
    stream = ChunkStream(records, "why", 1)
    out = drive(hub.session, hub.session.fetched(fetch.number, stream))
    assert [message["type"] for message in out] == ["snapshot_begin"] + ["snapshot_chunk"] * WINDOW
    for sequence in range(6):
        out = drive(hub.session, hub.say(m.More(sequence)))
        assert [message["sequence"] for message in out] == [sequence + WINDOW]
    out = drive(hub.session, hub.say(m.More(6)))
    assert [message["type"] for message in out] == ["snapshot_end"]
    assert records.closed == 1
    assert drive(hub.session, hub.say(m.More(7))) == []


def test_acknowledging_chunks_that_were_not_sent_opens_no_flood() -> None:
    hub, records = Hub(), Records(100)
    hub.link()
    number = pull(hub).number
    drive(hub.session, hub.session.fetched(number, ChunkStream(records, "why", 1)))
    out = [drive(hub.session, hub.say(m.More(0))) for _ in range(3)]
    assert [len(messages) for messages in out] == [1, 1, 1]


def test_a_new_pull_replaces_the_one_before() -> None:
    hub, records = Hub(), Records(10)
    hub.link()
    first = pull(hub)
    drive(hub.session, hub.session.fetched(first.number, ChunkStream(records, "why", 1)))
    effects = hub.say(m.Pull(m.NO_MARK, False))
    drive(hub.session, effects)
    assert records.closed == 1
    assert hub.session.chunk(first.number, b"{}") == []
    [second] = [x for x in effects if isinstance(x, e.Fetch)]
    [delta] = hub.session.fetched(second.number, DeltaReady(b"{}", m.NO_MARK))
    assert delta == e.Send(b"{}", slot="answer")


def test_a_flood_of_pulls_has_one_answer_at_a_time_prepared() -> None:
    hub = Hub()
    hub.link()
    first = pull(hub)
    for _ in range(50):
        assert not any(isinstance(x, e.Fetch) for x in hub.say(m.Pull(m.NO_MARK, True)))
    late = Records(3)
    effects = hub.session.fetched(first.number, ChunkStream(late, "why", 1))
    [newest] = [x for x in effects if isinstance(x, e.Fetch)]
    assert newest.number == first.number + 50
    drive(hub.session, effects)
    assert late.closed == 1
    assert sent(hub.session.fetched(newest.number, DeltaReady(b"{}", m.NO_MARK))) == [{}]


def test_a_record_that_fits_into_no_message_is_reported_not_sent() -> None:
    hub, records = Hub(), Records(1)
    hub.link(max_payload=1024)
    records.documents = lambda: iter([("services", b'{"id":"' + b"x" * 2000 + b'"}')])  # type: ignore[method-assign]
    number = pull(hub).number
    [*_, read] = hub.session.fetched(number, ChunkStream(records, "why", 500))
    assert isinstance(read, e.ReadChunk)
    effects = hub.session.chunk(number, read.stream.next_chunk())
    assert sent(effects) == []
    assert "cluster_max_payload of the node is 1024" in row(effects)["last_error"]["message"]
    assert close(effects).code == CloseCode.TOO_BIG


@pytest.mark.parametrize("end", ["closed", "garbage", "silence"])
def test_a_snapshot_is_let_go_however_the_link_ends(end: str) -> None:
    hub, records = Hub(), Records(10)
    hub.link()
    drive(hub.session, hub.session.fetched(pull(hub).number, ChunkStream(records, "why", 1)))
    effects = {
        "closed": hub.session.closed,
        "garbage": lambda: hub.session.receive(b"?", 2.0),
        "silence": lambda: hub.session.tick(1000.0),
    }[end]()
    drive(hub.session, effects)
    assert records.closed == 1


def test_a_source_that_cannot_be_read_ends_the_link_with_the_reason() -> None:
    hub = Hub()
    hub.link()
    effects = hub.session.fetch_failed(pull(hub).number, "disk gone")
    assert close(effects) == e.Close(CloseCode.FAILED, "the configuration cannot be read: disk gone")


def test_a_link_without_hello_or_without_life_is_ended() -> None:
    hub = Hub()
    assert hub.session.tick(10.0) == []
    assert "no hello within 10 seconds" in close(hub.session.tick(10.1)).reason
    hub = Hub()
    hub.link()
    assert hub.session.tick(1.0 + 45.0) == []
    gone = hub.session.tick(1.0 + 45.1)
    assert close(gone) == e.Close(CloseCode.SILENT, "did not receive a message from data plane within 45 seconds")
    assert hub.session.tick(200.0) == []


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b'{"type":"nope"}', b'{"type":"pull"}', m.encode(m.Alive("x")), "ünï"]
)
def test_nonsense_before_the_hello_ends_the_link_with_a_reason(data: bytes | str) -> None:
    effects = Hub().session.receive(data, 1.0)
    assert close(effects).code == CloseCode.BAD_MESSAGE
    assert close(effects).reason
    assert any(isinstance(effect, e.Log) and effect.level == logging.ERROR for effect in effects)


def test_a_hello_beyond_the_limit_is_too_big() -> None:
    big = m.encode(hello()) + b" " * HELLO_LIMIT
    assert close(Hub().session.receive(big, 1.0)).code == CloseCode.TOO_BIG


def test_a_second_hello_ends_the_link() -> None:
    hub = Hub()
    hub.link()
    assert "unexpected message Hello" in close(hub.say(hello())).reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = ["hello", "pull", "more", "ack", "nack", "heartbeat", "alive", "welcome", "delta"]
MARKS = st.builds(lambda n, d: {"lineage": "L", "number": n, "digest": d}, st.integers(0, 9), st.just("ab" * 16))
HOSTILE = st.builds(
    lambda kind, base, extra: orjson.dumps({"type": kind} | base | extra),
    st.sampled_from(KINDS),
    st.fixed_dictionaries(
        {},
        optional={
            "has": MARKS,
            "serving": MARKS,
            "config": MARKS,
            "full": st.booleans(),
            "sequence": st.integers(0, 5),
            "nonce": st.just("n"),
            "reason": st.text(max_size=5),
        },
    ),
    st.dictionaries(st.sampled_from(["has", "serving", "config", "sequence", "full", "nonce"]), JSON, max_size=2),
)


@given(st.lists(HOSTILE | st.binary(max_size=30), max_size=12), st.booleans())
def test_no_conversation_raises_or_keeps_a_snapshot(messages: list[bytes], linked: bool) -> None:
    hub = Hub()
    if linked:
        hub.link()
    opened: list[Records] = []
    now = 1.0
    for data in messages:
        now += 0.1
        queue = hub.session.receive(data, now)
        while queue:
            effect = queue.pop(0)
            if isinstance(effect, e.Fetch):
                opened.append(Records(3))
                queue += hub.session.fetched(effect.number, ChunkStream(opened[-1], "why", 1))
            elif isinstance(effect, e.ReadChunk):
                queue += hub.session.chunk(effect.number, effect.stream.next_chunk())
            elif isinstance(effect, e.CloseStream):
                effect.stream.close()
    for effect in hub.session.closed():
        if isinstance(effect, e.CloseStream):
            effect.stream.close()
    assert hub.session.phase is Phase.CLOSED
    assert all(records.closed == 1 for records in opened)


def test_a_node_that_lacks_configured_plugins_says_so_in_its_row() -> None:
    hub = Hub(plugins=frozenset({"acl", "cors", "jwt"}))
    hub.link(plugins=({"name": "cors", "version": "3.8.1"},))

    told = row(hub.say(m.Ack(m.Mark.of(AT_FIVE))))
    assert told["sync_status"] == "plugin_set_incompatible"
    assert told["last_error"] == {
        "message": "configured plugins that the data plane lacks: acl, jwt; "
        "their routes answer 503 unless missing_plugin=warn"
    }

    hub.plugins = frozenset({"cors"})
    told = row(hub.say(m.Ack(m.Mark.of(AT_FIVE))))
    assert (told["sync_status"], told["last_error"]) == ("normal", None)
