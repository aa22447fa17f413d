"""Records as tables: which columns, what is cut, what is never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gwctl.cli.record_output import RecordFormat, show_record, show_records, table_columns
from gwctl.cli.remote import client_catalog
from gwctl.entities import Catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return client_catalog()


def test_a_table_has_what_addresses_a_record_first(catalog: Catalog) -> None:
    assert list(table_columns(catalog["services"]))[:3] == ["id", "name", "tags"]
    assert list(table_columns(catalog["consumers"]))[:2] == ["id", "username"]


def test_no_table_has_secrets_or_times(catalog: Catalog) -> None:
    for schema in catalog:
        columns = table_columns(schema)
        assert 1 <= len(columns) <= 8
        for name in columns[1:]:
            field = schema.fields[name]
            assert not field.encrypted, (schema.name, name)
            assert name not in ("created_at", "updated_at")


def test_long_cells_are_cut_and_references_are_ids(catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    record = {
        "id": "i",
        "name": "n" * 200,
        "service": {"id": "s"},
        "paths": ["/a", "/b"],
        "hosts": None,
    }
    show_records([record], catalog["routes"], RecordFormat.TABLE)
    line = capsys.readouterr().out.splitlines()[1]
    assert "n" * 59 + "…" in line
    assert "n" * 60 not in line
    assert "/a, /b" in line

    show_record({"id": "i", "cert": "-----BEGIN\nmore"}, catalog["certificates"], RecordFormat.JSONL)
    assert capsys.readouterr().out == '{"id": "i", "cert": "-----BEGIN\\nmore"}\n'


def test_lists_are_printed_while_they_are_read(catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    def records() -> Iterator[dict[str, str]]:
        yield {"id": "1", "name": "a"}
        yield {"id": "2", "name": "b"}
        raise KeyboardInterrupt

    for form in (RecordFormat.JSONL, RecordFormat.NAME):
        with pytest.raises(KeyboardInterrupt):
            show_records(records(), catalog["services"], form)
        assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_name_does_nothing_to_the_terminal(catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    show_records([{"id": "i", "username": "\x1b[2Jbob\x9b\x7f"}], catalog["consumers"], RecordFormat.TABLE)
    line = capsys.readouterr().out.splitlines()[1]
    assert line.isprintable()
    assert "bob" in line
