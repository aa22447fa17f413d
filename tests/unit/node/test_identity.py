from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gwctl.kit.ids import is_uuid
from gwctl.node import identity
from gwctl.node.prefix import PrefixDirectory
from tests.unit.node.doubles import settings

UUID = "0A0b0c0d-0000-4000-8000-000000000001"


@pytest.fixture
def prefix(tmp_path: Path) -> PrefixDirectory:
    directory = PrefixDirectory(tmp_path / "node")
    directory.create(lambda _: None)
    return directory


def test_the_setting_comes_first(prefix: PrefixDirectory) -> None:
    prefix.identity.write_text(UUID)
    chosen = "22222222-2222-4222-8222-222222222222"
    assert identity.node_id(settings(prefix.path, node_id=chosen), prefix) == chosen


def test_a_data_plane_keeps_the_one_it_made(prefix: PrefixDirectory) -> None:
    made = identity.node_id(settings(prefix.path), prefix)
    assert is_uuid(made)
    assert prefix.identity.read_text() == made
    assert identity.node_id(settings(prefix.path), prefix) == made


def test_text_that_is_no_uuid_is_replaced(prefix: PrefixDirectory, caplog: pytest.LogCaptureFixture) -> None:
    prefix.identity.write_text("nonsense")
    with caplog.at_level(logging.DEBUG, "gwctl.node"):
        made = identity.node_id(settings(prefix.path), prefix)
    assert prefix.identity.read_text() == made
    assert f"file {prefix.identity} contains invalid uuid: nonsense" in caplog.text
    assert f"persisting node_id ({made}) to {prefix.identity}" in caplog.text


def test_one_that_cannot_be_kept_is_for_this_start(prefix: PrefixDirectory, caplog: pytest.LogCaptureFixture) -> None:
    prefix.identity.mkdir()
    first = identity.node_id(settings(prefix.path), prefix)
    assert is_uuid(first)
    assert identity.node_id(settings(prefix.path), prefix) != first
    assert "failed to restore node_id from the filesystem" in caplog.text
    assert "cannot keep node_id" in caplog.text


def test_other_roles_are_new_each_time(prefix: PrefixDirectory) -> None:
    one = identity.node_id(settings(prefix.path, "traditional"), prefix)
    assert one != identity.node_id(settings(prefix.path, "traditional"), prefix)
    assert not prefix.identity.exists()
