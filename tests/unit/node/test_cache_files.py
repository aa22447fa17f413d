from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from gwctl.cache import CacheBusy, CacheWriter
from gwctl.node import cache_files
from gwctl.node.cache_files import cache_place, map_size, open_writer
from tests.unit.node.doubles import settings


def test_a_cache_that_is_being_closed_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "POLL_SECONDS", 0.001)
    attempts: list[int] = []
    writer = cast(CacheWriter, object())

    def make() -> CacheWriter:
        attempts.append(1)
        if len(attempts) < 4:
            raise CacheBusy("still there")
        return writer

    assert asyncio.run(open_writer(make)) is writer
    assert len(attempts) == 4


def test_one_that_stays_busy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(cache_files, "PATIENCE_SECONDS", 0.02)

    def make() -> Any:
        raise CacheBusy("still there")

    with pytest.raises(CacheBusy):
        asyncio.run(open_writer(make))


def test_place_and_size_of_the_cache_are_settings(tmp_path: Path) -> None:
    usual = settings(tmp_path, "data_plane")
    assert (cache_place(usual), map_size(usual)) == (usual.prefix / "dbless.lmdb", 2048 << 20)

    chosen = settings(tmp_path, "data_plane", lmdb_environment_path="deep/cache", lmdb_map_size="64m")
    assert (cache_place(chosen), map_size(chosen)) == (chosen.prefix / "deep" / "cache", 64 << 20)

    elsewhere = settings(tmp_path, "data_plane", lmdb_environment_path="/mnt/cache")
    assert cache_place(elsewhere) == Path("/mnt/cache")
