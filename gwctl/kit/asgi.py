"""What the HTTP applications of a node do to every answer, as plain ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class AnswerHeaders:
    """Adds to every answer what ``headers(scope, seconds)`` returns; ``seconds`` is the time since the request.

    ``monotonic`` is the clock. Runs outside of the application's error handling, so error answers carry them too.
    """

    def __init__(
        self, app: Application, headers: Callable[[Scope, float], Headers], monotonic: Callable[[], float]
    ) -> None:
        self._app = app
        self._headers = headers
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._monotonic()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    *self._headers(scope, self._monotonic() - began),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def header(scope: Scope, name: bytes) -> str | None:
    """The first value of a request header (``name`` in lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None
