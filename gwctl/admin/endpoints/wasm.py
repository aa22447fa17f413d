"""Filter chains of WebAssembly: no filter runs here, so every address of theirs says so (admin-api.md 1.9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from gwctl.admin.answers import Refusal
from gwctl.admin.routing import Call, Endpoint, Operation

_COLLECTION, _ITEM = ("GET", "POST"), ("GET", "PUT", "PATCH", "DELETE")
_NAME = "filter_chains"
_CHAINS, _CHAIN = "filter-chains", f"filter-chains/{{{_NAME}}}"


def filter_chains() -> Iterator[Endpoint]:
    yield _refusing(f"/{_CHAINS}", _COLLECTION)
    yield _refusing(f"/{_CHAIN}", _ITEM)
    for parent in ("services", "routes"):
        yield _refusing(f"/{_CHAIN}/{parent[:-1]}", _ITEM)
        yield _refusing(f"/{parent}/{{{parent}}}/{_CHAINS}", _COLLECTION)
        yield _refusing(f"/{parent}/{{{parent}}}/{_CHAIN}", _ITEM)
    for which in ("all", "enabled", "disabled"):
        yield _refusing(f"/routes/{{routes}}/filters/{which}", ("GET",))


def _refusing(path: str, methods: tuple[str, ...]) -> Endpoint:
    operation = Operation(_refuse, "Not available: no WebAssembly filters run here", 400)
    return Endpoint(path, _NAME, dict.fromkeys(methods, operation))


async def _refuse(call: Call) -> NoReturn:
    raise Refusal(400, "this endpoint is only available when wasm is enabled")
