"""``gwctl get|create|update|delete``: the records of any entity of a running control plane."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwctl.cli.entity_words import EntityWords, read_words
from gwctl.cli.record_output import RecordFormat, RecordOutput, show_record, show_records
from gwctl.cli.remote import Remote, client_catalog, remote
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.client.kinds import Kinds
    from gwctl.client.records import RecordsClient
    from gwctl.client.values import Values
    from gwctl.entities import Catalog

Context = typer.Context
Words = Annotated[
    list[str] | None, typer.Argument(metavar="ENTITY [KEY]", help="A kind of record, and which one: its name or id.")
]
WordsWithValues = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ENTITY [KEY] FIELD=VALUE…",
        help="A kind of record, which one, and fields: name=text, name:=json, name=@file.",
    ),
]
Parents = Annotated[
    list[str] | None,
    typer.Option("--parent", metavar="FIELD=KEY", help="The record it belongs to; --consumer bob says the same."),
]
SelectTags = Annotated[
    list[str] | None, typer.Option("--select-tag", metavar="TAG", help="Only with this tag; several must all be there.")
]
File = Annotated[
    str | None, typer.Option("-f", "--file", metavar="FILE", help="Fields as YAML or JSON; - is standard input.")
]
IfExists = Annotated[bool, typer.Option("--if-exists", help="One that is not there is no failure.")]

ENTITY_CONTEXT: Mapping[str, Any] = {"ignore_unknown_options": True}
"""Parents are options named after foreign fields (``--consumer bob``), which only the catalog knows."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """One command's words and what they are asked of."""

    catalog: Catalog
    kinds: Kinds
    words: EntityWords
    records: RecordsClient


def _ask(context: Context, words: list[str] | None, parents: list[str] | None, remote: Remote) -> _Ask:
    from gwctl.client.kinds import Kinds
    from gwctl.client.records import RecordsClient

    catalog = client_catalog()
    kinds = Kinds(catalog)
    read = read_words(words or (), parents or (), kinds, context)
    return _Ask(catalog, kinds, read, RecordsClient(remote.client(), kinds))


@remote
def get(
    *,
    context: Context,
    words: Words = None,
    parent: Parents = None,
    select_tag: SelectTags = None,
    output: RecordOutput = RecordFormat.TABLE,
    remote: Remote,
) -> None:
    """Show records of a control plane.

    All of a kind, those of a parent, or one by its name or id.
    """
    ask = _ask(context, words, parent, remote)
    schema, parents = ask.words.schema, ask.words.parents
    key = ask.words.key(optional=True)
    if key is not None:
        show_record(ask.records.get(schema, key, parents), schema, output)
    else:
        show_records(ask.records.list(schema, parents, select_tag or ()), schema, output)


@remote
def create(
    *,
    context: Context,
    words: WordsWithValues = None,
    parent: Parents = None,
    file: File = None,
    output: RecordOutput = RecordFormat.TABLE,
    remote: Remote,
) -> None:
    """Create a record.

    Shows what the control plane made of it, generated fields among them.
    """
    ask = _ask(context, words, parent, remote)
    values = _values(ask, ask.words.rest, file)
    show_record(ask.records.create(ask.words.schema, values, ask.words.parents), ask.words.schema, output)


@remote
def update(
    *,
    context: Context,
    words: WordsWithValues = None,
    parent: Parents = None,
    file: File = None,
    output: RecordOutput = RecordFormat.TABLE,
    remote: Remote,
) -> None:
    """Change fields of a record.

    Fields that are not named stay; an empty text clears one.
    """
    ask = _ask(context, words, parent, remote)
    key, told = ask.words.key_and_values()
    values = _values(ask, told, file)
    if not values:
        raise GwctlError("nothing to change", hint="name fields as field=value, or a file with -f", exit_code=2)
    show_record(ask.records.update(ask.words.schema, key, values, ask.words.parents), ask.words.schema, output)


@remote
def delete(
    *,
    context: Context,
    words: Words = None,
    parent: Parents = None,
    if_exists: IfExists = False,
    remote: Remote,
) -> None:
    """Delete one record by its name or id.

    What belongs to it goes too where the reference says so (credentials of a consumer).
    """
    from gwctl.client import AdminError
    from gwctl.client.kinds import name_of

    ask = _ask(context, words, parent, remote)
    schema, key = ask.words.schema, ask.words.key()
    assert key is not None  # noqa: S101 (key() has raised)
    try:
        record = ask.records.delete(schema, key, ask.words.parents)
    except AdminError as error:
        if not if_exists or error.status != 404:
            raise
        print(f"{schema.path}/{key} is not there", file=sys.stderr)
    else:
        print(f"{schema.path}/{name_of(schema, record)} deleted")


def _values(ask: _Ask, told: tuple[str, ...], file: str | None) -> Values:
    from gwctl.client.values import parse_values, with_file

    values = parse_values(told, ask.words.schema, ask.catalog)
    return values if file is None else with_file(values, file, sys.stdin.buffer)


COMMANDS: tuple[Callable[..., object], ...] = (get, create, update, delete)
