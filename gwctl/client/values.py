"""Values of fields as words of a command line: ``field=text``, ``field:=json`` and ``field=@file``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

import orjson

from gwctl.client.kinds import USAGE, is_uuid
from gwctl.declarative import DeclarativeError
from gwctl.declarative.source import read_source
from gwctl.entities import Catalog
from gwctl.kit.errors import GwctlError
from gwctl.kit.suggest import closest
from gwctl.schema import Schema

_WORD = re.compile(r"(?P<name>[^=]+?)(?P<kind>:=|=)(?P<value>.*)", re.DOTALL)
ReadText = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Values:
    """``texts`` are typed by the schema, as those of a form; ``typed`` are what they are; ``base`` is under both."""

    texts: tuple[tuple[str, str], ...] = ()
    typed: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.texts or self.typed or self.base)

    @property
    def only_texts(self) -> bool:
        return bool(self.texts) and not self.typed and not self.base

    def form(self) -> bytes:
        """The texts as a urlencoded form: the control plane types them by its own schemas."""
        return urlencode(self.texts).encode()

    def decoded(self, schema: Schema, variant: Any = None) -> dict[str, Any]:
        """Everything as JSON values; ``variant`` is the stored value of the field that chooses the variant."""
        if schema.variants is not None and variant is None:
            variant = self.typed.get(schema.variants.key, self.base.get(schema.variants.key))
        values = {**self.base, **(schema.decode_form(self.texts, key=variant) if self.texts else {})}
        for name, value in self.typed.items():
            _put(values, name.split("."), value)
        return values


def read_text(path: str) -> str:
    """The text of a file. Raises GwctlError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise GwctlError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GwctlError(f"cannot read {path}: it is not UTF-8 text") from error


def parse_values(words: Sequence[str], schema: Schema, catalog: Catalog, read: ReadText = read_text) -> Values:
    """Raises GwctlError (2) for a word that is no ``field=value`` or names no field of ``schema``."""
    texts: list[tuple[str, str]] = []
    typed: dict[str, Any] = {}
    for word in words:
        found = _WORD.fullmatch(word)
        if found is None:
            raise GwctlError(
                f"'{word}' is no value of a field",
                hint="write field=text, field:=json or field=@file",
                exit_code=USAGE,
            )
        name, value = found["name"], found["value"]
        _require_field(schema, name)
        if found["kind"] == ":=":
            typed[name] = _json(name, value)
        else:
            texts.append((_reference_name(schema, catalog, name, value), _text(value, read)))
    return Values(tuple(texts), typed)


def with_file(values: Values, path: str, stdin: BinaryIO) -> Values:
    """The fields in a file (an object as YAML or JSON; ``-`` is ``stdin``) under those that were told as words.

    Raises GwctlError naming the place of what cannot be read.
    """
    name = None if path == "-" else path
    try:
        data = stdin.read() if name is None else Path(path).read_bytes()
        document = read_source(data, name).document
    except OSError as error:
        raise GwctlError(f"cannot read {path}: {error.strerror or error}") from error
    except DeclarativeError as error:
        raise GwctlError("; ".join(str(place) for place in error.places)) from error
    if not isinstance(document, dict):
        raise GwctlError(f"{path} holds no object of fields")
    return Values(values.texts, values.typed, document)


def _text(value: str, read: ReadText) -> str:
    if value.startswith("@@"):
        return value[1:]
    return read(value[1:]) if value.startswith("@") else value


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise GwctlError(f"the value of '{name}' is no JSON: {error}", exit_code=USAGE) from None


def _require_field(schema: Schema, name: str) -> None:
    top = re.split(r"[.\[]", name, maxsplit=1)[0]
    known = {*schema.fields, *schema.virtual, *schema.shorthands, "ttl"}
    if top not in known:
        raise GwctlError(
            f"{schema.path} have no field '{top}'",
            hint=suggestion(schema, top) or f"fields: {', '.join(sorted(known - {'ttl'}))}",
            exit_code=USAGE,
        )


def suggestion(schema: Schema, name: str) -> str | None:
    """Which field of ``schema`` somebody may have meant."""
    near = closest(name, (*schema.fields, *schema.virtual, *schema.shorthands))
    return f"did you mean '{near}'?" if near else None


def _reference_name(schema: Schema, catalog: Catalog, name: str, value: str) -> str:
    """``service=a`` means the service with this name, or with this id."""
    foreign = schema.foreign.get(name)
    if foreign is None or not value:
        return name
    parent = catalog[foreign.reference]
    by = parent.primary_key if is_uuid(value) or parent.endpoint_key is None else parent.endpoint_key
    return f"{name}.{by}"


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for step in path[:-1]:
        below = values.get(step)
        if not isinstance(below, dict):
            below = values[step] = {}
        values = below
    values[path[-1]] = value
