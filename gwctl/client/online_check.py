"""Judging records by the schemas of a running control plane, and finding what a file refers to in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from gwctl.client.admin_client import AdminClient
from gwctl.client.errors import AdminError
from gwctl.declarative import Declared
from gwctl.declarative.errors import Path
from gwctl.declarative.report import leaves
from gwctl.entities import Catalog
from gwctl.schema import RecordDict

_NOT_FOUND = 404
_REFUSED = 400
_NEVER_ASKED = frozenset({"parameters", "workspaces"})


class OnlineCheck:
    """One control plane as a judge. Every method raises AdminError when it cannot be asked."""

    def __init__(self, client: AdminClient, catalog: Catalog) -> None:
        self._client = client
        self._catalog = catalog
        self._found: dict[tuple[str, str], str | None] = {}

    def outside(self, entity: str, field: str, value: str) -> str | None:
        """The id of the record of ``entity`` that ``value`` (id or name) means there; None when there is none."""
        key = (entity, value)
        if key not in self._found:
            self._found[key] = self._ask(self._catalog[entity].path, value)
        return self._found[key]

    def faults(self, declared: Declared) -> Iterator[tuple[Path, str]]:
        """What the control plane would refuse, with its place in the document."""
        for entity, record in declared:
            if entity not in _NEVER_ASKED:
                place = declared.paths.get((entity, self._catalog[entity].key_of(record)), (entity,))
                yield from self._judged(entity, record, place)

    def _judged(self, entity: str, record: RecordDict, place: Path) -> Iterable[tuple[Path, str]]:
        try:
            self._client.post(f"/schemas/{entity}/validate", {k: v for k, v in record.items() if v is not None})
        except AdminError as error:
            if error.status == _NOT_FOUND:
                return [(place, f"the control plane has no entity '{entity}'")]
            if error.status != _REFUSED or not isinstance(error.body, Mapping):
                raise
            fields: Any = error.body.get("fields")
            return list(leaves(place, fields)) if fields else [(place, error.message)]
        return []

    def _ask(self, path: str, value: str) -> str | None:
        try:
            return str(self._client.get(f"/{path}/{quote(value, safe='')}")["id"])
        except AdminError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
