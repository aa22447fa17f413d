"""One writer, many readers, generations: growth, refusals, and processes that come and go."""

from __future__ import annotations

import logging
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gwctl.cache import CacheBusy, CacheMissing, CacheReader, CacheWriter, Change
from gwctl.entities import Catalog
from gwctl.kit.version import Version
from tests.tools.memory_feed import make_record

Fill = Callable[[CacheWriter, int, int], None]


def services(catalog: Catalog, first: int, count: int, text: str = "") -> list[Change]:
    made = [
        make_record(catalog, "services", id=f"00000000-0000-4000-9000-{n:012d}", name=f"more{n}", path=f"/{text}")
        for n in range(first, first + count)
    ]
    return [Change("services", record["id"], record) for record in made]


def test_a_second_writer_is_told_who_writes(tmp_path: Path, catalog: Catalog) -> None:
    writer = CacheWriter.open(tmp_path, catalog)
    with pytest.raises(CacheBusy, match=f"already written by process {os.getpid()}"):
        CacheWriter.open(tmp_path, catalog)
    writer.close()
    CacheWriter.open(tmp_path, catalog).close()


def test_reading_where_nothing_was_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(CacheMissing, match="there is no cache"):
        CacheReader.open(tmp_path / "none")


def test_a_full_map_becomes_a_bigger_generation_without_disturbing_views(
    tmp_path: Path, catalog: Catalog, fill: Fill, caplog: pytest.LogCaptureFixture
) -> None:
    writer = CacheWriter.open(tmp_path, catalog, map_size=256 * 1024, journal=True, durable=False)
    fill(writer, 1, 20)
    reader = writer.reader()
    view = reader.view()
    before = list(view.records("services"))
    caplog.set_level(logging.INFO, "gwctl.cache")
    for number in range(2, 12):
        writer.apply(Version("L", number), services(catalog, number * 100, 100, "x" * 500))
    assert writer.position.records == 20 + 1000
    assert list(view.records("services")) == before
    assert reader.refresh() is True
    with reader.view() as fresh:
        assert fresh.position == writer.position
    grown = [record for record in caplog.records if "was full" in record.message]
    assert 1 <= len(grown) <= 4
    delta = writer.delta_from(10)
    assert delta is not None
    assert len(delta.changes) == 100
    view.close()
    reader.close()
    writer.close()
    assert len(list(tmp_path.glob("gen-*"))) == 2


def test_a_set_bigger_than_the_map_is_written_as_a_whole(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    writer = CacheWriter.open(tmp_path, catalog, map_size=64 * 1024, durable=False)
    fill(writer, 1, 3000)
    position = writer.position
    assert position.records == 3000
    writer.close()
    again = CacheWriter.open(tmp_path, catalog)
    assert again.position == position
    again.close()


@pytest.mark.parametrize("records", range(1, 7))
def test_a_set_that_just_fills_the_map_is_finished_too(tmp_path: Path, catalog: Catalog, records: int) -> None:
    writer = CacheWriter.open(tmp_path, catalog, map_size=32 * 1024, durable=False)
    generation = writer.begin_generation()
    try:
        for _, _, record in services(catalog, 0, records):
            assert record is not None
            generation.put("services", record)
            generation.flush()
        assert generation.commit(Version("L", 1)).records == records
    finally:
        generation.abort()
        writer.close()


def test_views_outlive_the_generations_they_came_from(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    writer = CacheWriter.open(tmp_path, catalog, durable=False)
    fill(writer, 1, 3)
    reader = writer.reader()
    views = [reader.view()]
    for number in range(2, 5):
        fill(writer, number, 3)
        assert reader.refresh() is True
        views.append(reader.view())
    assert reader.refresh() is False
    for number, view in enumerate(views, 1):
        assert view.version == Version("L", number)
        assert [record["name"] for record in view.records("services")] == [f"v{number}-{n}" for n in range(3)]
    assert {path.name for path in tmp_path.glob("gen-*")} == {"gen-000004", "gen-000005"}
    for view in views:
        view.close()
    reader.close()
    writer.close()


def test_a_view_does_not_see_what_is_applied_after_it(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    writer = CacheWriter.open(tmp_path, catalog, durable=False)
    fill(writer, 1, 2)
    reader = writer.reader()
    with reader.view() as old:
        writer.apply(Version("L", 2), services(catalog, 0, 1))
        assert (old.version.number, len(list(old.records("services")))) == (1, 2)
        with reader.view() as new:
            assert (new.version.number, len(list(new.records("services")))) == (2, 3)
    reader.close()
    writer.close()


def test_an_abandoned_generation_leaves_no_trace(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    writer = CacheWriter.open(tmp_path, catalog, durable=False)
    fill(writer, 1, 2)
    generation = writer.begin_generation()
    generation.put("services", services(catalog, 0, 1)[0].record or {})
    generation.abort()
    assert not list(tmp_path.glob("new-*"))
    assert (writer.position.records, writer.generation) == (2, 2)
    writer.close()


def test_only_the_owner_may_read_the_files(tmp_path: Path, catalog: Catalog) -> None:
    writer = CacheWriter.open(tmp_path / "cache", catalog)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    for path in (tmp_path / "cache").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    writer.close()


def test_a_copy_of_the_directory_serves_another_node(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    writer = CacheWriter.open(tmp_path / "one", catalog)
    fill(writer, 1, 10)
    writer.apply(Version("L", 2), services(catalog, 0, 5))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    copy = CacheWriter.open(tmp_path / "two", catalog)
    assert (copy.position, copy.incidents) == (writer.position, [])
    copy.apply(Version("L", 3), services(catalog, 10, 1))
    assert writer.position.version.number == 2
    copy.close()
    writer.close()


READ = """
import sys
from pathlib import Path
from gwctl.cache import CacheReader
reader = CacheReader.open(Path(sys.argv[1]))
view = reader.view()
print(view.version.number, len(list(view.records("services"))), flush=True)
for line in sys.stdin:
    print(len(list(view.records("services"))), reader.refresh(), reader.position().version.number, flush=True)
"""


def ask(child: Any) -> str:
    child.stdin.write("\n")
    child.stdin.flush()
    return str(child.stdout.readline().strip())


def test_readers_in_other_processes_follow_and_a_new_writer_does_not_disturb_them(
    tmp_path: Path, catalog: Catalog, fill: Fill, children: Any
) -> None:
    writer = CacheWriter.open(tmp_path, catalog)
    fill(writer, 1, 10)
    child = children.start(READ, tmp_path)
    assert child.stdout.readline().strip() == "1 10"
    writer.apply(Version("L", 2), services(catalog, 0, 5))
    assert ask(child) == "10 False 2"
    writer.close()
    writer = CacheWriter.open(tmp_path, catalog)
    writer.apply(Version("L", 3), services(catalog, 5, 5))
    assert ask(child) == "10 False 3"
    fill(writer, 4, 1)
    assert ask(child) == "10 True 4"
    assert ask(child) == "10 False 4"
    writer.close()


def test_a_killed_reader_gives_its_pages_back(tmp_path: Path, catalog: Catalog, fill: Fill, children: Any) -> None:
    writer = CacheWriter.open(tmp_path, catalog, durable=False)
    fill(writer, 1, 200)
    child = children.start(READ, tmp_path)
    assert child.stdout.readline().strip() == "1 200"
    child.kill()
    child.wait()
    for number in range(2, 60):
        writer.apply(Version("L", number), services(catalog, 0, 50, str(number)))
    data = tmp_path / f"gen-{writer.generation:06d}" / "data.mdb"
    size = data.stat().st_size
    for number in range(60, 160):
        writer.apply(Version("L", number), services(catalog, 0, 50, str(number)))
    assert data.stat().st_size == size
    writer.close()


WRITE = """
import sys
from pathlib import Path
from gwctl.cache import CacheWriter, Change
from gwctl.entities import core_catalog
from gwctl.kit.version import Version
from tests.tools.memory_feed import make_record
catalog = core_catalog()
writer = CacheWriter.open(Path(sys.argv[1]), catalog, durable=False)
number = writer.position.version.number
if number == 0:
    writer.begin_generation().commit(Version("L", 1))
base = [make_record(catalog, "services", id=f"00000000-0000-4000-8000-{n:012d}", name=f"n{n}") for n in range(100)]
print("ready", flush=True)
while True:
    number = writer.position.version.number + 1
    changes = [Change("services", record["id"], record | {"path": f"/{number}"}) for record in base]
    if number % 7 == 0:
        generation = writer.begin_generation()
        for change in changes:
            generation.put("services", change.record)
        generation.commit(Version("L", number))
    else:
        writer.apply(Version("L", number), changes)
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_one_whole_version(
    tmp_path: Path, catalog: Catalog, children: Any
) -> None:
    last = 0
    for round_ in range(6):
        child = children.start(WRITE, tmp_path)
        assert child.stdout.readline() == "ready\n"
        for _ in range(3 + round_ * 2):
            last = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        child.wait()
        writer = CacheWriter.open(tmp_path, catalog)
        assert writer.incidents == []
        number = writer.position.version.number
        assert number >= last
        reader = writer.reader()
        with reader.view() as view:
            assert {record["path"] for record in view.records("services")} == {f"/{number}"}
        reader.close()
        writer.close()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from gwctl.cache import CacheStorage, CacheWriter, Change
from gwctl.entities import core_catalog
from gwctl.kit.version import Version
from tests.tools.memory_feed import make_record
catalog = core_catalog()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = CacheWriter.open(Path(sys.argv[1]), catalog)
writer.begin_generation().commit(Version("L", 1))
def changes(count):
    ids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(count)]
    made = [make_record(catalog, "services", id=key, name=key) for key in ids]
    return [Change("services", record["id"], record) for record in made]
writer.apply(Version("L", 2), changes(3))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
try:
    writer.apply(Version("L", 3), changes(2000))
except CacheStorage as error:
    print("refused", writer.position.version.number, writer.position.records)
try:
    generation = writer.begin_generation()
    for change in changes(2000):
        generation.put(change.entity, change.record)
    generation.commit(Version("L", 3))
except CacheStorage as error:
    generation.abort()
    print("refused", writer.position.version.number, writer.position.records)
writer.apply(Version("L", 3), changes(4))
print("small", writer.position.version.number, writer.position.records)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.apply(Version("L", 4), changes(2000))
print("healed", writer.position.version.number, writer.position.records)
"""


def test_a_full_disk_applies_nothing_and_heals(tmp_path: Path, catalog: Catalog, children: Any) -> None:
    child = children.start(FULL_DISK, tmp_path)
    answer, _ = child.communicate(timeout=60)
    assert answer.splitlines() == ["refused 2 3", "refused 2 3", "small 3 4", "healed 4 2000"]
    writer = CacheWriter.open(tmp_path, catalog)
    assert (writer.position.records, writer.incidents) == (2000, [])
    writer.close()
    assert not list(tmp_path.glob("new-*"))
