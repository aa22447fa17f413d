"""plan: what has to change so that the database holds what a document says. Pure; reads rows through a port.

Kinds are taken parents first. The rows of a kind stream by once, so memory holds the wanted records and the changes,
never the database.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gwctl.changes.candidates import Candidate, Candidates, compared
from gwctl.changes.difference import differences, shown
from gwctl.changes.kinds import planned_kinds
from gwctl.changes.model import CurrentRows, Parked, Plan, PlannedChange, Row
from gwctl.entities.catalog import Catalog
from gwctl.kit.version import NO_VERSION, Version
from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.schema.field import ForeignField
from gwctl.schema.prepare import moment
from gwctl.store.codec import Image
from gwctl.store.deletion import goes_along
from gwctl.store.stored_form import stored_form

Wanted = MutableMapping[str, dict[str, RecordDict]]
"""Entity → key → record in stored form."""

_REFERRING_LISTS = {("services", "ca_certificates"): "ca_certificates"}
"""Lists of keys of another kind."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """``now``: the moment at which the document was loaded; a time that is not ``now`` was given by the document.
    ``select_tags``: only records with all of these are compared, and new ones get them. Without ``delete`` nothing that
    the document leaves out goes. ``random``: entity → keys that were made up by chance; such a record is recognised in
    a row that says the same. ``transform``: passwords are given in plain text, as in a request."""

    now: float
    select_tags: tuple[str, ...] = ()
    delete: bool = True
    random: Mapping[str, frozenset[str]] = field(default_factory=dict)
    transform: bool = True


def plan(
    current: CurrentRows, wanted: Wanted, *, catalog: Catalog, options: PlanOptions, version: Version = NO_VERSION
) -> Plan:
    """How to get from ``current`` to ``wanted``. Takes the records out of ``wanted`` as it goes, to save memory.

    A record is recognised by its key, else by a unique value, and without a name of its own by what it says; then the
    row keeps its own key and what refers to it follows. Raises EntityError: 3 or 5 for a value that a record holds
    which stays, 4 for references that would break.
    """
    planner = _Planner(current, wanted, catalog, options)
    planner.plan.version = version
    return planner.run()


class _Planner:
    def __init__(self, current: CurrentRows, wanted: Wanted, catalog: Catalog, options: PlanOptions) -> None:
        self.plan = Plan()
        self.current = current
        self.wanted = wanted
        self.options = options
        self.moved: dict[str, dict[str, str]] = {}
        """Entity → wanted key → the key of the row it was recognised in, where they differ."""
        self.alive: dict[str, set[str]] = {}
        self.doomed: dict[str, set[str]] = {}
        self._catalog = catalog
        self._deletions: list[list[PlannedChange]] = []

    def run(self) -> Plan:
        for schema, deletable in planned_kinds(self._catalog):
            records = self.wanted.pop(schema.name, {})
            if records or deletable or self._loses_a_parent(schema):
                kind = _Kind(self, schema, deletable=deletable)
                kind.run(records)
                self._deletions.append(kind.deletions)
        for deletions in reversed(self._deletions):
            self.plan.changes += deletions
        return self.plan

    def _loses_a_parent(self, schema: Schema) -> bool:
        return any(self.doomed.get(foreign.reference) for foreign in schema.foreign.values())


class _Kind:
    """The changes of one kind."""

    def __init__(self, planner: _Planner, schema: Schema, *, deletable: bool) -> None:
        self.deletions: list[PlannedChange] = []
        self._planner = planner
        self._options = planner.options
        self._schema = schema
        self._codec = planner.current.codec(schema.name)
        self._candidates = Candidates(schema, self._codec)
        self._tags = self._codec.position.get("tags")
        self._counts = deletable
        self._deletable = deletable and planner.options.delete
        if planner.options.select_tags and self._tags is None:
            self._deletable = False
        self._alive = planner.alive.setdefault(schema.name, set())
        self._doomed = planner.doomed.setdefault(schema.name, set())
        self._compared = compared(self._codec)
        self._times = tuple(
            (name, self._codec.position[name], moment(time, planner.options.now))
            for name in ("created_at", "updated_at")
            if (time := schema.fields.get(name)) is not None and time.auto
        )

    def run(self, records: dict[str, RecordDict]) -> None:
        if records:
            self._candidates.note_present(self._planner.current.keys(self._schema.name))
        self._take(records)
        for image in self._planner.current.images(self._schema.name):
            self._row(image)
        moved: dict[str, str] = {}
        for candidate in self._candidates:
            if candidate.actual is None:
                self._create(candidate)
            elif candidate.actual != candidate.key:
                moved[candidate.key] = candidate.actual
        self._planner.moved[self._schema.name] = moved

    def _take(self, records: dict[str, RecordDict]) -> None:
        by_chance = self._options.random.get(self._schema.name, frozenset())
        for key in list(records):
            record = records.pop(key)
            self._follow_references(record)
            if self._options.select_tags and self._tags is not None:
                own = record["tags"] or ()
                record["tags"] = [*own, *(tag for tag in self._options.select_tags if tag not in own)]
            record = self._schema.transform(record, raw=self._options.transform)
            self._candidates.add(key, record, self._codec.encode(record), by_chance=key in by_chance)

    def _follow_references(self, record: RecordDict) -> None:
        """Let references lead to the rows in which their targets were recognised."""
        for name, foreign in self._schema.foreign.items():
            if (value := record[name]) is not None:
                moved = self._planner.moved.get(foreign.reference, {}).get(value["id"])
                if moved is not None:
                    record[name] = {"id": moved}
                elif value["id"] not in self._planner.alive.get(foreign.reference, ()):
                    raise EntityError.foreign_key_violation(name, value["id"], foreign.reference)
        for (entity, name), reference in _REFERRING_LISTS.items():
            if entity == self._schema.name and record.get(name):
                keys = self._planner.moved.get(reference, {})
                record[name] = [keys.get(key, key) for key in record[name]]

    def _row(self, image: Image) -> None:
        key = image[self._codec.key_position]
        visible = self._visible(image)
        self._planner.plan.total_existing += visible and self._counts
        candidate = self._candidates.recognise(image, nameless=visible)
        if candidate is not None:
            if not visible:
                raise self._refusal(candidate, image)
            candidate.actual = key
            self._alive.add(key)
            self._compare(candidate, image)
        elif (visible and self._deletable) or self._goes_with_parent(image):
            self._delete(key, image)
        else:
            self._alive.add(key)
            self._stays(image)

    def _visible(self, image: Image) -> bool:
        if not self._options.select_tags or self._tags is None:
            return True
        if image[self._tags] is None:
            return False
        tags = self._codec.decode(image)["tags"]
        return all(tag in tags for tag in self._options.select_tags)

    def _refusal(self, candidate: Candidate, image: Image) -> EntityError:
        """A record without the tags is none of this document's business, so the wanted one cannot be made."""
        key = image[self._codec.key_position]
        if key == candidate.key:
            return EntityError.primary_key_violation({self._schema.primary_key: key})
        value = next(iter(self._candidates.claimed(image, None)))
        return EntityError.unique_violation(self._candidates.unique_fields(value, image))

    def _compare(self, candidate: Candidate, image: Image) -> None:
        if self._compared(candidate.image) == self._compared(image) and not self._other_times(candidate.image, image):
            return
        before = self._codec.decode(image)
        record = candidate.record
        fields: dict[str, Sequence[Any]] = dict(shown(self._schema, record, differences(self._schema, before, record)))
        for name, place, _ in self._other_times(candidate.image, image):
            fields[name] = [before[name], candidate.image[place]]
        if not fields:
            return
        record[self._schema.primary_key] = before[self._schema.primary_key]
        for name, _, now in self._times:
            if name == "created_at" and record[name] == now:
                record[name] = before[name]
        self._park(image, candidate)
        row = self._written(record)
        self._planner.plan.changes.append(
            PlannedChange(
                "update", self._schema.name, row.key, self._candidates.name(row.image), fields, row, "tags" in fields
            )
        )

    def _other_times(self, wanted: Image, image: Image) -> list[tuple[str, int, float]]:
        """The times that the document gives and the row has not."""
        return [time for time in self._times if wanted[time[1]] not in (time[2], image[time[1]])]

    def _create(self, candidate: Candidate) -> None:
        record = stored_form(self._schema, candidate.record)
        row = Row(candidate.key, candidate.image, self._codec.text(record), _tags(record))
        self._alive.add(row.key)
        name = self._candidates.name(row.image)
        self._planner.plan.changes.append(PlannedChange("create", self._schema.name, row.key, name, {}, row))
        candidate.actual = candidate.key
        candidate.record = {}

    def _written(self, record: RecordDict) -> Row:
        record = stored_form(self._schema, record)
        key = str(record[self._schema.primary_key])
        return Row(key, self._codec.encode(record), self._codec.text(record), _tags(record))

    def _delete(self, key: str, image: Image) -> None:
        self._doomed.add(key)
        self._park(image, None)
        self.deletions.append(PlannedChange("delete", self._schema.name, key, self._candidates.name(image)))

    def _goes_with_parent(self, image: Image) -> bool:
        return any(
            goes_along(self._schema, name) and image[self._codec.position[name]] in self._gone(foreign)
            for name, foreign in self._schema.foreign.items()
        )

    def _stays(self, image: Image) -> None:
        """Raises EntityError when something wanted stands against a record that stays."""
        for name, reference in self._schema.foreign.items():
            if image[self._codec.position[name]] in self._gone(reference):
                raise EntityError.foreign_key_restricted(self._schema.name, reference.reference)
        for value in self._candidates.claimed(image, None):
            raise EntityError.unique_violation(self._candidates.unique_fields(value, image))

    def _gone(self, foreign: ForeignField) -> set[str]:
        return self._planner.doomed.get(foreign.reference, set())

    def _park(self, image: Image, own: Candidate | None) -> None:
        key = image[self._codec.key_position]
        for value in self._candidates.claimed(image, own):
            column = self._candidates.parking_column(value)
            self._planner.plan.parked.append(Parked(self._schema.name, column, key))


def _tags(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(record.get("tags") or ())
