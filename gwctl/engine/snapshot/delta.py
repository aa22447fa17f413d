"""Building a version from the one before: what changed is mapped to what depends on it, and only that is made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from gwctl.engine.chain.plan import Plan, ServiceCell, ServicePlan
from gwctl.engine.chain.plugins import Scope
from gwctl.engine.ports import RecordView
from gwctl.engine.router.index import Compiled
from gwctl.engine.snapshot.errors import SnapshotError, naming
from gwctl.engine.snapshot.model import Model
from gwctl.engine.snapshot.services import service_plan
from gwctl.schema import RecordDict

MOST_ROUTES = 200
"""The routes that are replaced between two requests; more are built aside, with everything else, in slices."""

MOST_CELLS = 5000

Changed = Collection[tuple[str, str]]


class TooMuch(Exception):
    """So much depends on the change that building everything aside is kinder to requests."""


class _NewCell(NamedTuple):
    cell: ServiceCell
    service: ServicePlan | None
    missing: tuple[str, ...]


class Delta:
    """``steps`` brings the model, as far as nobody sees it, to ``view``, and ``commit`` makes it visible at once.

    When either raises (SnapshotError, TooMuch) nothing of what is served has changed, but the model is of no more use.
    """

    def __init__(self, model: Model, view: RecordView, changed: Changed) -> None:
        self.model = model
        self.view = view
        self._changed: dict[str, list[str]] = {}
        for entity, key in changed:
            self._changed.setdefault(entity, []).append(key)
        self._services: set[str] = set()
        self._other_plugins: set[str | None] = set()
        self._routes: set[str] = set()
        self._cells: list[_NewCell] = []
        self._removed: list[str] = []
        self._added: list[Compiled[Plan]] = []

    @property
    def touched(self) -> int:
        """How many routes are replaced."""
        return len(self._removed)

    def steps(self) -> Iterator[None]:
        for make in (self._put_plugins, self._put_upstreams, self._put_services, self._touch_certificates):
            yield from make()
        yield from self._new_cells()
        yield from self._new_routes()

    def commit(self) -> None:
        if self._removed:
            self.model.routes.replace(self._removed, self._added)
        self.model.upstreams.commit()
        for cell, service, missing in self._cells:
            cell.service = service
            cell.missing = missing

    # What depends on what

    def _put_plugins(self) -> Iterator[None]:
        for key, record in self._records("plugins"):
            with naming("plugins", record or {"id": key}):
                scopes = self.model.plugins.put(key, record)
            for scope in scopes:
                yield from self._touch_scope(scope)
            yield

    def _touch_scope(self, scope: Scope) -> Iterator[None]:
        plugins = self.model.plugins
        if scope.route is not None:
            self._touch_routes([scope.route])
        elif scope.service is None:
            self._other_plugins.update(self.model.services.cells)
            self._touch_routes(plugins.routes())
        else:
            self._other_plugins.add(scope.service)
            for route in self.view.children("routes", "service", scope.service):
                if plugins.has_own(route["id"]):
                    self._touch_routes([route["id"]])
                yield

    def _put_upstreams(self) -> Iterator[None]:
        upstreams = self.model.upstreams
        ids: set[str] = set()
        names: set[str] = set()
        for key, record in self._records("targets"):
            with naming("targets", record or {"id": key}):
                ids |= upstreams.put_target(key, record)
            yield
        for key, record in self._records("upstreams"):
            with naming("upstreams", record or {"id": key}):
                names |= upstreams.put_upstream(key, record)
            ids.add(key)
            yield
        for key in ids:
            name = upstreams.settle(key)
            if name is not None:
                names.add(name)
            yield
        self._services |= self.model.services.with_host(names)

    def _put_services(self) -> Iterator[None]:
        for key, record in self._records("services"):
            with naming("services", record or {"id": key}):
                flips = self.model.services.put(key, record)
            self._services.add(key)
            if flips:
                for route in self.view.children("routes", "service", key):
                    self._touch_routes([route["id"]])
                    yield
            yield

    def _touch_certificates(self) -> Iterator[None]:
        """Those of clients are read when they are asked for; here are those that upstreams see."""
        model = self.model
        for key in self._changed.get("certificates", ()):
            self._services |= model.services.using("certificates", key)
            self._services |= model.services.with_host(model.upstreams.with_certificate(key))
            yield
        for key in self._changed.get("ca_certificates", ()):
            self._services |= model.services.using("ca_certificates", key)
            yield

    def _touch_routes(self, keys: Iterable[str]) -> None:
        self._routes.update(keys)
        if len(self._routes) > MOST_ROUTES:
            raise TooMuch

    # What is made anew

    def _new_cells(self) -> Iterator[None]:
        model = self.model
        touched = self._services | self._other_plugins
        if len(touched) > MOST_CELLS:
            raise TooMuch
        for key in touched:
            cell = model.services.cells.get(key)
            if cell is None:
                continue
            service = cell.service
            if key in self._services:
                service = self._new_service(key)
            self._cells.append(_NewCell(cell, service, model.plugins.of(None, key)))
            yield

    def _new_service(self, key: str) -> ServicePlan | None:
        record = self.view.get("services", key)
        if record is None:
            raise SnapshotError(f"services {key} is not there")
        with naming("services", record):
            return service_plan(record, self.model.upstreams, self.model.tls, self.view)

    def _new_routes(self) -> Iterator[None]:
        self._touch_routes(self._changed.get("routes", ()))
        for key in self._routes:
            self._removed.append(key)
            record = self.view.get("routes", key)
            if record is not None:
                with naming("routes", record):
                    plan = self.model.plan(record)
                    if plan is not None:
                        self._added.append(self.model.routes.compiled(record, plan))
            yield

    def _records(self, entity: str) -> Iterator[tuple[str, RecordDict | None]]:
        """Those of ``entity`` that changed, as they are now."""
        for key in self._changed.get(entity, ()):
            yield key, self.view.get(entity, key)
