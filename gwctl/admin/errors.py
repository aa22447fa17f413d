"""From exceptions to answers; what nobody expected is logged with its traceback and answered without details."""

from __future__ import annotations

import logging

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer, message
from gwctl.admin.database import Overloaded
from gwctl.admin.ports import NodeSilent
from gwctl.schema import EntityError
from gwctl.store.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseUnavailable,
    NeedsBootstrap,
    NewerDatabase,
    NewMigrations,
)

CLIENT_GONE = 499
"""The status that nginx gives a request whose client did not wait; nobody reads it except in the access log."""

_log = logging.getLogger("gwctl.admin")


def render(request: Request, error: Exception) -> Response:
    """The answer to a request that ended with ``error``."""
    match error:
        case Refusal(message=None):
            return Response(None, error.status, error.headers)
        case Refusal(message=str(text)):
            return message(text, error.status, error.headers)
        case ClientDisconnect():
            _log.info("%s %s: the client went away before its body was complete", request.method, request.url.path)
            return Response(None, CLIENT_GONE)
        case EntityError() if error.status < 500:
            return answer(error.body(), error.status)
        case Overloaded():
            _log.error("%s %s: the database does not answer in time", request.method, request.url.path)
            return message("the database does not answer in time", 503, {"Retry-After": "5"})
        case DatabaseBusy():
            _log.error("%s %s: %s", request.method, request.url.path, error)
            return message("the database is busy, nothing was changed", 503, {"Retry-After": "1"})
        case DatabaseUnavailable():
            _log.error("%s %s: %s", request.method, request.url.path, error)
            return message("the database cannot be reached", 503, {"Retry-After": "5"})
        case NodeSilent():
            _log.error("%s %s: %s", request.method, request.url.path, error)
            return message(str(error), 503, {"Retry-After": "1"})
        case NeedsBootstrap() | NewMigrations() | NewerDatabase() | DatabaseCorrupt():
            _log.error("%s %s: %s (%s)", request.method, request.url.path, error, error.hint)
            return message("the database cannot be used, see the error log of this node", 503)
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return message("An unexpected error occurred", 500)
