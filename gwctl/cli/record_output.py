"""Records on stdout as they come: a table for people, JSON, YAML, JSON lines or names for programs."""

from __future__ import annotations

import enum
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwctl.cli.options import Format
from gwctl.cli.output import harmless, show, table

if TYPE_CHECKING:
    from gwctl.schema import Field, Schema

_ROWS_MEASURED = 1000
_MOST_COLUMNS = 8
_LONGEST_CELL = 60
_TEXT_KINDS = frozenset({"string", "integer", "number", "boolean", "foreign"})

Record = Mapping[str, Any]


class RecordFormat(enum.StrEnum):
    """How records are shown. ``jsonl``: one JSON object per line; ``name``: one entity/name per line."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    JSONL = "jsonl"
    NAME = "name"


RecordOutput = Annotated[RecordFormat, typer.Option("-o", "--output", help="How to show the records.")]


def show_record(record: Record, schema: Schema, output: RecordFormat) -> None:
    """One record: all of it, in the chosen form."""
    if output is RecordFormat.JSONL:
        print(json.dumps(record))
    elif output is RecordFormat.NAME:
        print(_name(record, schema))
    else:
        show(record, Format(output.value))


def show_records(records: Iterable[Record], schema: Schema, output: RecordFormat) -> None:
    """Many records, printed while they are read."""
    for text in _FORMS[output](iter(records), schema):
        print(text)


def _table(records: Iterator[Record], schema: Schema) -> Iterator[str]:
    """Widths come from the first rows; a later, longer cell moves its line only."""
    columns = table_columns(schema)
    first = list(itertools.islice(records, _ROWS_MEASURED))
    if not first:
        yield f"no {schema.path}"
        return
    while first:
        yield table([_row(record) for record in first], columns)
        first = list(itertools.islice(records, _ROWS_MEASURED))
        if first:
            yield ""


def _row(record: Record) -> Record:
    return {name: _short(value) for name, value in record.items()}


def _short(value: Any) -> Any:
    """A reference is its id; a text of several lines (a certificate) or a long one is cut."""
    if isinstance(value, dict) and set(value) == {"id"}:
        return value["id"]
    if not isinstance(value, str):
        return value
    line = value.partition("\n")[0]
    return harmless(value if len(line) == len(value) <= _LONGEST_CELL else f"{line[: _LONGEST_CELL - 1]}…")


def table_columns(schema: Schema) -> Sequence[str]:
    """The fields a table has room for: what addresses a record first, never a secret, a time or a nested record."""
    from gwctl.client.kinds import shown_key

    key = shown_key(schema)
    wanted = [schema.primary_key, *([key] if key else ())]
    wanted += [name for name, field in schema.fields.items() if name not in wanted and _fits(name, field)]
    return wanted[:_MOST_COLUMNS]


def _fits(name: str, field: Field) -> bool:
    if field.auto or field.encrypted or field.referenceable:
        return False
    simple = field.elements is not None and field.elements.kind == "string"
    return field.kind in _TEXT_KINDS or simple


def _json(records: Iterator[Record], schema: Schema) -> Iterator[str]:
    before = "["
    for record in records:
        if before == "[":
            yield "["
        else:
            yield f"{before},"
        before = _indented(json.dumps(record, indent=2))
    yield "[]" if before == "[" else f"{before}\n]"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _yaml(records: Iterator[Record], schema: Schema) -> Iterator[str]:
    import yaml

    empty = True
    for record in records:
        empty = False
        yield str(yaml.safe_dump([record], sort_keys=False, allow_unicode=True)).rstrip("\n")
    if empty:
        yield "[]"


def _lines(records: Iterator[Record], schema: Schema) -> Iterator[str]:
    return (json.dumps(record) for record in records)


def _names(records: Iterator[Record], schema: Schema) -> Iterator[str]:
    return (_name(record, schema) for record in records)


def _name(record: Record, schema: Schema) -> str:
    from gwctl.client.kinds import name_of

    return f"{schema.path}/{name_of(schema, record)}"


_FORMS: Mapping[RecordFormat, Callable[[Iterator[Record], Any], Iterator[str]]] = {
    RecordFormat.TABLE: _table,
    RecordFormat.JSON: _json,
    RecordFormat.YAML: _yaml,
    RecordFormat.JSONL: _lines,
    RecordFormat.NAME: _names,
}
