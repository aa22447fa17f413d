"""``GET /robots.txt``: nothing here is for crawlers."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from gwctl.admin.routing import Call, Endpoint, Operation


def robots() -> Endpoint:
    return Endpoint("/robots.txt", "node", {"GET": Operation(_get, "Rules for crawlers")})


async def _get(call: Call) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /")
