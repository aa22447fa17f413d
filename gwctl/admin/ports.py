"""What the Admin API needs from the database; `gwctl.store` implements it, `gwctl.node` wires it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypedDict

from gwctl.kit.errors import GwctlError
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

    def newest_first(
        self, entity: str, *, where: Mapping[str, Any], size: int, start: int
    ) -> tuple[list[RecordDict], bool]:
        """``size`` records behind the first ``start``, the youngest first, and whether there are more."""
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

    def distinct(self, entity: str, field: str) -> list[str]:
        """The different texts of a field of all records, sorted."""
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


class NodeSilent(GwctlError):
    """No process of the node answered; the message says which was asked."""

    code = "node_silent"


class KnownHost(TypedDict):
    """What a balancer knows of one target. ``weight`` has ``total``, ``available``, ``unavailable``; each of
    ``addresses`` has ``ip``, ``port``, ``weight`` and ``healthy``. ``dns`` is the type of the record, or an error."""

    host: str
    port: int
    dns: str
    nodeWeight: int
    weight: dict[str, int]
    addresses: list[dict[str, Any]]


class KnownUpstream(TypedDict):
    """What a balancer knows of an upstream. ``checked``: it has health checks; ``healthy``: it takes requests."""

    checked: bool
    healthy: bool
    weight: dict[str, int]
    hosts: list[KnownHost]


NO_BALANCER = "no balancer"
"""The answer to a mark of an upstream that no worker serves."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A person says that the addresses of a ``target``, or one ``address`` of it, are healthy or not."""

    upstream: str
    target: str
    address: str | None = None
    healthy: bool = True

    NOTICES: ClassVar[str] = "target-health "

    @property
    def notice(self) -> str:
        """The subject under which other nodes hear of it: the newest mark of an address counts."""
        return self.NOTICES + " ".join((self.upstream, self.target, self.address or "*"))

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("upstream", "target", "address", "healthy")}


class NodeControl(Protocol):
    """The node around the Admin API: its log level, and what its workers serve. Every await may raise NodeSilent."""

    def log_level(self) -> str: ...

    async def set_log_level(self, level: str, seconds: float) -> None:
        """For all processes of the node; after ``seconds`` the configured level is back."""
        ...

    async def health(self, upstream_id: str, targets: Sequence[str]) -> KnownUpstream | None:
        """With the hosts of these targets, in their order; None when no worker of this node balances that upstream."""
        ...

    async def mark(self, mark: Mark) -> str:
        """For all workers of the node. Empty when it is done, NO_BALANCER, else what is wrong."""
        ...

    async def served(self, entity: str, where: Mapping[str, Any]) -> RecordDict | None:
        """The record that the workers serve whose fields are as in ``where``."""
        ...


class LoadOffer(Protocol):
    """A document that is being received: a directory that only this node reads. Close it in any case."""

    @property
    def body(self) -> Path:
        """Where to write the document."""
        ...

    @property
    def answer(self) -> Path:
        """Where the JSON body of the answer is after ``submit``."""
        ...

    async def submit(self, *, syntax: str, check_hash: bool, flatten_errors: bool) -> LoadResult:
        """Load it and wait until every worker serves it; ``syntax`` is "json" for a body that may hold the document in
        a field, "text" for the document itself."""
        ...

    def close(self) -> None:
        """Remove it."""
        ...


class LoadResult(Protocol):
    """``status`` is the one of the answer; ``message`` is its text when it has no body in the offer's ``answer``."""

    @property
    def status(self) -> int: ...

    @property
    def message(self) -> str: ...

    @property
    def retry_after(self) -> int: ...


class ConfigLoading(Protocol):
    """``POST /config`` of a node without a database."""

    def busy(self) -> int:
        """How many seconds to wait because another document is being loaded; 0 when none is."""
        ...

    def offer(self) -> LoadOffer: ...

    def configuration_hash(self) -> str:
        """Of what the node holds; 32 zeros for nothing."""
        ...


class Store(Protocol):
    def read(self) -> AbstractContextManager[Reads]: ...

    def write(self, actor: str = ...) -> AbstractContextManager[UnitOfWork]: ...

    def post_notice(self, about: str, body: Mapping[str, Any]) -> int:
        """Tell every node on this database; returns the number of the notice."""
        ...

    def data_planes(self, size: int, offset: str | None) -> Page: ...

    def reachable(self) -> bool: ...
