"""How a body becomes a document, and what is answered about it before the cache is touched."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.node import preparing
from gwctl.node.loads import LoadDirectory, Request, declared_request, sweep
from gwctl.node.merge import lines
from gwctl.node.prepare import ACCEPTED, REFUSED, UNCHANGED, Prepared, prepare
from gwctl.node.preparing import NotPrepared, prepared
from gwctl.settings import Settings
from tests.tools.stores import catalog

__all__ = ["catalog"]
TEXT = "_format_version: '3.0'\nservices:\n- name: a\n  host: a.test\n"
OBJECT = {"_format_version": "3.0", "services": [{"name": "a", "host": "a.test"}]}


@pytest.fixture
def place(tmp_path: Path) -> LoadDirectory:
    return LoadDirectory.create(tmp_path)


def told(place: LoadDirectory, catalog: Catalog, body: bytes | str, syntax: str = "text", **more: Any) -> Prepared:
    place.body.write_bytes(body.encode() if isinstance(body, str) else body)
    current = more.pop("current", "")
    request = Request(str(place.body), syntax, answered=True, **more)
    return prepare(place, request, catalog, now=1_800_000_000.0, current=current)


@pytest.mark.parametrize(
    ("body", "syntax"),
    [
        (TEXT, "text"),
        (json.dumps(OBJECT), "json"),
        (json.dumps({"config": TEXT}), "json"),
        (json.dumps({"config": OBJECT}), "json"),
        (json.dumps({"config": json.dumps(OBJECT)}), "json"),
        (json.dumps({**OBJECT, "check_hash": 1, "flatten_errors": True}), "json"),
        (TEXT, "json"),
        ("config=" + TEXT.replace("\n", "%0A").replace(" ", "+"), "form"),
    ],
)
def test_a_document_is_found_wherever_it_is(place: LoadDirectory, catalog: Catalog, body: str, syntax: str) -> None:
    outcome = told(place, catalog, body, syntax)

    assert outcome.status == ACCEPTED
    assert [(entity, record["name"]) for entity, record in lines(place.records)] == [("services", "a")]
    assert len(outcome.label) == 32


@pytest.mark.parametrize(
    ("body", "syntax"),
    [("", "text"), (" \n", "text"), ("{}", "json"), ('{"check_hash": true}', "json"), ("a=b", "form"), ("", "form")],
)
def test_no_document_is_told_so(place: LoadDirectory, catalog: Catalog, body: str, syntax: str) -> None:
    assert told(place, catalog, body, syntax) == Prepared(REFUSED, message="expected a declarative configuration")


def test_the_hash_is_compared_before_anything_is_read(place: LoadDirectory, catalog: Catalog) -> None:
    label = told(place, catalog, TEXT).label

    assert told(place, catalog, TEXT, check_hash=True, current=label).status == UNCHANGED
    assert told(place, catalog, "﻿" + TEXT, check_hash=True, current=label).status == UNCHANGED
    assert told(place, catalog, TEXT + "#", check_hash=True, current=label).status == ACCEPTED
    assert told(place, catalog, TEXT, current=label).status == ACCEPTED
    assert (
        told(place, catalog, json.dumps({"config": TEXT, "check_hash": "1"}), "json", current=label).status == UNCHANGED
    )


def test_errors_are_a_body_and_lines(place: LoadDirectory, catalog: Catalog) -> None:
    outcome = told(place, catalog, "_format_version: '3.0'\nservices:\n- port: -1\n")
    assert outcome.status == REFUSED
    assert json.loads(place.answer.read_bytes())["code"] == 14
    assert outcome.tree[0].strip() == "in 'services':"

    told(place, catalog, "_format_version: '3.0'\nservices:\n- port: -1\n", flatten_errors=True)
    assert len(json.loads(place.answer.read_bytes())["flattened_errors"]) == 1


def test_too_many_arguments(place: LoadDirectory, catalog: Catalog) -> None:
    assert told(place, catalog, "a=b&" * 1001, "form").message == "Too many arguments"


def test_a_large_document_is_read_by_a_process_of_its_own(
    place: LoadDirectory, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "SMALL_BYTES", 10)
    place.body.write_text(TEXT)
    settings = Settings.load(environ={"GWCTL_DATABASE": "off"})

    outcome = asyncio.run(prepared(place, Request(str(place.body)), settings, catalog, now=1_800_000_000.0, current=""))

    assert outcome.status == ACCEPTED
    assert [record["name"] for _, record in lines(place.records)] == ["a"]


def test_a_process_that_dies_is_no_fault_of_the_document(
    place: LoadDirectory, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "SMALL_BYTES", 10)
    place.body.write_text(TEXT)
    settings = Settings.load(environ={"GWCTL_DATABASE": "off", "GWCTL_PLUGINS": "bundled"})
    monkeypatch.setattr(preparing.pickle, "dumps", lambda value: b"not a pickle")

    with pytest.raises(NotPrepared, match="ended with code 1"):
        asyncio.run(prepared(place, Request(str(place.body)), settings, catalog, now=1.0, current=""))


def test_a_file_that_is_away_is_named(place: LoadDirectory, catalog: Catalog) -> None:
    settings = Settings.load(environ={})

    with pytest.raises(NotPrepared, match=r"nowhere\.yml: No such file"):
        asyncio.run(prepared(place, Request("/nowhere.yml"), settings, catalog, now=1.0, current=""))


def test_the_settings_name_a_document(tmp_path: Path, place: LoadDirectory) -> None:
    def request(**environ: str) -> Request | None:
        return declared_request(Settings.load(environ={"GWCTL_PREFIX": str(tmp_path), **environ}), place)

    assert request() is None
    found = request(GWCTL_DECLARATIVE_CONFIG="/a/kong.json")
    assert found == Request("/a/kong.json", name="/a/kong.json")
    found = request(GWCTL_DECLARATIVE_CONFIG=str(tmp_path / "stdin.kong"))
    assert found is not None
    assert found.name == "-"
    found = request(GWCTL_DECLARATIVE_CONFIG_STRING=TEXT)
    assert found is not None
    assert Path(found.source).read_text() == TEXT.strip()


def test_what_a_crash_left_is_removed(tmp_path: Path, place: LoadDirectory) -> None:
    place.body.write_text(TEXT)
    place.write_request(Request("x", check_hash=True))
    assert place.read_request() == Request("x", check_hash=True)
    assert place.path.stat().st_mode & 0o777 == 0o700

    sweep(tmp_path)

    assert not place.path.exists()
    place.close()
