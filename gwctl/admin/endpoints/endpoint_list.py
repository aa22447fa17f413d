"""``GET /endpoints``: every path of the route table (admin-api.md 2.6)."""

from __future__ import annotations

from starlette.responses import Response

from gwctl.admin.answers import answer
from gwctl.admin.routing import Call, Endpoint, Operation, Routes


def endpoint_list(routes: Routes) -> Endpoint:
    async def get(call: Call) -> Response:
        return answer({"data": [path for path, _ in routes]})

    return Endpoint("/endpoints", "meta", {"GET": Operation(get, "List the paths of this API")})
