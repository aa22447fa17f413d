"""A plan for people and for programs: ``+ create``, ``~ update`` with its fields, ``- delete``, and the sums."""

from __future__ import annotations

import enum
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from gwctl.cli.colour import Paint, When, paint_for
from gwctl.cli.output import harmless

if TYPE_CHECKING:
    from gwctl.client.config_api import Change, Counts, Plan

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}


class PlanFormat(enum.StrEnum):
    """How a plan is shown."""

    TEXT = "text"
    JSON = "json"


class PlanOutput(Protocol):
    """Prints one plan and how it ended: ``end`` when it is known, ``broken`` when something was refused."""

    def plan(self, plan: Plan) -> None: ...

    def end(self, counts: Counts, *, applied: bool) -> None: ...

    def broken(self) -> None: ...


def plan_output(form: PlanFormat, colour: When) -> PlanOutput:
    """For stdout."""
    return PlanJson() if form is PlanFormat.JSON else PlanText(paint_for(sys.stdout, colour, os.environ))


class PlanText:
    """For people. Colour is never the only sign."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint

    def plan(self, plan: Plan) -> None:
        for change in plan.changes:
            for line in self._lines(change):
                print(line)

    def _lines(self, change: Change) -> Iterator[str]:
        from gwctl.client.kinds import singular

        sign, colour = _SIGNS[change.op]
        name = harmless(change.name or change.id)
        yield self._paint(f"{sign} {change.op} {singular(change.entity)} {name}", colour)
        for name, (old, new) in change.fields.items():
            yield f"    {harmless(name)}: {self._paint(_shown(old), 'red')} → {self._paint(_shown(new), 'green')}"

    def end(self, counts: Counts, *, applied: bool) -> None:
        """The block that decK prints, for scripts that look for it."""
        print(f"Summary:\n  Created: {counts.created}\n  Updated: {counts.updated}\n  Deleted: {counts.deleted}")

    def broken(self) -> None:
        """The error says it."""


class PlanJson:
    """For programs: one object, written while the plan comes, complete however the command ends."""

    def __init__(self) -> None:
        self._begun = False

    def plan(self, plan: Plan) -> None:
        self._begun = True
        print(f'{{"version": {json.dumps(plan.planned.version)}, "existing": {plan.planned.existing}, "changes": [')
        before = ""
        for change in plan.changes:
            if before:
                print(f"{before},")
            before = f"  {json.dumps(_as_dict(change))}"
        if before:
            print(before)

    def end(self, counts: Counts, *, applied: bool) -> None:
        summary = {"created": counts.created, "updated": counts.updated, "deleted": counts.deleted}
        print(f'], "summary": {json.dumps(summary)}, "applied": {json.dumps(applied)}}}')

    def broken(self) -> None:
        if self._begun:
            print('], "summary": null, "applied": false}')


def _as_dict(change: Change) -> dict[str, Any]:
    fields = {name: {"old": old, "new": new} for name, (old, new) in change.fields.items()}
    return {"op": change.op, "entity": change.entity, "id": change.id, "name": change.name, "fields": fields}


def _shown(value: Any) -> str:
    if isinstance(value, str) and value == "(sensitive value)":
        return value
    return json.dumps(value, ensure_ascii=False)
