"""The first configuration of a data plane: a document fills its empty cache, until the control plane says otherwise."""

from __future__ import annotations

import asyncio
import logging

from gwctl.cache import CacheWriter
from gwctl.kit.version import NO_VERSION
from gwctl.node.catalog import catalog_for
from gwctl.node.loads import LoadDirectory, declared_request
from gwctl.node.merge import lines
from gwctl.node.prepare import ACCEPTED
from gwctl.node.preparing import broken, prepared
from gwctl.observe.logs import NOTICE
from gwctl.settings import Settings

_log = logging.getLogger("gwctl.node")


async def seed(writer: CacheWriter, settings: Settings, now: float) -> None:
    """Put what ``declarative_config`` names into a cache that holds nothing, without a version: the control plane still
    has to send everything. ``now`` is in seconds. Raises GwctlError for a document that cannot be loaded.
    """
    if writer.position.version != NO_VERSION or writer.position.records:
        return
    place = LoadDirectory.create(settings.prefix)
    try:
        request = declared_request(settings, place)
        if request is None:
            return
        outcome = await prepared(place, request, settings, catalog_for(settings), now=now, current="")
        if outcome.status != ACCEPTED:
            raise broken(settings, outcome)
        await asyncio.get_running_loop().run_in_executor(None, _fill, writer, place)
        _log.log(NOTICE, "the empty cache was filled from %s: %d records", request.source, writer.position.records)
    finally:
        place.close()


def _fill(writer: CacheWriter, place: LoadDirectory) -> None:
    generation = writer.begin_generation()
    try:
        for entity, record in lines(place.records):
            generation.put(entity, record)
        generation.commit(NO_VERSION)
    finally:
        generation.abort()
