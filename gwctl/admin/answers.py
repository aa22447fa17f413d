"""Answers of the Admin API: JSON bodies, empty bodies, and the exceptions that end a request early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

JSON = "application/json; charset=utf-8"


class Refusal(Exception):
    """Ends a request with ``status`` and ``{"message": message}``; no body at all when the message is None."""

    def __init__(self, status: int, message: str | None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type=JSON)


def message(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return answer({"message": text}, status, headers)


def nothing(headers: Mapping[str, str] | None = None) -> Response:
    """204: neither body nor Content-Length."""
    return Response(None, 204, headers)


def not_found() -> Refusal:
    return Refusal(404, "Not found")
