"""The route table of the Admin API: endpoints with their operations, found by the raw path of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response

from gwctl.admin.answers import not_found
from gwctl.admin.context import AdminContext
from gwctl.admin.database import Database
from gwctl.admin.encoding import Body, Pairs, argument
from gwctl.kit.path_table import PathTable
from gwctl.schema import RecordDict

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Call:
    """One decoded request. ``path`` is the path as it was sent, without a trailing slash.

    ``request`` is for operations that read the body themselves.
    """

    context: AdminContext
    database: Database
    path: str
    params: Mapping[str, str]
    query: Pairs
    body: Body
    request: Request

    def key(self, name: str) -> str:
        """A path parameter as the key of a record. Raises Refusal (404) when it is not UTF-8: no key is."""
        text = self.params[name]
        if any("\udc80" <= letter <= "\udcff" for letter in text):
            raise not_found()
        return text

    def argument(self, name: str) -> str | None:
        return argument(self.query, name)

    def given(self, name: str) -> str | None:
        """An argument of the query, else of the body, as text: endpoints that are no entity's take both."""
        found = self.argument(name)
        if found is None:
            found = argument(self.body.form, name)
        if found is None and (value := self.body.json.get(name)) is not None:
            found = str(value)
        return found


Handler = Callable[[Call], Awaitable[Response]]
Wrapper = Callable[[Call, Handler], Awaitable[Response]]
"""Answers a call, most likely with what the handler answers."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of an endpoint does, and how OpenAPI describes it.

    ``takes`` and ``gives`` name entities; ``page``: it gives a page of them, which the arguments ``filters`` choose;
    ``errors``: the statuses of a well-formed request that fails; ``reads_body``: the handler reads it from
    ``Call.request``, whose ``body`` is empty then.
    """

    handler: Handler
    summary: str
    status: int = 200
    takes: str | None = None
    gives: str | None = None
    page: bool = False
    filters: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    reads_body: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path with its operations by method; HEAD and OPTIONS are implied. ``group`` is the OpenAPI tag."""

    path: str
    group: str
    operations: Mapping[str, Operation] = field(default_factory=dict)

    @property
    def methods(self) -> str:
        """The value of ``Allow``: sorted, joined by comma and blank."""
        implied = {"HEAD", "OPTIONS"} if "GET" in self.operations else {"OPTIONS"}
        return ", ".join(sorted(implied | set(self.operations)))


Routes = PathTable[Endpoint]


def wrapped(endpoint: Endpoint, wrapper: Wrapper) -> Endpoint:
    """The endpoint with ``wrapper`` around each of its operations."""

    def around(handler: Handler) -> Handler:
        async def handle(call: Call) -> Response:
            return await wrapper(call, handler)

        return handle

    operations = {
        method: replace(operation, handler=around(operation.handler))
        for method, operation in endpoint.operations.items()
    }
    return replace(endpoint, operations=operations)


def required(record: RecordDict | None) -> RecordDict:
    """The record, or a plain 404."""
    if record is None:
        raise not_found()
    return record
