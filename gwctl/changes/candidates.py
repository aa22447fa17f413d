"""The records of one kind that a document wants, and how those of the database are recognised among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

from gwctl.changes.difference import is_secret
from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.store.codec import Image, RowCodec

UniqueValue = tuple[int, Any]
"""(number of the unique key, value)."""


class Candidate:
    """One wanted record; ``actual`` is the key of the row it was recognised in."""

    __slots__ = ("actual", "image", "key", "record")

    def __init__(self, key: str, record: RecordDict, image: Image) -> None:
        self.key = key
        self.record = record
        self.image = image
        self.actual: str | None = None


class Candidates:
    """A record is recognised by its key, else by a unique value, which no row with a wanted key may hold."""

    def __init__(self, schema: Schema, codec: RowCodec) -> None:
        self.schema = schema
        self.codec = codec
        self._uniques = tuple(tuple(codec.position[name] for name in key) for key in schema.unique)
        self._name = _name_position(schema, codec)
        self._by_key: dict[str, Candidate] = {}
        self._claims: dict[UniqueValue, Candidate] = {}
        self._present: set[str] = set()
        self._nameless: dict[Image, list[Candidate]] = {}
        self._says = compared(codec)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._by_key.values())

    def add(self, key: str, record: RecordDict, image: Image, *, by_chance: bool = False) -> None:
        """``by_chance``: nobody chose the key. Raises EntityError number 5 when two wanted records have one unique
        value."""
        candidate = Candidate(key, record, image)
        for value in self._values(image):
            if value in self._claims:
                raise EntityError.unique_violation(self.unique_fields(value, image))
            self._claims[value] = candidate
        self._by_key[key] = candidate
        if by_chance:
            self._nameless.setdefault(self._says(image), []).append(candidate)

    def note_present(self, keys: Iterable[str]) -> None:
        """The keys in the database."""
        self._present = set(keys)

    def recognise(self, image: Image, *, nameless: bool) -> Candidate | None:
        """The wanted record that this row is; with ``nameless`` also one that has no name and says the same."""
        found = self._by_key.get(image[self.codec.key_position])
        if found is not None:
            return found
        for value in self._values(image):
            claim = self._claims.get(value)
            if claim is not None and claim.actual is None and claim.key not in self._present:
                return claim
        same = self._nameless.get(self._says(image)) if nameless and self._nameless else None
        while same:
            if (found := same.pop()).actual is None:
                return found
        return None

    def claimed(self, image: Image, own: Candidate | None) -> Iterator[UniqueValue]:
        """The unique values of a row that another wanted record takes over."""
        for value in self._values(image):
            claim = self._claims.get(value)
            if claim is not None and claim is not own:
                yield value

    def unique_fields(self, value: UniqueValue, image: Image) -> dict[str, Any]:
        """The fields of a unique value, for messages."""
        record = self.codec.decode(image)
        return {name: record[name] for name in self.schema.unique[value[0]]}

    def parking_column(self, value: UniqueValue) -> str:
        """The column that has to be freed for somebody else to take ``value``."""
        names = self.schema.unique[value[0]]
        return next((name for name in names if name not in self.schema.foreign), names[0])

    def name(self, image: Image) -> str | None:
        """What people call the record; None when that is a secret or it has no name."""
        if self._name is None:
            return None
        value = image[self._name]
        return value if isinstance(value, str) else None

    def _values(self, image: Image) -> Iterator[UniqueValue]:
        for number, places in enumerate(self._uniques):
            if len(places) == 1:
                if (value := image[places[0]]) is not None:
                    yield number, value
            else:
                yield number, tuple(["" if image[place] is None else image[place] for place in places])


def compared(codec: RowCodec) -> Callable[[Image], Image]:
    """What makes two records differ: everything but the key and the times."""
    return itemgetter(*codec.compared)


def _name_position(schema: Schema, codec: RowCodec) -> int | None:
    for name in ("name", "prefix", schema.endpoint_key or "", *(key[0] for key in schema.unique)):
        if name in schema.fields and name not in schema.foreign and not is_secret(schema.fields[name]):
            return codec.position[name]
    return None
