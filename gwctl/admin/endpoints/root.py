"""``GET /``: who this node is, its plugins and its effective settings (admin-api.md 2.6)."""

from __future__ import annotations

import asyncio
import platform
from typing import Any

from starlette.responses import Response

import gwctl
from gwctl.admin.answers import answer
from gwctl.admin.routing import Call, Endpoint, Operation


def root() -> Endpoint:
    return Endpoint("/", "node", {"GET": Operation(_get, "Facts about this node")})


async def _get(call: Call) -> Response:
    enabled = await call.database.read(lambda reads: reads.distinct("plugins", "name"))
    return answer(_body(call, enabled))


def _body(call: Call, enabled: list[str]) -> dict[str, Any]:
    node = call.context.node
    return {
        "tagline": "Welcome to kong",
        "version": gwctl.KONG_VERSION,
        "gwctl_version": gwctl.__version__,
        "edition": "community",
        "hostname": node.hostname,
        "node_id": node.node_id,
        "lua_version": f"{platform.python_implementation()} {platform.python_version()}",
        "timers": {"running": len(asyncio.all_tasks()), "pending": 0},
        "pids": dict(node.pids()),
        "plugins": {"available_on_server": dict(node.plugins), "enabled_in_cluster": enabled},
        "configuration": _configuration(call),
    }


def _configuration(call: Call) -> dict[str, Any]:
    """The effective settings, and what they have become since: plugins that are loaded, the present log level."""
    shown = call.context.settings.configuration()
    shown["loaded_plugins"] = dict.fromkeys(sorted(call.context.catalog.plugins), True) or {}
    shown["log_level"] = call.context.node.control.log_level()
    return shown
