"""What a worker tells of what it serves, when the Admin API of its node asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from gwctl.engine import Engine, RecordView
from gwctl.kit.errors import GwctlError
from gwctl.node.messages import Question, Reply
from gwctl.node.questions import ADDRESSES, RECORD
from gwctl.schema import RecordDict

_AT_ONCE = 16
_SLICE = 200


async def answer(engine: Engine, question: Question) -> Reply:
    """The reply to ``question``; what cannot be answered says so."""
    try:
        match question.about:
            case about if about == ADDRESSES:
                return Reply(question.number, await _addresses(engine, question.arguments))
            case about if about == RECORD:
                return Reply(question.number, await _record(engine, question.arguments))
    except (GwctlError, KeyError, TypeError) as error:
        return Reply(question.number, error=f"{question.about}: {error}")
    return Reply(question.number, error=f"a worker does not know the question {question.about!r}")


async def _addresses(engine: Engine, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """``balanced``: whether the upstream is served; ``addresses``: those of each host."""
    with engine.reading() as records:
        balanced = records.get("upstreams", arguments["upstream"]) is not None
    hosts: list[str] = list(dict.fromkeys(arguments["hosts"])) if balanced else []
    few = asyncio.Semaphore(_AT_ONCE)

    async def known(host: str) -> list[str]:
        async with few:
            return list(await engine.addresses(host))

    found = await asyncio.gather(*(known(host) for host in hosts))
    return {"balanced": balanced, "addresses": dict(zip(hosts, found, strict=True))}


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
