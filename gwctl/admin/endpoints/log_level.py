"""``/debug``: the log level of this node, and of all nodes on its database, for a while (admin-api.md 2.6)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from starlette.responses import Response

from gwctl.admin.answers import Refusal, message
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.observe.logs import LEVELS

NOTICE = "log-level"
"""What nodes on one database tell each other: ``level`` and for how many ``seconds``."""
DEFAULT_SECONDS = 60.0
_MOST_SECONDS = 10.0 * 365 * 86400


def log_level(role: str) -> Iterator[Endpoint]:
    """The nodes on the database of a control plane are control planes, and the path says so."""
    get = Operation(_get, "The log level of this node")
    put = Operation(_set_here, "Change the log level of this node for a while", errors=(400, 405, 503))
    everywhere = Operation(
        _set_everywhere, "Change the log level of all nodes on this database", errors=(400, 405, 503)
    )
    nodes = "/control-planes-nodes" if role == "control_plane" else ""
    yield Endpoint("/debug/node/log-level", "debug", {"GET": get})
    yield Endpoint("/debug/node/log-level/{level}", "debug", {"PUT": put})
    yield Endpoint(f"/debug/cluster{nodes}/log-level/{{level}}", "debug", {"PUT": everywhere})


async def _get(call: Call) -> Response:
    return message(f"log level: {call.context.node.control.log_level()}", 200)


async def _set_here(call: Call) -> Response:
    level, seconds = _wanted(call)
    control = call.context.node.control
    if control.log_level() == level:
        return message(f"log level is already {level}", 200)
    await control.set_log_level(level, seconds)
    return message("log level changed", 200)


async def _set_everywhere(call: Call) -> Response:
    level, seconds = _wanted(call)
    await call.database.call(lambda store: store.post_notice(NOTICE, {"level": level, "seconds": seconds}))
    await call.context.node.control.set_log_level(level, seconds)
    return message("log level changed", 200)


def _wanted(call: Call) -> tuple[str, float]:
    """Level and seconds. Raises Refusal."""
    if call.context.settings.text("database") == "off":
        raise Refusal(405, "cannot change log level when not using a database")
    level = call.params["level"]
    if level not in LEVELS:
        raise Refusal(400, f"unknown log level: {level}")
    return level, _seconds(call.given("timeout"))


def _seconds(text: str | None) -> float:
    try:
        seconds = DEFAULT_SECONDS if text is None else float(text)
    except ValueError:
        seconds = DEFAULT_SECONDS
    if seconds < 0:
        raise Refusal(400, "timeout must be greater than or equal to 0")
    return float(math.ceil(min(seconds, _MOST_SECONDS))) if seconds == seconds else DEFAULT_SECONDS
