"""A scripted control plane: plans, applies and dumps as it was told, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from gwctl.kit.asgi import Receive, Scope, Send

Event = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedConfig:
    """``changes`` are what it plans; ``versions`` what the configuration has at each request for a plan.

    ``refusal``: (status, body) instead of any answer. ``moves``: so many applies find another version.
    ``breaks_after``: an apply sends so many events and then the connection ends. ``records``: what a dump holds.
    """

    changes: Sequence[Event] = ()
    existing: int = 100
    refusal: tuple[int, Any] | None = None
    moves: int = 0
    breaks_after: int | None = None
    failed: Any = None
    records: Sequence[Event] = ()
    asked: list[Asked] = field(default_factory=list)
    applied: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode()))
        self.asked.append(Asked(scope["method"], scope["path"], query, headers, body))
        status, events = self._answer(self.asked[-1])
        await send({"type": "http.response.start", "status": status, "headers": []})
        for number, event in enumerate(events):
            if self.breaks_after == number and "dry_run" not in query:
                raise ConnectionAbortedError("as scripted")
            line = json.dumps(event).encode() + b"\n"
            await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, asked: Asked) -> tuple[int, list[Any]]:
        if self.refusal is not None:
            return self.refusal[0], [self.refusal[1]]
        if asked.path == "/config/dump":
            return 200, [{"version": "l:1"}, *self.records, {"event": "end"}]
        version = f"l:{7 + sum('changes' not in each.query or 'dry_run' in each.query for each in self.asked)}"
        planned = {"event": "planned", **self.counts(), "total_existing": self.existing, "version": version}
        told = [] if asked.query.get("changes") == "0" else list(self.changes)
        done = {"event": "done", **self.counts(), "version": version}
        if "dry_run" in asked.query:
            return 200, [planned, *told, done]
        if int(asked.query.get("most_deletes", self.existing)) < self.counts()["deleted"]:
            error = {"name": "too_many_deletions", "message": "too many"}
            return 200, [planned, *told, {"event": "failed", "status": 409, "error": error}]
        if self.moves:
            self.moves -= 1
            return 412, [{"message": "the configuration is another one"}]
        if self.failed is not None:
            return 200, [planned, *told, {"event": "failed", "status": 409, "error": self.failed}]
        self.applied += bool(self.changes)
        return 200, [planned, *told, {"event": "progress", "done": 1, "total": len(self.changes)}, done]

    def counts(self) -> dict[str, int]:
        ops = [change["op"] for change in self.changes]
        return {f"{op}d": ops.count(op) for op in ("create", "update", "delete")}


def change(op: str, entity: str, name: str | None, **fields: tuple[Any, Any]) -> Event:
    """One line of a plan."""
    return {
        "event": "change",
        "op": op,
        "entity": entity,
        "id": f"id-{name}",
        "name": name,
        "fields": {key: list(value) for key, value in fields.items()},
    }
