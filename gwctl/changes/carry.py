"""From a document to one version: plan on what is there, write, and plan again when another writer was faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from gwctl.changes.apply import apply
from gwctl.changes.model import Plan
from gwctl.changes.planning import PlanOptions, Wanted, plan
from gwctl.kit.errors import GwctlError
from gwctl.kit.version import Version
from gwctl.schema import RecordDict
from gwctl.store.errors import Overtaken

if TYPE_CHECKING:
    from gwctl.entities.catalog import Catalog
    from gwctl.store.reads import Reads
    from gwctl.store.unit_of_work import UnitOfWork

ATTEMPTS = 4


class Transactions(Protocol):
    """A store; see `gwctl.store.Store`."""

    @property
    def catalog(self) -> Catalog: ...

    def read(self) -> AbstractContextManager[Reads]: ...

    def write(self, actor: str = ...) -> AbstractContextManager[UnitOfWork]: ...


class Declared(Protocol):
    """A loaded document; see `gwctl.declarative.Declared`."""

    @property
    def records(self) -> Mapping[str, dict[str, RecordDict]]: ...

    @property
    def transform(self) -> bool: ...

    @property
    def random(self) -> Mapping[str, frozenset[str]]: ...


class VersionMismatch(GwctlError):
    """The configuration is not at the version that a condition names."""

    code = "version_mismatch"

    def __init__(self, wanted: str, version: Version) -> None:
        super().__init__(
            f"the configuration is at version {tell(version)}, not at {wanted}: it has changed since you looked",
            hint="look at the differences again",
        )


class Carrying:
    """Brings one document into the database.

    ``load`` gives its records, anew for each attempt because planning takes them; ``planned`` hears each plan before it
    is written and ``progress`` how many of its changes are written.
    """

    def __init__(
        self,
        store: Transactions,
        load: Callable[[], Wanted],
        options: PlanOptions,
        *,
        planned: Callable[[Plan], None] = lambda plan: None,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self._store = store
        self._load = load
        self._options = options
        self._planned = planned
        self._progress = progress

    def plan(self, if_match: str | None = None) -> Plan:
        """What would change. Raises EntityError, VersionMismatch, StoreError."""
        wanted = self._load()
        with self._store.read() as reads:
            version = reads.newest()
            if if_match is not None and if_match != tell(version):
                raise VersionMismatch(if_match, version)
            made = plan(reads.bulk(), wanted, catalog=self._store.catalog, options=self._options, version=version)
        self._planned(made)
        return made

    def carry_out(self, actor: str = "", if_match: str | None = None) -> tuple[Plan, Version]:
        """Change the database in one version, or not at all; returns that version (the newest when nothing changed).

        Raises as ``plan``; Overtaken when other writers were faster again and again, or at all with ``if_match``.
        """
        for attempt in range(1, ATTEMPTS + 1):
            made = self.plan(if_match)
            try:
                with self._store.write(actor) as unit:
                    apply(unit, made, self._progress)
            except Overtaken:
                if attempt == ATTEMPTS or if_match is not None:
                    raise
                continue
            return made, unit.version or made.version
        raise AssertionError("unreachable")


def import_(
    store: Transactions,
    declared: Declared,
    *,
    now: float,
    actor: str = "db_import",
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[Plan, Version]:
    """Bring every record of ``declared`` into the database as one version and delete nothing.

    ``now`` is the moment at which it was loaded. Running control planes notice by themselves. Raises EntityError,
    StoreError; nothing was changed then.
    """

    def load() -> Wanted:
        return {entity: dict(records) for entity, records in declared.records.items()}

    options = PlanOptions(now=now, delete=False, random=declared.random, transform=declared.transform)
    return Carrying(store, load, options, progress=progress).carry_out(actor)


def tell(version: Version) -> str:
    """A version as clients name it: ``lineage:number``."""
    return f"{version.lineage}:{version.number}"


def tags_of(text: str | None) -> tuple[str, ...]:
    """The tags in ``a,b``."""
    return tuple(dict.fromkeys(part for part in _parts(text or "") if part))


def _parts(text: str) -> Iterable[str]:
    return (part.strip() for part in text.split(","))
