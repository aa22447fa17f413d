"""Records that have ended are not served, though they stay in the cache until the control plane deletes them."""

from __future__ import annotations

from pathlib import Path

from gwctl.cache import CacheReader, CacheWriter
from gwctl.entities import Catalog
from gwctl.kit.version import Version
from tests.tools.memory_feed import make_record
from tests.tools.stores import ManualClock

CONSUMER = "00000000-0000-4000-8000-000000000001"
CREDENTIAL = "00000000-0000-4000-8000-000000000002"


def test_a_credential_that_has_ended_is_found_no_more(tmp_path: Path, catalog: Catalog) -> None:
    clock = ManualClock(1_800_000_000.0)
    writer = CacheWriter.open(tmp_path / "c", catalog, durable=False)
    generation = writer.begin_generation()
    generation.put("consumers", make_record(catalog, "consumers", id=CONSUMER, username="u"))
    credential = make_record(catalog, "keyauth_credentials", id=CREDENTIAL, key="k", consumer={"id": CONSUMER})
    credential["ttl"] = 1_800_000_010
    generation.put("keyauth_credentials", credential)
    generation.commit(Version("L", 1))
    writer.close()
    reader = CacheReader.open(tmp_path / "c", clock)
    with reader.view() as view:
        assert view.find("keyauth_credentials", "key", "k") == credential
        assert list(view.children("keyauth_credentials", "consumer", CONSUMER)) == [credential]
        position = view.position
        clock.time += 10
        assert view.find("keyauth_credentials", "key", "k") is None
        assert list(view.children("keyauth_credentials", "consumer", CONSUMER)) == []
        assert view.find("consumers", "username", "u") is not None
        assert view.get("keyauth_credentials", CREDENTIAL) == credential
        assert view.position == position
    reader.close()
