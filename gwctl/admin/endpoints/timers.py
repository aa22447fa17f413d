"""``GET /timers``: the tasks of this process in the shape of the reference's timers (admin-api.md 2.6)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from gwctl.admin.answers import answer
from gwctl.admin.routing import Call, Endpoint, Operation

Task = asyncio.Task[Any]


def timers() -> Endpoint:
    return Endpoint("/timers", "node", {"GET": Operation(_get, "The tasks of the process that answers")})


async def _get(call: Call) -> Response:
    return answer(timers_body(asyncio.all_tasks(), asyncio.current_task()))


def timers_body(tasks: Iterable[Task], current: Task | None) -> dict[str, Any]:
    """Every task is one of running (the one that answers), pending (may go on) and waiting.

    Tasks that end within a request are gone before anybody could count them, so ``runs`` is how many live ones began.
    """
    every = list(tasks)
    running = [task for task in every if task is current]
    waiting = [task for task in every if task is not current and _awaits(task)]
    pending = [task for task in every if task is not current and not _awaits(task)]
    now = asyncio.get_running_loop().time()
    return {
        "worker": {"id": 0, "count": 1},
        "stats": {
            "sys": {
                "total": len(every),
                "runs": len(every),
                "running": len(running),
                "pending": len(pending),
                "waiting": len(waiting),
            },
            "timers": {task.get_name(): _described(task, task is current) for task in every},
            "flamegraph": {
                "running": _folded(running),
                "pending": _folded([*pending, *waiting]),
                "elapsed_time": f"event loop;since its clock began {round(now)}\n",
            },
        },
    }


def _awaits(task: Task) -> bool:
    return getattr(task, "_fut_waiter", None) is not None


def _described(task: Task, running: bool) -> dict[str, Any]:
    return {
        "name": task.get_name(),
        "is_running": running,
        "meta": {"name": task.get_name(), "callstack": _stack(task)},
    }


def _stack(task: Task) -> str:
    """The functions of a task, outermost first."""
    names = [frame.f_code.co_qualname for frame in task.get_stack(limit=16)]
    return ";".join(names) or task.get_name()


def _folded(tasks: list[Task]) -> str:
    """Stacks and how often each occurs, the input of flame graph tools."""
    counted = Counter(_stack(task) for task in tasks)
    return "".join(f"{stack} {count}\n" for stack, count in sorted(counted.items()))
