"""What a worker tells of what it serves, when the Admin API of its node asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from gwctl.engine import Engine, RecordView
from gwctl.engine.health.availability import NodeHealth
from gwctl.engine.health.telling import mark, told
from gwctl.kit.errors import GwctlError
from gwctl.node.messages import Question, Reply
from gwctl.node.questions import HEALTH, MARK, RECORD
from gwctl.schema import RecordDict

_SLICE = 200


async def answer(engine: Engine, health: NodeHealth, question: Question) -> Reply:
    """The reply to ``question``; what cannot be answered says so."""
    arguments = question.arguments
    try:
        match question.about:
            case about if about == HEALTH:
                return Reply(question.number, {"known": _health(engine, health, arguments)})
            case about if about == MARK:
                return Reply(question.number, _mark(engine, health, arguments))
            case about if about == RECORD:
                return Reply(question.number, await _record(engine, arguments))
    except (GwctlError, KeyError, TypeError) as error:
        return Reply(question.number, error=f"{question.about}: {error}")
    return Reply(question.number, error=f"a worker does not know the question {question.about!r}")


def _health(engine: Engine, health: NodeHealth, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    balancer = engine.balancers.get(arguments["upstream"])
    return None if balancer is None else told(balancer, health, arguments["targets"])


def _mark(engine: Engine, health: NodeHealth, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """``balanced``: whether the upstream is served; ``refused``: what is wrong, empty when it is done."""
    balancer = engine.balancers.get(arguments["upstream"])
    if balancer is None:
        return {"balanced": False, "refused": ""}
    healthy = bool(arguments["healthy"])
    refused = mark(balancer, health, arguments["target"], arguments["address"], healthy=healthy)
    return {"balanced": True, "refused": refused or ""}


async def _record(engine: Engine, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The record of ``entity`` whose fields are as in ``where``."""
    with engine.reading() as records:
        entity, where = arguments["entity"], arguments["where"]
        async for record in _candidates(records, entity, where):
            if all(record.get(name) == value for name, value in where.items()):
                return {"record": record}
    return {"record": None}


async def _candidates(records: RecordView, entity: str, where: Mapping[str, Any]) -> AsyncIterator[RecordDict]:
    if len(where) == 1:
        (field, value), *_ = where.items()
        found = records.get(entity, value) if field == "id" else records.find(entity, field, value)
        if found is not None:
            yield found
        return
    for field, value in where.items():
        if isinstance(value, dict):
            for record in records.children(entity, field, value["id"]):
                yield record
            return
    for number, record in enumerate(records.records(entity)):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        yield record
