"""``GET /status/dns``: figures of the reference's newer DNS client, which nothing here has (admin-api.md 2.6)."""

from __future__ import annotations

from typing import NoReturn

from gwctl.admin.answers import Refusal
from gwctl.admin.routing import Call, Endpoint, Operation


def dns() -> Endpoint:
    return Endpoint("/status/dns", "node", {"GET": Operation(_get, "Not available: figures of a DNS client", 501)})


async def _get(call: Call) -> NoReturn:
    raise Refusal(501, "not implemented with the legacy DNS client")
