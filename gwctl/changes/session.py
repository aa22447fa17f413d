"""The work of a change process: one order, one document, one answer in lines (`gwctl.changes.orders`).

It runs in a process of its own, so that decoding and planning a large document is felt neither by other requests nor by
the links to data planes. When its process or its reader ends early, the database keeps what it had.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

from gwctl.changes.carry import Carrying, VersionMismatch, tell
from gwctl.changes.dump import dump
from gwctl.changes.lines import Lines
from gwctl.changes.model import Plan
from gwctl.changes.orders import ApplyOrder, DumpOrder, Order
from gwctl.changes.outside import known_outside
from gwctl.changes.planning import PlanOptions, Wanted
from gwctl.declarative import DeclarativeError, Declared, load
from gwctl.kit.clock import Clock
from gwctl.kit.errors import GwctlError
from gwctl.schema import EntityError
from gwctl.store import DatabaseUnavailable, Overtaken, Store, StoreError

_log = logging.getLogger("gwctl.changes")


class TooManyDeletions(GwctlError):
    """A plan deletes more than its order allows; nothing was written."""

    code = "too_many_deletions"

    def __init__(self, deleted: int, most: int) -> None:
        super().__init__(f"this would delete {deleted} records, {most} are allowed")


def serve(order: Order, store: Store, read_document: Callable[[], bytes], lines: Lines, clock: Clock) -> None:
    """Carry out ``order`` and answer. Raises BrokenPipeError when nobody listens any more; nothing was changed then,
    unless all was written already."""
    try:
        if isinstance(order, DumpOrder):
            dump(store, order, lines, clock.now())
        else:
            gc.disable()  # a document is no garbage, and looking through it again and again takes a third of the time
            _Apply(order, store, read_document(), lines, clock.now()).run()
    except BrokenPipeError:
        raise
    except Exception as error:
        status, body = explain(error)
        lines.send({"status": status, "body": body})


def explain(error: Exception) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to an order that failed."""
    match error:
        case DeclarativeError():
            return 400, {**error.body(), "places": [place.as_dict() for place in error.places]}
        case EntityError():
            return error.status, error.body()
        case TooManyDeletions():
            return 409, {"name": error.code, "message": error.message}
        case VersionMismatch():
            return 412, {"message": error.message}
        case Overtaken():
            return 409, {"message": error.message}
        case DatabaseUnavailable():
            _log.error("a changeset could not be applied: %s", error)
            return 503, {"message": f"the database cannot be reached or is busy, nothing was changed ({error.code})"}
        case StoreError():
            _log.error("a changeset could not be applied: %s", error)
            return 503, {"message": "the database cannot be used, see the error log of this node"}
        case GwctlError():
            return 400, {"message": error.message}
    _log.error("a changeset could not be applied", exc_info=error)
    return 500, {"message": "An unexpected error occurred"}


class _Apply:
    def __init__(self, order: ApplyOrder, store: Store, text: bytes, lines: Lines, now: float) -> None:
        self._order = order
        self._store = store
        self._text = text
        self._lines = lines
        self._now = now
        self._total = 0
        self._first: Declared | None = self._read()
        options = PlanOptions(
            now=now,
            select_tags=order.select_tags,
            delete=order.delete,
            random=self._first.random,
            transform=self._first.transform,
        )
        self._carrying = Carrying(store, self._load, options, planned=self._planned, progress=self._progress)

    def run(self) -> None:
        """Answers itself from the first line on; raises only before it."""
        if self._order.if_match is not None and self._order.if_match != tell(version := self._store.version()):
            raise VersionMismatch(self._order.if_match, version)
        self._lines.send({"status": 200})
        try:
            if self._order.dry_run:
                plan = self._carrying.plan(self._order.if_match)
                version = plan.version
            else:
                plan, version = self._carrying.carry_out(self._order.actor, self._order.if_match)
        except BrokenPipeError:
            raise
        except Exception as error:
            status, body = explain(error)
            self._lines.send({"event": "failed", "status": status, "error": body})
            return
        self._lines.send({"event": "done", **plan.counts(), "version": tell(version)})

    def _read(self) -> Declared:
        order = self._order
        alone = order.delete and not order.select_tags
        with known_outside(self._store, look=not alone) as outside:
            return load(
                self._text,
                catalog=self._store.catalog,
                now=self._now,
                name=order.name,
                select_tags=order.select_tags,
                outside=outside,
                hashed=False,
            )

    def _load(self) -> Wanted:
        """The records, read again for a second attempt: keeping them for it would cost as much memory once more."""
        declared, self._first = self._first or self._read(), None
        return {entity: declared.records.pop(entity) for entity in list(declared.records)}

    def _planned(self, plan: Plan) -> None:
        """Tell the plan outside any transaction: the reader may be slow."""
        counts = plan.counts()
        self._total = len(plan.changes)
        head = {"event": "planned", **counts, "total_existing": plan.total_existing, "version": tell(plan.version)}
        self._lines.send(head, flush=False)
        if self._order.tell_changes:
            for change in plan.changes:
                self._lines.send(
                    {
                        "event": "change",
                        "op": change.op,
                        "entity": change.entity,
                        "id": change.key,
                        "name": change.name,
                        "fields": change.fields,
                    },
                    flush=False,
                )
        self._lines.flush()
        most = self._order.most_deletes
        if most is not None and counts["deleted"] > most and not self._order.dry_run:
            raise TooManyDeletions(counts["deleted"], most)

    def _progress(self, done: int) -> None:
        self._lines.offer({"event": "progress", "done": done, "total": self._total})
