"""apply: carry out a plan inside one unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from gwctl.changes.model import Op, Parked, Plan, PlannedChange, Row


class BulkWrites(Protocol):
    """What a unit of work offers for many records; see `gwctl.store.bulk_unit.BulkUnit`."""

    def park(self, entity: str, column: str, keys: Sequence[str]) -> None: ...

    def create(self, entity: str, rows: Sequence[Row], wrote: Callable[[int], None]) -> None: ...

    def update(self, entity: str, rows: Sequence[Row], retagged: set[str], wrote: Callable[[int], None]) -> None: ...

    def delete(self, entity: str, keys: Sequence[str], wrote: Callable[[int], None]) -> None: ...

    def check_untouched(self, number: int, keys: set[tuple[str, str]], *, last: bool) -> None: ...


class BulkUnit(Protocol):
    def bulk_write(self) -> BulkWrites: ...


def apply(unit: BulkUnit, plan: Plan, progress: Callable[[int], None] = lambda done: None) -> None:
    """Write every change of ``plan`` into ``unit``, which becomes visible as one version, or not at all.

    ``progress`` hears how many changes are written so far. Raises Overtaken when another writer has changed since
    ``plan.version`` what the plan changes: then the unit must end without a commit, and planning again helps.
    """
    if not plan.changes:
        return
    writes = unit.bulk_write()
    touched = {(change.entity, change.key) for change in plan.changes}
    writes.check_untouched(plan.version.number, touched, last=False)
    for entity, column, keys in _parked(plan.parked):
        writes.park(entity, column, keys)
    done = 0

    def wrote(count: int) -> None:
        nonlocal done
        done += count
        progress(done)

    for op, entity, changes in _runs(plan.changes):
        rows = [change.row for change in changes if change.row is not None]
        if op == "create":
            writes.create(entity, rows, wrote)
        elif op == "update":
            writes.update(entity, rows, {change.key for change in changes if change.retagged}, wrote)
        else:
            writes.delete(entity, [change.key for change in changes], wrote)
    writes.check_untouched(plan.version.number, touched, last=True)


def _parked(parked: Sequence[Parked]) -> Iterator[tuple[str, str, list[str]]]:
    for (entity, column), group in groupby(sorted(parked), key=attrgetter("entity", "column")):
        yield entity, column, [each.key for each in group]


def _runs(changes: Sequence[PlannedChange]) -> Iterator[tuple[Op, str, list[PlannedChange]]]:
    """Neighbours of one kind, updates before creates: what they give up may be taken."""
    for (entity, deletes), group in groupby(changes, key=lambda change: (change.entity, change.op == "delete")):
        found = list(group)
        if deletes:
            yield "delete", entity, found
            continue
        for op in ("update", "create"):
            some = [change for change in found if change.op == op]
            if some:
                yield op, entity, some
