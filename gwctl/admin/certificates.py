"""Certificates with the names they are presented for: the pseudo-field ``snis`` (admin-api.md 1.6, 2.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwctl.admin.answers import Refusal
from gwctl.admin.ports import Reads, UnitOfWork
from gwctl.admin.records import Records, Values
from gwctl.kit.ids import is_uuid, new_uuid
from gwctl.schema import EntityError, RecordDict
from gwctl.store.paging import MAX_SIZE

_SNIS = "snis"


class CertificateRecords(Records):
    """A certificate is addressed by its id or by one of its names; every answer carries its names, sorted.

    A name is stored as a record of snis; within one request a name may not repeat nor belong to another certificate.
    """

    def get(self, reads: Reads, key: str) -> RecordDict | None:
        return super().get(reads, _required_id(reads, key))

    def insert(self, unit: UnitOfWork, values: Values) -> RecordDict:
        names = values.get(_SNIS)
        problems = self._problems(names)
        try:
            record = super().insert(unit, _without_names(values))
        except EntityError as error:
            raise _with_problems(error, problems) from None
        return self._named(unit, record, names or [], problems)

    def upsert(self, unit: UnitOfWork, key: str, values: Values) -> RecordDict:
        names = values.get(_SNIS)
        problems = self._problems(names)
        try:
            record = super().upsert(unit, _id(unit, key) or new_uuid(), _without_names(values))
        except EntityError as error:
            raise _with_problems(error, problems) from None
        wanted = names or []
        if not problems and not is_uuid(key) and key not in wanted:
            wanted = [*wanted, key]
        return self._named(unit, record, wanted, problems)

    def update(self, unit: UnitOfWork, key: str, values: Values) -> RecordDict:
        names = values.get(_SNIS)
        problems = self._problems(names)
        try:
            record = super().update(unit, _required_id(unit, key), _without_names(values))
        except EntityError as error:
            raise _with_problems(error, problems) from None
        if _SNIS not in values:
            return self.shown(unit, [record])[0]
        return self._named(unit, record, names or [], problems)

    def delete(self, unit: UnitOfWork, key: str) -> None:
        certificate_id = _required_id(unit, key)
        for sni in _snis_of(unit, certificate_id):
            unit.delete(_SNIS, sni["id"])
        super().delete(unit, certificate_id)

    def shown(self, reads: Reads, records: Sequence[RecordDict]) -> list[RecordDict]:
        return [{**record, _SNIS: sorted(sni["name"] for sni in _snis_of(reads, record["id"]))} for record in records]

    def _problems(self, names: Any) -> dict[str, Any]:
        """What is wrong with the names by themselves."""
        problems = self.schema.validate_given({_SNIS: names})
        if problems or not names:
            return problems
        repeated = next((name for index, name in enumerate(names) if name in names[:index]), None)
        return {} if repeated is None else {_SNIS: f"{repeated} is duplicated"}

    def _named(
        self, unit: UnitOfWork, record: RecordDict, names: Sequence[str], problems: dict[str, Any]
    ) -> RecordDict:
        """The certificate after its set of names became ``names``. Raises EntityError."""
        if problems:
            raise EntityError.schema_violation(problems)
        current = {sni["name"]: sni for sni in _snis_of(unit, record["id"])}
        for name in names:
            owner = None if name in current else unit.find(_SNIS, "name", name)
            if owner is not None:
                text = f"{name} already associated with existing certificate '{owner['certificate']['id']}'"
                raise EntityError.schema_violation({_SNIS: text})
        for name, sni in current.items():
            if name not in names:
                unit.delete(_SNIS, sni["id"])
        for name in names:
            if name not in current:
                unit.insert(_SNIS, {"name": name, "certificate": {"id": record["id"]}})
        return self.shown(unit, [record])[0]


def _id(reads: Reads, key: str) -> str | None:
    """The id of the certificate that ``key``, an id or a name, addresses."""
    if is_uuid(key):
        return key
    sni = reads.find(_SNIS, "name", key)
    return None if sni is None else str(sni["certificate"]["id"])


def _required_id(reads: Reads, key: str) -> str:
    found = _id(reads, key)
    if found is None:
        raise Refusal(404, "SNI not found")
    return found


def _snis_of(reads: Reads, certificate_id: str) -> list[RecordDict]:
    found: list[RecordDict] = []
    offset: str | None = None
    while True:
        page = reads.page(_SNIS, size=MAX_SIZE, offset=offset, where={"certificate": {"id": certificate_id}})
        found.extend(page.data)
        offset = page.offset
        if offset is None:
            return found


def _without_names(values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != _SNIS}


def _with_problems(error: EntityError, problems: dict[str, Any]) -> EntityError:
    """Violations of the record and of its names together."""
    if error.number != 2 or not problems:
        return error
    return EntityError.schema_violation({**(error.fields or {}), **problems})
