"""Whatever happens to the files, the process lives, and what it serves is what was written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gwctl.cache import CacheBusy, CacheDamaged, CacheReader, CacheWriter
from gwctl.cache.environments import ensure_whole
from gwctl.entities import Catalog
from gwctl.kit.version import Version

Fill = Callable[[CacheWriter, int, int], None]


@pytest.fixture
def two_generations(tmp_path: Path, catalog: Catalog, fill: Fill) -> Path:
    """A closed cache: generation 2 at version 1, the current generation 3 at version 2."""
    path = tmp_path / "cache"
    writer = CacheWriter.open(path, catalog, durable=False)
    fill(writer, 1, 30)
    fill(writer, 2, 40)
    writer.close()
    return path


def truncate(generation: Path) -> None:
    data = generation / "data.mdb"
    os.truncate(data, data.stat().st_size // 2)


def overwrite(generation: Path) -> None:
    (generation / "data.mdb").write_bytes(os.urandom(50_000))


def empty(generation: Path) -> None:
    os.truncate(generation / "data.mdb", 0)


def forget_marker(generation: Path) -> None:
    (generation / "state.json").unlink()


def other_format(generation: Path) -> None:
    (generation / "state.json").write_text('{"format": 99}')


def flip_a_value(generation: Path) -> None:
    data = generation / "data.mdb"
    content = bytearray(data.read_bytes())
    while (place := content.rfind(b"v2-39")) >= 0:
        content[place + 1] ^= 1
    data.write_bytes(content)


@pytest.mark.parametrize("harm", [truncate, overwrite, empty, forget_marker, other_format, flip_a_value])
def test_a_damaged_generation_is_set_aside_and_the_one_before_serves(
    two_generations: Path, catalog: Catalog, harm: Callable[[Path], None]
) -> None:
    harm(two_generations / "gen-000003")
    writer = CacheWriter.open(two_generations, catalog)
    assert (writer.position.version, writer.position.records) == (Version("L", 1), 30)
    assert len(writer.incidents) == 1
    assert "gen-000003 was set aside as bad-gen-000003" in writer.incidents[0]
    assert len(list(two_generations.glob("bad-gen-000003-*"))) == 1
    writer.close()
    again = CacheWriter.open(two_generations, catalog)
    assert (again.position.version, again.incidents) == (Version("L", 1), [])
    again.close()


def test_without_a_sound_generation_the_cache_starts_empty(two_generations: Path, catalog: Catalog, fill: Fill) -> None:
    for generation in two_generations.glob("gen-*"):
        truncate(generation)
    writer = CacheWriter.open(two_generations, catalog)
    assert writer.position.records == 0
    assert writer.position.version == Version("", 0)
    assert len(writer.incidents) == 2
    fill(writer, 7, 5)
    assert writer.position.records == 5
    writer.close()


@pytest.mark.parametrize("pointer", [b"", b"gen-999999\n", b"../../etc\n", b"\xff\xfe"])
def test_a_damaged_pointer_does_not_lose_the_newest_generation(
    two_generations: Path, catalog: Catalog, pointer: bytes
) -> None:
    (two_generations / "CURRENT").write_bytes(pointer)
    writer = CacheWriter.open(two_generations, catalog)
    assert writer.position.version == Version("L", 2)
    writer.close()
    reader = CacheReader.open(two_generations)
    assert reader.position().version == Version("L", 2)
    reader.close()


def test_at_most_two_damaged_generations_are_kept(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    for number in range(1, 5):
        writer = CacheWriter.open(tmp_path, catalog, durable=False)
        fill(writer, number, 3)
        current = writer.generation
        writer.close()
        truncate(tmp_path / f"gen-{current:06d}")
    CacheWriter.open(tmp_path, catalog).close()
    assert len(list(tmp_path.glob("bad-gen-*"))) == 2


def test_an_unfinished_generation_is_removed(two_generations: Path, catalog: Catalog) -> None:
    unfinished = two_generations / "new-000009"
    unfinished.mkdir()
    (unfinished / "data.mdb").write_bytes(b"half")
    CacheWriter.open(two_generations, catalog).close()
    assert not unfinished.exists()


def test_a_reader_refuses_a_file_cut_short_instead_of_dying(two_generations: Path) -> None:
    truncate(two_generations / "gen-000003")
    with pytest.raises(CacheDamaged, match="cut short"):
        CacheReader.open(two_generations)


MUTATE = """
import random, shutil, sys
from pathlib import Path
import lmdb
from gwctl.cache.errors import CacheDamaged
from gwctl.cache.verify import main

source, scratch, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
original = (source / "data.mdb").read_bytes()

def records(path):
    environment = lmdb.open(str(path), readonly=True, lock=False, create=False, map_size=0)
    with environment.begin() as transaction:
        found = {bytes(k): bytes(v) for k, v in transaction.cursor() if k[:1] in b"ruf"}
    environment.close()
    return found

truth = records(source)
sys.stderr = open("/dev/null", "w")
sound = 0
for attempt in range(int(sys.argv[4])):
    data = bytearray(original)
    for _ in range(rng.choice((1, 1, 2, 8))):
        kind = rng.randrange(4)
        place = rng.randrange(len(data))
        if kind == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place : place + 16] = bytes(len(data[place : place + 16]))
        elif kind == 2:
            data[place : place + 4] = rng.randbytes(len(data[place : place + 4]))
        else:
            page = rng.randrange(len(data) // 4096) * 4096 + rng.randrange(24)
            data[page] = rng.randrange(256)
    if rng.random() < 0.1:
        del data[rng.randrange(len(data)) :]
    (scratch / "data.mdb").write_bytes(data)
    if main([str(scratch)]) == 0:
        sound += 1
        assert records(scratch) == truth, attempt
print("lived", sound)
"""


def test_no_mutation_of_the_file_kills_the_reader_or_changes_a_record(
    tmp_path: Path, two_generations: Path, children: Any
) -> None:
    scratch = tmp_path / "scratch"
    shutil.copytree(two_generations / "gen-000003", scratch)
    child = children.start(MUTATE, two_generations / "gen-000003", scratch, 20, 400)
    answer, _ = child.communicate(timeout=100)
    assert child.returncode == 0, answer
    assert answer.startswith("lived")


def test_what_is_no_generation_is_left_alone(two_generations: Path, catalog: Catalog) -> None:
    strangers = [two_generations / name for name in ("new-project", "new-000009-notes", "gen-old", "bad-gen-mine")]
    for stranger in strangers:
        stranger.mkdir()

    CacheWriter.open(two_generations, catalog).close()

    assert [stranger for stranger in strangers if not stranger.exists()] == []


def lose_pointer(path: Path) -> None:
    (path / "CURRENT").unlink()


def garble_pointer(path: Path) -> None:
    (path / "CURRENT").write_bytes(b"gen-999999\0\n")


def lose_file(path: Path) -> None:
    next(path.glob("gen-000003/data.mdb")).unlink()


def lose_everything(path: Path) -> None:
    shutil.rmtree(path)


@pytest.mark.parametrize("harm", [lose_pointer, garble_pointer, lose_file, lose_everything])
def test_what_is_removed_while_it_is_in_use_is_written_again(
    two_generations: Path, catalog: Catalog, harm: Callable[[Path], None]
) -> None:
    writer = CacheWriter.open(two_generations, catalog, durable=False)
    before = writer.position
    harm(two_generations)

    writer.mend()

    assert len(writer.incidents) == 1, writer.incidents
    assert "is written again" in writer.incidents[0]
    writer.apply(Version("L", 3), [])
    with writer.reader().view() as view:
        assert (view.version, view.digest) == (Version("L", 3), before.digest)
        assert len(list(view.records("services"))) == 40
    writer.mend()
    assert len(writer.incidents) == 1
    writer.close()


def test_a_reader_finds_the_generation_that_replaces_a_removed_directory(
    two_generations: Path, catalog: Catalog
) -> None:
    writer = CacheWriter.open(two_generations, catalog, durable=False)
    reader = writer.reader()
    shutil.rmtree(two_generations)
    writer.mend()

    assert reader.refresh()

    writer.apply(Version("L", 3), [])
    assert reader.position().version == Version("L", 3)
    reader.close()
    writer.close()


@pytest.mark.parametrize("harm", [truncate, empty, overwrite])
def test_a_file_that_is_spoiled_while_it_is_open_is_noticed(
    two_generations: Path, catalog: Catalog, harm: Callable[[Path], None]
) -> None:
    writer = CacheWriter.open(two_generations, catalog, durable=False)
    harm(two_generations / "gen-000003")

    with pytest.raises(CacheDamaged):
        writer.mend()

    writer.close()
    again = CacheWriter.open(two_generations, catalog, durable=False)
    assert again.position.version == Version("L", 1)
    assert len(again.incidents) == 1
    again.close()


def test_a_place_that_another_writer_has_taken_is_left_to_it(two_generations: Path, catalog: Catalog) -> None:
    writer = CacheWriter.open(two_generations, catalog, durable=False)
    shutil.rmtree(two_generations)
    other = CacheWriter.open(two_generations, catalog, durable=False)

    with pytest.raises(CacheBusy):
        writer.mend()

    assert len(list(two_generations.glob("gen-*"))) == 1
    other.close()
    writer.mend()
    with writer.reader().view() as view:
        assert view.version == Version("L", 2)
    with pytest.raises(CacheBusy):
        CacheWriter.open(two_generations, catalog, durable=False)
    writer.close()


def test_damage_that_a_write_finds_is_not_passed_over(two_generations: Path, catalog: Catalog) -> None:
    writer = CacheWriter.open(two_generations, catalog, durable=False)
    data = two_generations / "gen-000003" / "data.mdb"
    with data.open("r+b") as file:
        for place in range(2 * 4096, data.stat().st_size, 97):
            file.seek(place)
            file.write(b"\xff")

    with pytest.raises(CacheDamaged):
        writer.apply(Version("L", 3), [("services", "00000000-0000-4000-8000-000000000001", None)])

    with pytest.raises(CacheDamaged):
        writer.mend()
    writer.close()


def test_readers_do_without_the_pointer(two_generations: Path) -> None:
    lose_pointer(two_generations)

    with CacheReader.open(two_generations).view() as view:
        assert view.version == Version("L", 2)


def test_a_file_without_its_unused_last_pages_is_sound(tmp_path: Path, catalog: Catalog, fill: Fill) -> None:
    """LMDB counts pages that a transaction gave back without writing them; who wrote it may have died since."""
    writer = CacheWriter.open(tmp_path, catalog, durable=False)
    fill(writer, 1, 900)
    gone = [("services", f"00000000-0000-4000-8000-{number:012d}", None) for number in range(900)]
    for number in range(2, 8):  # the last ones move what is still in use to the front
        writer.apply(Version("L", number), gone if number == 2 else [])
    data = tmp_path / "gen-000002" / "data.mdb"
    writer.close()
    os.truncate(data, data.stat().st_size - 4 * 4096)
    with pytest.raises(CacheDamaged, match="cut short"):
        ensure_whole(data)

    again = CacheWriter.open(tmp_path, catalog)

    assert again.incidents == []
    assert again.position.version == Version("L", 7)
    ensure_whole(data)
    again.close()
