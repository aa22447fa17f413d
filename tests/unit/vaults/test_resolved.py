"""Secrets by provider and vault entity, and records read with their values (plugins-transform-observe.md 8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.kit.version import NO_VERSION, Version
from gwctl.vaults import ReferenceProblem, References, Resolved, Secrets, providers_of

ENVIRON = {
    "CERT": "pem one",
    "TEAM_CERT": "pem of the team",
    "DOC": '{"user": "u1"}',
    "REDIS": "s3cret",
}
TEAM = {"id": "v1", "prefix": "team-env", "name": "env", "config": {"prefix": "team_"}}


class Records:
    def __init__(self, **records: list[dict[str, Any]]) -> None:
        self._records = records
        self.closed = False
        self.changed: list[tuple[str, str]] | None = None

    @property
    def version(self) -> Version:
        return NO_VERSION

    def get(self, entity: str, key: str) -> dict[str, Any] | None:
        return next((record for record in self.records(entity) if record["id"] == key), None)

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> dict[str, Any] | None:
        return next((record for record in self.records(entity) if record[str(field)] == value), None)

    def records(self, entity: str) -> Iterator[dict[str, Any]]:
        yield from self._records.get(entity, [])

    def changed_since(self, earlier: Records) -> list[tuple[str, str]] | None:
        return self.changed

    def close(self) -> None:
        self.closed = True

    def children(self, entity: str, field: str, parent: str) -> Iterator[dict[str, Any]]:
        return (record for record in self.records(entity) if record[field] == {"id": parent})


def resolved(catalog: Catalog, records: Records) -> Resolved:
    return Resolved(records, References(catalog, catalog.plugins.get), providers_of(["env"], ENVIRON, ""))


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(providers_of(["bundled"], ENVIRON, ""), {"team-env": TEAM}.get)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{vault://env/cert}", "pem one"),
        ("{vault://env/doc/user}", "u1"),
        ("{vault://team-env/cert}", "pem of the team"),
        ("{vault://env/cert?prefix=team-}", "pem of the team"),
        ("{vault://team-env/cert?prefix=}", "pem one"),
    ],
)
def test_values(secrets: Secrets, text: str, value: str) -> None:
    assert secrets.resolve(text) == value


@pytest.mark.parametrize("name", ["none", "hcv"])
def test_unknown_vaults(secrets: Secrets, name: str) -> None:
    with pytest.raises(ReferenceProblem, match=rf"could not find vault \({name}\)"):
        secrets.resolve(f"{{vault://{name}/cert}}")


def test_vaults_that_are_switched_off_are_not_found() -> None:
    off = Secrets(providers_of(["off"], ENVIRON, ""), {"team-env": TEAM}.get)

    for name in ("env", "team-env"):
        with pytest.raises(ReferenceProblem, match="could not find vault"):
            off.resolve(f"{{vault://{name}/cert}}")


class TestRecords:
    def test_a_record_is_read_with_the_values(self, catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
        stored = {"id": "c1", "cert": "{vault://team-env/cert}", "key": "{vault://env/cert}", "tags": None}
        records = Records(certificates=[stored], vaults=[TEAM])
        view = resolved(catalog, records)

        expected = {**stored, "cert": "pem of the team", "key": "pem one"}
        assert list(view.records("certificates")) == [expected]
        assert view.get("certificates", "c1") == view.find("certificates", "id", "c1") == expected
        assert stored["cert"] == "{vault://team-env/cert}", "what is stored keeps the reference"
        assert caplog.text == ""
        view.close()
        assert records.closed

    def test_a_record_without_references_is_not_copied(self, catalog: Catalog) -> None:
        service = {"id": "s1", "name": "{vault://env/cert}", "host": "a", "path": None}
        view = resolved(catalog, Records(services=[service]))

        assert next(iter(view.records("services"))) is service, "names are no secrets"

    def test_what_has_no_value_is_empty_and_warned_about_once(
        self, catalog: Catalog, caplog: pytest.LogCaptureFixture
    ) -> None:
        stored = {"id": "c1", "cert": "{vault://env/nothing}", "key": "{vault://env/nothing}"}
        view = resolved(catalog, Records(certificates=[stored]))

        assert list(view.records("certificates")) == [{"id": "c1", "cert": "", "key": ""}]
        assert [record.getMessage() for record in caplog.records] == [
            "error updating secret reference {vault://env/nothing}: "
            "could not get value from external vault (no value found)"
        ]

    def test_a_check_reads_what_nobody_asked_for(self, catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
        view = resolved(catalog, Records(certificates=[{"id": "c1", "cert": "{vault://env/nothing}", "key": "k"}]))

        assert len(list(view.check())) == 1
        assert "error updating secret reference {vault://env/nothing}" in caplog.text

    def test_configurations_of_plugins(self, catalog: Catalog) -> None:
        config = {"policy": "redis", "redis": {"password": "{vault://env/redis}", "host": "r.test"}, "minute": 5}
        plugin = {"id": "p1", "name": "rate-limiting", "config": config}
        header = {"id": "p2", "name": "http-log", "config": {"headers": {"authorization": "{vault://env/redis}"}}}
        unknown = {"id": "p3", "name": "no-such", "config": {"password": "{vault://env/redis}"}}
        view = Resolved(
            Records(plugins=[plugin, header, unknown]),
            References(catalog, catalog.plugins.get),
            providers_of(["env"], ENVIRON, ""),
        )

        read = {record["id"]: record["config"] for record in view.records("plugins")}
        assert read == {
            "p1": {**config, "redis": {"password": "s3cret", "host": "r.test"}},
            "p2": {"headers": {"authorization": "s3cret"}},
            "p3": {"password": "{vault://env/redis}"},
        }


@pytest.mark.parametrize(
    ("changed", "told"),
    [(None, None), ([("routes", "r")], [("routes", "r")]), ([("routes", "r"), ("vaults", "v")], None)],
)
def test_any_record_may_have_changed_with_a_vault(
    catalog: Catalog, changed: list[tuple[str, str]] | None, told: list[tuple[str, str]] | None
) -> None:
    records = Records()
    records.changed = changed

    assert resolved(catalog, records).changed_since(resolved(catalog, Records())) == told
