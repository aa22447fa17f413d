"""The configuration as a whole over the Admin API: ``POST /config/apply`` and ``GET /config/dump``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias
from urllib.parse import urlencode

from gwctl.client.admin_client import JSON, AdminClient
from gwctl.client.errors import AdminError, refused
from gwctl.kit.errors import GwctlError

MOST_BYTES = 256 * 1024 * 1024
"""What the control plane takes in one document."""

Event: TypeAlias = dict[str, Any]
_FAILED = "failed"
_TOO_OLD = frozenset({404, 405})
_OVERTAKEN = frozenset({409, 412})
"""Statuses of a failure without a code: the configuration moved while it was changed."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records a plan creates, updates and deletes."""

    created: int = 0
    updated: int = 0
    deleted: int = 0

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Counts:
        told = (event.get(name) for name in ("created", "updated", "deleted"))
        return cls(*(number if isinstance(number, int) else 0 for number in told))

    def __bool__(self) -> bool:
        return self.total > 0

    @property
    def total(self) -> int:
        return self.created + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Planned:
    """What the control plane would do to the configuration of ``version``, which holds ``existing`` records."""

    counts: Counts
    existing: int
    version: str


@dataclass(frozen=True, slots=True)
class Change:
    """One record. ``op`` is create, update or delete; ``fields``: what an update changes, dotted path → (old, new)."""

    op: str
    entity: str
    id: str
    name: str | None
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Change:
        return cls(event["op"], event["entity"], event["id"], event.get("name"), event.get("fields") or {})


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan whose changes are read while they come. Iterating raises AdminError when they stop too early."""

    planned: Planned
    changes: Iterator[Change]


@dataclass(frozen=True, slots=True)
class Document:
    """What is sent: a declarative document as JSON, the tags it is limited to, whether what it lacks is deleted."""

    text: bytes
    select_tags: tuple[str, ...] = ()
    delete: bool = True


class TooManyDeletions(AdminError):
    """The control plane wrote nothing, because the plan deletes more than it was allowed to."""

    code = "too_many_deletions"


class ConfigApi:
    """The configuration of one control plane. Every method raises AdminError."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    @contextmanager
    def plan(self, document: Document, *, changes: bool = True) -> Iterator[Plan]:
        """Ask what applying ``document`` would change; nothing is written."""
        with self._events(document, {"dry_run": "1", **({} if changes else {"changes": "0"})}) as events:
            planned = _planned(events, self._client.address)
            yield Plan(planned, _changes(events, self._client.address))

    @contextmanager
    def apply(self, document: Document, version: str) -> Iterator[Iterator[Event]]:
        """Apply ``document`` to ``version`` as one changeset; yields the events ``progress`` and at last ``done``.

        Raises AdminError with status 412 when the configuration is another one by now, and for ``failed``.
        """
        with self._events(document, {"changes": "0"}, {"If-Match": f'"{version}"'}) as events:
            yield (event for event in _unless_failed(events) if event.get("event") in ("progress", "done"))

    @contextmanager
    def apply_unless(self, document: Document, most_deletes: int) -> Iterator[tuple[Plan, Iterator[Event]]]:
        """Plan and apply in one request; yields the plan, then (its changes read) the events as ``apply`` does.

        A plan that another writer overtook is made again: ``planned`` is among the events then. Raises
        TooManyDeletions, nothing written, when the plan deletes more than ``most_deletes``.
        """
        with self._events(document, {"most_deletes": str(most_deletes)}) as events:
            planned = _planned(events, self._client.address)
            kept: list[Event] = []
            changes = _changes_until(events, kept)
            yield Plan(planned, changes), _after(changes, kept, events)

    @contextmanager
    def dump(self, select_tags: Sequence[str] = ()) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
        """Every record with its entity, while they come."""
        query = f"?{urlencode({'select_tags': ','.join(select_tags)})}" if select_tags else ""
        try:
            with self._client.lines("GET", f"/config/dump{query}") as lines:
                yield _records(lines, self._client.address)
        except AdminError as error:
            _require_whole_configurations(error)
            raise

    @contextmanager
    def _events(
        self, document: Document, query: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[Event]]:
        if len(document.text) > MOST_BYTES:
            size = len(document.text) >> 20
            raise GwctlError(
                f"the document has {size} MiB as JSON; a control plane takes {MOST_BYTES >> 20} MiB",
                hint="split it by tags and sync each part with --select-tag",
            )
        told = dict(query)
        if document.select_tags:
            told["select_tags"] = ",".join(document.select_tags)
        if not document.delete:
            told["delete"] = "0"
        try:
            with self._client.lines(
                "POST", f"/config/apply?{urlencode(told)}", document.text, JSON, headers=headers
            ) as lines:
                yield lines
        except AdminError as error:
            _require_whole_configurations(error)
            raise


def _require_whole_configurations(error: AdminError) -> None:
    """Raise AdminError when the other side has no such endpoints."""
    if error.status in _TOO_OLD:
        raise AdminError(
            "this Admin API cannot plan or dump a whole configuration",
            hint="it needs a gwctl control plane with a database",
            status=error.status,
            body=error.body,
        ) from error


def _planned(events: Iterator[Event], address: str) -> Planned:
    first = next(events, {})
    if first.get("event") == _FAILED:
        raise _failed(first)
    if first.get("event") != "planned":
        raise _cut(address)
    return Planned(Counts.of(first), int(first.get("total_existing", 0)), str(first.get("version", "")))


def _changes(events: Iterator[Event], address: str) -> Iterator[Change]:
    for event in events:
        match event.get("event"):
            case "change":
                yield Change.of(event)
            case "done":
                return
            case "failed":
                raise _failed(event)
    raise _cut(address)


def _records(lines: Iterator[Event], address: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for line in lines:
        if "entity" in line:
            entity, record = line["entity"], line.get("record")
            if not isinstance(entity, str) or not isinstance(record, dict):
                raise AdminError(f"{address} answered with something that is no record")
            yield entity, record
        elif line.get("event") == "end":
            return
        elif line.get("event") == _FAILED:
            raise refused("the control plane cannot dump its configuration", 500, line.get("error"))
    raise _cut(address)


def _changes_until(events: Iterator[Event], kept: list[Event]) -> Iterator[Change]:
    """The changes at the beginning of ``events``; the event after them is put into ``kept``."""
    for event in events:
        if event.get("event") != "change":
            kept.append(event)
            return
        yield Change.of(event)


def _after(changes: Iterator[Change], kept: list[Event], events: Iterator[Event]) -> Iterator[Event]:
    for _ in changes:
        """Nobody wanted to see the rest."""
    yield from (event for event in _unless_failed(chain(kept, events)) if event.get("event") != "change")


def _unless_failed(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        if event.get("event") == _FAILED:
            raise _failed(event)
        yield event


def _failed(event: Event) -> AdminError:
    body = event.get("error")
    named = body if isinstance(body, dict) else {}
    if named.get("name") == TooManyDeletions.code:
        return TooManyDeletions(str(named.get("message")))
    status = int(event.get("status", 400))
    if status in _OVERTAKEN and "code" not in named:
        status = 412
    return refused("the control plane stored nothing", status, body)


def _cut(address: str) -> AdminError:
    return AdminError(f"the Admin API at {address} ended its answer in the middle", exit_code=69)
