"""Building the model of a version from all of its records."""

from __future__ import annotations

from collections.abc import Iterator

from gwctl.engine.ports import RecordView
from gwctl.engine.snapshot.errors import naming
from gwctl.engine.snapshot.model import Model
from gwctl.engine.snapshot.services import service_plan
from gwctl.schema import RecordDict


class FullBuild:
    """Fills an empty model from a view, one record per step."""

    def __init__(self, model: Model, view: RecordView) -> None:
        self.model = model
        self.view = view

    def steps(self) -> Iterator[None]:
        """Raises SnapshotError; then the model is of no use."""
        for entity, add in (
            ("plugins", self._add_plugin),
            ("targets", self._add_target),
            ("upstreams", self._add_upstream),
            ("services", self._add_service),
            ("routes", self._add_route),
        ):
            for record in self.view.records(entity):
                with naming(entity, record):
                    add(record)
                yield
        yield from self.model.upstreams.compare()
        services = self.model.services
        for key, cell in services.cells.items():
            cell.missing = self.model.plugins.of(None, key)
            yield

    def _add_plugin(self, record: RecordDict) -> None:
        self.model.plugins.put(record["id"], record)

    def _add_target(self, record: RecordDict) -> None:
        self.model.upstreams.put_target(record["id"], record)

    def _add_upstream(self, record: RecordDict) -> None:
        self.model.upstreams.put_upstream(record["id"], record)
        self.model.upstreams.settle(record["id"])

    def _add_service(self, record: RecordDict) -> None:
        model = self.model
        model.services.put(record["id"], record)
        model.services.cells[record["id"]].service = service_plan(record, model.upstreams, model.tls, self.view)

    def _add_route(self, record: RecordDict) -> None:
        plan = self.model.plan(record)
        if plan is not None:
            self.model.routes.add(record, plan)
