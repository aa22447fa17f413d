"""What the Admin API needs from the database; `gwctl.store` implements it, `gwctl.node` wires it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from gwctl.kit.version import Version
from gwctl.schema import RecordDict


class Page(Protocol):
    """``data`` in the order of the primary key; ``offset`` is the token of the next page, None on the last."""

    @property
    def data(self) -> Sequence[RecordDict]: ...

    @property
    def offset(self) -> str | None: ...


class Reads(Protocol):
    """One consistent view of the database."""

    def get(self, entity: str, key: str, *, where: Mapping[str, Any] | None = ...) -> RecordDict | None:
        """By primary key, or by endpoint key when ``key`` is no UUID; ``where`` narrows it (field → value).

        Raises EntityError when ``key`` is no UUID and the entity has no endpoint key.
        """
        ...

    def find(self, entity: str, field: str, value: Any) -> RecordDict | None:
        """By a unique field."""
        ...

    def page(
        self,
        entity: str,
        *,
        size: int = ...,
        offset: str | None = ...,
        tags: str | None = ...,
        where: Mapping[str, Any] | None = ...,
    ) -> Page:
        """``tags`` is the filter as written in a query. Raises EntityError for a bad offset or filter."""
        ...


class UnitOfWork(Reads, Protocol):
    """Reads and writes that commit together; every write raises EntityError in the reference's shape."""

    @property
    def version(self) -> Version | None:
        """After the commit: the version it made, None when nothing that data planes need has changed."""
        ...

    def insert(self, entity: str, values: Mapping[str, Any]) -> RecordDict: ...

    def upsert(self, entity: str, key: str, values: Mapping[str, Any]) -> RecordDict: ...

    def update(self, entity: str, key: str, values: Mapping[str, Any]) -> RecordDict: ...

    def delete(self, entity: str, key: str) -> bool: ...


class Store(Protocol):
    def read(self) -> AbstractContextManager[Reads]: ...

    def write(self, actor: str = ...) -> AbstractContextManager[UnitOfWork]: ...

    def data_planes(self, size: int, offset: str | None) -> Page: ...

    def reachable(self) -> bool: ...
