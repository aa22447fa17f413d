"""``GET /consumers?custom_id=``: the one filter that lists have beside tags (admin-api.md 2.7)."""

from __future__ import annotations

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.generated import Collection
from gwctl.admin.routing import Call

_FIELD = "custom_id"


class Consumers(Collection):
    filters = (_FIELD,)

    async def list(self, call: Call) -> Response:
        given = [value for name, value in call.query if name == _FIELD]
        if not given:
            return await super().list(call)
        if len(given) > 1 or not given[0]:
            raise Refusal(400, "custom_id must be an unempty string")
        found = await call.database.read(lambda reads: reads.find("consumers", _FIELD, given[0]))
        return answer({"data": [] if found is None else [found], "next": None})
