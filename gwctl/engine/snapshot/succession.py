"""One snapshot after the other, each made from the one before when that is less work."""

from __future__ import annotations

from collections.abc import Iterator

from gwctl.engine.balancer.registry import Balancers
from gwctl.engine.chain.plan import Plan
from gwctl.engine.ports import RecordView
from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.snapshot.building import FullBuild
from gwctl.engine.snapshot.delta import Changed, Delta, TooMuch
from gwctl.engine.snapshot.garbage import Collections
from gwctl.engine.snapshot.model import Model
from gwctl.engine.snapshot.serving import Snapshot
from gwctl.engine.snapshot.slices import in_slices
from gwctl.engine.snapshot.upstreams import Balanced
from gwctl.engine.tls.upstream import UpstreamTls
from gwctl.kit.clock import Clock


class Succession:
    """Makes the snapshots of a worker. ``refuse``: whether requests that need a plugin which this node lacks are
    refused, or served without it. One call at a time."""

    def __init__(self, clock: Clock, tls: UpstreamTls, balancers: Balancers, *, refuse: bool, flavor: Flavor) -> None:
        self._clock = clock
        self._tls = tls
        self._balancers = balancers
        self._refuse = refuse
        self._flavor: Flavor = flavor
        self._collections = Collections()
        self._balanced: Balanced = {}
        self._model: Model | None = None

    async def next(self, view: RecordView, changed: Changed | None) -> Snapshot:
        """The snapshot of ``view``, prepared in slices that leave the loop free; the last step, which new requests
        notice, is one short one. ``changed`` is what differs from the snapshot before, None when that is not known.

        Raises SnapshotError; requests are served as before then.
        """
        model, self._model = self._model, None
        if model is not None and changed is not None:
            try:
                await self._amend(Delta(model, view, changed))
            except TooMuch:
                model = None
        else:
            model = None
        if model is None:
            model = await self._build(view)
        self._model = model
        return Snapshot(view, model.routes, model.plugins.missing)

    async def _amend(self, delta: Delta) -> None:
        await in_slices(delta.steps(), self._clock)
        delta.commit()
        self._collections.added(delta.touched)

    async def _build(self, view: RecordView) -> Model:
        model = Model(self._tls, self._balancers, self._balanced, refuse=self._refuse, flavor=self._flavor)
        with self._collections.building():
            await in_slices(FullBuild(model, view).steps(), self._clock)
        model.upstreams.commit()
        return model


async def take_apart(routes: RouteIndex[Plan], clock: Clock) -> None:
    """Free an index that nobody asks any more: to free a hundred thousand routes at once would stall requests."""

    def steps() -> Iterator[None]:
        for key in routes.ids():
            routes.replace((key,), ())
            yield

    await in_slices(steps(), clock)
