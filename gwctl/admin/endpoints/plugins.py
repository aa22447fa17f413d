"""``/plugins/enabled`` and ``/plugins/schema/{name}``: what may be configured on this node (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from gwctl.admin.answers import answer
from gwctl.admin.endpoints.schemas import plugin_description
from gwctl.admin.routing import Call, Endpoint, Operation


def plugins() -> Iterator[Endpoint]:
    yield Endpoint("/plugins/enabled", "plugins", {"GET": Operation(_enabled, "Names of the plugins of this node")})
    config = Operation(_config, "The schema of a plugin's config (deprecated)", errors=(404,))
    yield Endpoint("/plugins/schema/{name}", "plugins", {"GET": config})


async def _enabled(call: Call) -> Response:
    return answer({"enabled_plugins": sorted(call.context.catalog.plugins)})


async def _config(call: Call) -> Response:
    (config,) = (field["config"] for field in plugin_description(call)["fields"] if "config" in field)
    return answer({key: value for key, value in config.items() if key not in ("type", "required", "default")})
