from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from gwctl.cache import CacheConflict, CacheWriter, Change
from gwctl.cluster import Applier, Replica, follow
from gwctl.cluster.applier import RecordRefused
from gwctl.cluster.delivery import ChunkStream, Deliveries, DeltaReady
from gwctl.cluster.errors import SourceUnavailable
from gwctl.cluster.messages import NO_MARK, Mark, Pull, decode_from_control_plane
from gwctl.entities import core_catalog
from gwctl.kit.errors import GwctlError
from gwctl.kit.version import Version
from tests.tools.memory_feed import MemoryFeed, make_record

CATALOG = core_catalog()


class Copy:
    def __init__(self, path: Path) -> None:
        self.feed = MemoryFeed(CATALOG)
        self.writer = CacheWriter.open(path, CATALOG, journal=True, durable=False)
        self.replica = Replica(self.feed, self.writer, CATALOG)

    def names(self) -> set[str]:
        snapshot = self.replica.open_snapshot()
        try:
            return {orjson.loads(text).get("name") for _, text in snapshot.documents()}
        finally:
            snapshot.close()


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = Copy(tmp_path / "cp")
    yield made
    made.writer.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[CacheWriter]:
    writer = CacheWriter.open(tmp_path / "dp", CATALOG, durable=False)
    yield writer
    writer.close()


def test_changes_are_followed_one_by_one(copy: Copy) -> None:
    copy.feed.put("services", name="one")
    assert copy.replica.catch_up().version == Version(copy.feed.lineage, 1)
    generation, snapshots = copy.writer.generation, copy.feed.snapshots
    two = copy.feed.put("services", name="two")
    copy.feed.put("services", name="three")
    copy.feed.drop("services", two["id"])
    assert copy.replica.catch_up().version.number == 4
    assert copy.names() == {"one", "three"}
    assert (copy.writer.generation, copy.feed.snapshots) == (generation, snapshots)
    assert copy.replica.catch_up() == copy.replica.position


def test_it_knows_which_plugins_are_needed(copy: Copy) -> None:
    one, other = copy.feed.put("plugins", name="cors"), copy.feed.put("plugins", name="acl")
    copy.feed.put("plugins", name="jwt", enabled=False)
    copy.replica.catch_up()
    assert copy.replica.plugins == {"acl", "cors"}
    assert Replica(copy.feed, copy.writer, CATALOG).plugins == {"acl", "cors"}, "also what was there at the start"

    copy.feed.drop("plugins", one["id"])
    copy.feed.write(Change("plugins", other["id"], {**other, "enabled": False}))
    copy.replica.catch_up()
    assert copy.replica.plugins == frozenset()


def test_more_changes_than_a_batch_are_followed_to_the_end(copy: Copy) -> None:
    copy.replica.catch_up()
    for number in range(1203):
        copy.feed.write(Change("services", "x", None) if number % 2 else Change("services", "y", None))
    assert copy.replica.catch_up().version.number == 1203


@pytest.mark.parametrize("why", ["lineage", "pruned", "ahead"])
def test_what_the_log_cannot_tell_is_copied_as_a_whole(copy: Copy, why: str) -> None:
    copy.feed.put("services", name="one")
    copy.replica.catch_up()
    generation = copy.writer.generation
    if why == "lineage":
        copy.feed.restart_lineage()
        copy.feed.put("services", name="two")
    elif why == "pruned":
        copy.feed.put("services", name="two")
        copy.feed.prune()
    else:
        copy.feed.put("services", name="two")
        copy.replica.catch_up()
        generation = copy.writer.generation
        copy.feed.number = 1
    assert copy.replica.catch_up().version == Version(copy.feed.lineage, copy.feed.number)
    assert copy.names() == {"one", "two"}
    assert copy.writer.generation == generation + 1
    assert copy.replica.delta_from(copy.feed.number - 1) is None


def test_a_database_that_is_down_leaves_the_copy_as_it_is(copy: Copy) -> None:
    copy.feed.put("services", name="one")
    copy.replica.catch_up()
    copy.feed.down = True
    with pytest.raises(GwctlError, match="cannot be reached"):
        copy.replica.catch_up()
    assert copy.names() == {"one"}
    assert copy.replica.delta_from(0) is None


def test_a_delta_is_encoded_once_for_all(copy: Copy) -> None:
    copy.replica.catch_up()
    has = Mark.of(copy.replica.position)
    copy.feed.put("services", name="one")
    copy.replica.catch_up()
    deliveries = Deliveries(copy.replica)
    first = deliveries.answer(Pull(has, False), 1 << 20)
    second = deliveries.answer(Pull(has, False), 1 << 20)
    assert isinstance(first, DeltaReady)
    assert isinstance(second, DeltaReady)
    assert first.data is second.data
    copy.feed.put("services", name="two")
    copy.replica.catch_up()
    third = deliveries.answer(Pull(has, False), 1 << 20)
    assert isinstance(third, DeltaReady)
    assert third.config.number == 2


@pytest.mark.parametrize(
    ("pull", "reason"),
    [
        (Pull(NO_MARK, False), "no configuration yet"),
        (Pull(Mark("other", 1, "ab" * 16), False), "another change log"),
        (Pull(Mark("LINEAGE", 99, "ab" * 16), False), "ahead of the change log"),
        (Pull(Mark("LINEAGE", 0, "ab" * 16), False), "not known any more"),
        (Pull(Mark("LINEAGE", 2, "ab" * 16), True), "asked for it"),
    ],
)
def test_the_reason_for_a_snapshot_is_said(copy: Copy, pull: Pull, reason: str) -> None:
    copy.feed.put("services", name="one")
    copy.feed.put("services", name="two")
    copy.feed.lineage = "LINEAGE"
    copy.replica.catch_up()
    answer = Deliveries(copy.replica).answer(pull, 1 << 20)
    assert isinstance(answer, ChunkStream)
    assert reason in answer.reason
    answer.close()
    assert answer.next_chunk() is None


def test_a_source_without_configuration_gives_nothing(copy: Copy) -> None:
    with pytest.raises(SourceUnavailable):
        Deliveries(copy.replica).answer(Pull(NO_MARK, False), 1 << 20)


def test_a_change_too_big_for_one_message_becomes_a_snapshot_of_bounded_chunks(copy: Copy) -> None:
    copy.replica.catch_up()
    has = Mark.of(copy.replica.position)
    for number in range(60):
        copy.feed.put("services", name=f"s{number}")
    copy.replica.catch_up()
    answer = Deliveries(copy.replica).answer(Pull(has, False), 8192)
    assert isinstance(answer, ChunkStream)
    chunks = []
    while (chunk := answer.next_chunk()) is not None:
        chunks.append(chunk)
    answer.close()
    assert max(map(len, chunks)) <= 8192
    decoded = [decode_from_control_plane(chunk) for chunk in chunks]
    assert [message.sequence for message in decoded] == list(range(len(chunks)))  # type: ignore[union-attr]
    assert sum(len(message.records) for message in decoded) == 60  # type: ignore[union-attr]


def test_a_node_without_a_link_follows_the_source(copy: Copy, node: CacheWriter) -> None:
    applier = Applier(node, CATALOG)
    service = copy.feed.put("services", name="one")
    copy.replica.catch_up()
    assert follow(copy.replica, applier) == node.position
    assert (node.position.version, node.position.digest) == (
        copy.replica.position.version,
        copy.replica.position.digest,
    )
    generation = node.generation
    copy.feed.put("routes", service={"id": service["id"]})
    copy.replica.catch_up()
    assert follow(copy.replica, applier) == node.position
    assert follow(copy.replica, applier) is None
    assert (node.position.records, node.generation) == (2, generation)
    copy.feed.restart_lineage()
    copy.replica.catch_up()
    assert follow(copy.replica, applier) == node.position
    assert node.position.version.lineage == copy.feed.lineage


def test_a_node_that_has_drifted_is_given_everything(copy: Copy, node: CacheWriter) -> None:
    applier = Applier(node, CATALOG)
    copy.feed.put("services", name="one")
    copy.replica.catch_up()
    follow(copy.replica, applier)
    stray = make_record(CATALOG, "services", name="stray")
    node.apply(node.position.version, [Change("services", stray["id"], stray)])
    copy.feed.put("services", name="two")
    copy.replica.catch_up()
    assert follow(copy.replica, applier) == copy.replica.position
    assert node.position == copy.replica.position


def test_records_are_validated_before_anything_is_applied(node: CacheWriter) -> None:
    node.begin_generation().commit(Version("L", 1))
    applier = Applier(node, CATALOG)
    good = make_record(CATALOG, "services", name="fine")
    bad = make_record(CATALOG, "services", name="x") | {"port": 700000}
    wrong_key = Change("services", good["id"], bad | {"port": 1})
    orphan = make_record(CATALOG, "routes", service={"id": good["id"]})
    for changes, entity, error in (
        ([Change("services", good["id"], good), Change("services", bad["id"], bad)], "services", RecordRefused),
        ([Change("nonsense", "k", {"id": "k"})], "nonsense", RecordRefused),
        ([wrong_key], "services", RecordRefused),
        ([Change("routes", orphan["id"], orphan)], "routes", CacheConflict),
        ([Change("services", "k", {"id": 5})], "services", RecordRefused),
    ):
        with pytest.raises(error) as caught:
            applier.apply(Version("L", 2), 0, changes)
        assert caught.value.entity == entity  # type: ignore[attr-defined]
        assert (node.position.version.number, node.position.records) == (1, 0)


def test_a_bad_record_in_a_snapshot_leaves_the_old_configuration(node: CacheWriter) -> None:
    node.begin_generation().commit(Version("L", 1))
    applier = Applier(node, CATALOG)
    applier.begin()
    applier.store([("services", make_record(CATALOG, "services", name="fine"))])
    with pytest.raises(RecordRefused, match="port"):
        applier.store([("services", make_record(CATALOG, "services", name="x") | {"port": -1})])
    applier.abandon()
    assert node.position.version.number == 1
    assert not list(node.path.glob("new-*"))
