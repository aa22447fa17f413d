"""``/plugins/enabled`` and ``/plugins/schema/{name}``: what may be configured on this node (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.endpoints.schemas import describe_variant
from gwctl.admin.routing import Call, Endpoint, Operation


def plugins() -> Iterator[Endpoint]:
    yield Endpoint("/plugins/enabled", "plugins", {"GET": Operation(_enabled, "Names of the plugins of this node")})
    config = Operation(_config, "The schema of a plugin's config (deprecated)", errors=(404,))
    yield Endpoint("/plugins/schema/{name}", "plugins", {"GET": config})


async def _enabled(call: Call) -> Response:
    return answer({"enabled_plugins": sorted(call.context.catalog.plugins)})


async def _config(call: Call) -> Response:
    name = call.params["name"]
    described = describe_variant(call.context.catalog["plugins"], name, ("config",))
    if described is None:
        raise Refusal(404, f"No plugin named '{name}'")
    config = described["fields"][0]["config"]
    return answer({key: value for key, value in config.items() if key not in ("type", "required", "default")})
