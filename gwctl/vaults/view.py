"""Resolved: records as a worker needs them, with the values of secrets in the place of references."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from gwctl.kit.references import ReferenceProblem
from gwctl.kit.version import Version
from gwctl.vaults.fields import References
from gwctl.vaults.providers import Provider
from gwctl.vaults.secrets import Secrets

_log = logging.getLogger("gwctl.vaults")


class View(Protocol):
    """A consistent read of every record of one version."""

    @property
    def version(self) -> Version: ...

    def get(self, entity: str, key: str) -> dict[str, Any] | None: ...

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> dict[str, Any] | None: ...

    def records(self, entity: str) -> Iterator[dict[str, Any]]: ...

    def children(self, entity: str, field: str, parent: str) -> Iterator[dict[str, Any]]: ...

    def changed_since(self, earlier: Any) -> list[tuple[str, str]] | None: ...

    def close(self) -> None: ...


class Resolved:
    """``view`` with references resolved when a record is read; nothing of it is kept.

    A reference without a value becomes the empty string, and a warning names it once per view.
    """

    def __init__(self, view: View, references: References, providers: Mapping[str, Provider]) -> None:
        self._view = view
        self._references = references
        self._secrets = Secrets(providers, lambda prefix: view.find("vaults", "prefix", prefix))
        self._warned: set[str] = set()

    @property
    def version(self) -> Version:
        return self._view.version

    def get(self, entity: str, key: str) -> dict[str, Any] | None:
        return self._resolved(entity, self._view.get(entity, key))

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> dict[str, Any] | None:
        return self._resolved(entity, self._view.find(entity, field, value))

    def records(self, entity: str) -> Iterator[dict[str, Any]]:
        for record in self._view.records(entity):
            yield self._references.replaced(entity, record, self._value)

    def children(self, entity: str, field: str, parent: str) -> Iterator[dict[str, Any]]:
        for record in self._view.children(entity, field, parent):
            yield self._references.replaced(entity, record, self._value)

    def changed_since(self, earlier: Resolved) -> list[tuple[str, str]] | None:
        """(entity, primary key) of the records that differ from an ``earlier`` view; None when that is not known.

        Any record may hold a secret of a vault that changed.
        """
        changed = self._view.changed_since(earlier._view)
        if changed is None or any(entity == "vaults" for entity, _ in changed):
            return None
        return changed

    def check(self) -> Iterator[None]:
        """Read every secret of records that nobody may have asked for yet, one record a step, so that the log names the
        references without a value."""
        for entity in self._references.entities:
            for _ in self.records(entity):
                yield

    def close(self) -> None:
        self._view.close()

    def _resolved(self, entity: str, record: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if record is None else self._references.replaced(entity, record, self._value)

    def _value(self, reference: str) -> str:
        try:
            return self._secrets.resolve(reference)
        except ReferenceProblem as error:
            if reference not in self._warned:
                self._warned.add(reference)
                _log.warning("error updating secret reference %s: %s", reference, error)
            return ""
