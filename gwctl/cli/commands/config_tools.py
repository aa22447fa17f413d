"""``gwctl config validate|schema|convert``: files judged, described and made without touching a gateway."""

from __future__ import annotations

import enum
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwctl.cli.remote import Remote, remote
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.client.state_files import State
    from gwctl.declarative import Declared
    from gwctl.declarative.errors import Path
    from gwctl.entities import Catalog


class FileFormat(enum.StrEnum):
    """How a file is written."""

    YAML = "yaml"
    JSON = "json"


FileNames = Annotated[
    list[str], typer.Argument(metavar="FILE…", help="Declarative or decK files, directories of them, or - (stdin).")
]
OneFile = Annotated[
    str, typer.Argument(metavar="FILE", help="OpenAPI 3, or an older declarative or decK file; - reads stdin.")
]
Online = Annotated[
    bool, typer.Option("--online", help="Also ask a running control plane about each record.", show_default=False)
]
Deck = Annotated[bool, typer.Option("--deck", help="With decK's keys: _info, _plugin_configs, …", show_default=False)]
FormatOption = Annotated[FileFormat, typer.Option("--format", help="YAML or JSON.")]
OutputFile = Annotated[
    str | None, typer.Option("--output-file", metavar="FILE", help="A new file to write  [default: stdout]")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="Put it on everything; may be repeated.")]
Server = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="The application, where the document names no host.")
]


@remote
def validate(*, files: FileNames, online: Online = False, remote: Remote) -> None:
    """Check files as strictly as possible.

    Also decK files, and names that stand twice. Needs no control plane, except with --online.
    """
    from gwctl.client.state_files import read_state
    from gwctl.declarative import DeclarativeError

    state = read_state(files, os.environ, sys.stdin.buffer)
    catalog = _catalog()
    try:
        declared, faults = _judged(state, catalog, remote if online else None)
    except DeclarativeError as error:
        raise _refusal([*state.file.warnings, *(str(place) for place in error.places)]) from error
    if faults or state.file.warnings:
        raise _refusal([*state.file.warnings, *faults])
    for warning in declared.warnings:
        print(f"[warn] {warning}", file=sys.stderr)
    print(f"valid: {len(declared)} records")


def schema(*, deck: Deck = False) -> None:
    """Print the JSON Schema of declarative files.

    Editors check and complete files with it.
    """
    import orjson

    from gwctl.declarative.jsonschema import document_schema

    sys.stdout.write(orjson.dumps(document_schema(_catalog(), deck=deck), option=orjson.OPT_INDENT_2).decode() + "\n")


def convert(
    file: OneFile,
    output_file: OutputFile = None,
    format: FormatOption = FileFormat.YAML,
    tag: Tags = None,
    server: Server = None,
) -> None:
    """Make a declarative file of format 3.0.

    From OpenAPI 3 (a route per operation), or from a file of an older format, whose comments get lost.
    """
    document, notes = _converted(file, tag or (), server)
    for note in notes:
        print(f"[info] {note}", file=sys.stderr)
    text = _text(document, format)
    if output_file is None:
        sys.stdout.write(text)
        return
    from gwctl.declarative.files import create

    create(output_file, [text], f"{output_file} already exists. Will not overwrite it.")


def _catalog() -> Catalog:
    """Every entity and every bundled plugin."""
    from gwctl.entities.catalog import node_catalog
    from gwctl.plugins.bundled import bundled_schemas

    return node_catalog(bundled_schemas().values())


def _judged(state: State, catalog: Catalog, remote: Remote | None) -> tuple[Declared, list[str]]:
    from gwctl.client.online_check import OnlineCheck
    from gwctl.declarative import load_values

    document, locate, tags = state.file.document, state.file.locate, state.file.select_tags
    if remote is None:
        return load_values(document, catalog=catalog, now=time.time(), select_tags=tags, locate=locate), []
    check = OnlineCheck(remote.client(), catalog)
    declared = load_values(
        document, catalog=catalog, now=time.time(), select_tags=tags, outside=check.outside, locate=locate, paths=True
    )
    return declared, _placed(state, check.faults(declared))


def _placed(state: State, faults: Iterable[tuple[Path, str]]) -> list[str]:
    from gwctl.declarative.errors import faults_error

    found = list(faults)
    return [str(place) for place in faults_error(found, file=None, locate=state.file.locate).places] if found else []


def _refusal(lines: list[str]) -> GwctlError:
    count = len(lines)
    refusal = GwctlError(f"{count} mistake{'' if count == 1 else 's'} in the configuration")
    refusal.details = tuple(lines)
    return refusal


def _converted(file: str, tags: Iterable[str], server: str | None) -> tuple[dict[str, Any], list[str]]:
    from gwctl.declarative import DeclarativeError
    from gwctl.declarative.files import name_of, read_bytes
    from gwctl.declarative.modernize import modernize
    from gwctl.declarative.openapi import convert_openapi, is_openapi
    from gwctl.declarative.source import read_source

    try:
        document = read_source(read_bytes(file), name_of(file)).document
    except DeclarativeError as error:
        raise _refusal([str(place) for place in error.places]) from error
    if not isinstance(document, dict):
        raise GwctlError(f"{file}: expected an object")
    if is_openapi(document):
        return convert_openapi(document, tags=list(tags), server=server), []
    done = modernize(document, _catalog())
    return done.document, done.notes


def _text(document: dict[str, Any], format: FileFormat) -> str:
    if format is FileFormat.JSON:
        import orjson

        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
    from gwctl.declarative.yaml_out import emit

    return "".join(f"{line}\n" for line in emit(document))


COMMANDS: tuple[Callable[..., object], ...] = (validate, schema, convert)
